#include <algorithm>

#include "tsdb/rocks/store.h"

namespace meerkat::tsdb {

namespace {

// Keys as numbers, to look between them: the eight bytes behind a common prefix.
std::uint64_t NumberBehind(std::size_t prefix, std::string key) {
  key.resize(prefix + 8, '\0');
  return ReadBigEndian(std::string_view(key).substr(prefix));
}

}  // namespace

// Behind damage it is not known which keys there are: first a key beyond it is looked for, further
// and further away, then the nearest one that can be read.
Result<> Store::ScanAround(Family family, std::string_view begin, std::string_view end,
                           const Visit& visit, const Damaged& damaged) const {
  // Whether the range can be read at this key, or there is nothing more there.
  const auto can_start = [&](const std::string& key) {
    return Scan(family, key, end, [](std::string_view, std::string_view) { return false; }).ok();
  };
  std::string from(begin);
  for (;;) {
    bool stopped = false;
    Result<> scanned = Scan(family, from, end, [&](std::string_view key, std::string_view value) {
      from.assign(key);
      from.push_back('\0');  // the next key there can be
      stopped = !visit(key, value);
      return !stopped;
    });
    if (scanned || stopped) return {};
    if (scanned.error().code() != Code::kCorruption) return scanned;
    damaged(scanned.error());

    std::string bad = from;
    bad.resize(std::max<std::size_t>(bad.size(), 8), '\0');
    std::string good;
    for (std::size_t at = bad.size(); at > 0 && good.empty(); --at) {
      const int byte = static_cast<unsigned char>(bad[at - 1]);
      for (int step = 1; byte + step < 256 && good.empty(); step *= 2) {
        std::string next = bad.substr(0, at);
        next.back() = static_cast<char>(byte + step);
        if (!end.empty() && next >= end) break;
        if (can_start(next)) {
          good = next;
        } else {
          from = next;
        }
      }
    }
    if (good.empty()) {
      if (end.empty()) return {};
      good = end;
    }
    const std::size_t prefix = static_cast<std::size_t>(
        std::mismatch(from.begin(), from.end(), good.begin(), good.end()).first - from.begin());
    std::uint64_t low = NumberBehind(prefix, from);
    std::uint64_t high = NumberBehind(prefix, good);
    while (low < high && high - low > 1) {
      const std::uint64_t middle = low + (high - low) / 2;
      const std::string key = good.substr(0, prefix) + BigEndianKey(middle);
      if (can_start(key)) {
        high = middle;
        good = key;
      } else {
        low = middle;
      }
    }
    from = good;
    if (!end.empty() && from >= end) return {};
  }
}

}  // namespace meerkat::tsdb
