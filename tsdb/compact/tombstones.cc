#include "tsdb/compact/tombstones.h"

#include <algorithm>

#include "tsdb/head/token.h"

namespace meerkat::tsdb {

void Tombstones::Subtract(const Tombstones& done) {
  for (const auto& [series, stones] : done.by_series_) {
    const auto it = by_series_.find(series);
    if (it == by_series_.end()) continue;
    std::erase_if(it->second, [&](const Stone& stone) {
      return std::find(stones.begin(), stones.end(), stone) != stones.end();
    });
    if (it->second.empty()) by_series_.erase(it);
  }
}

std::uint64_t Tombstones::newest_generation() const {
  std::uint64_t newest = 0;
  for (const auto& [series, stones] : by_series_) {
    for (const Stone& stone : stones) newest = std::max(newest, stone.generation);
  }
  return newest;
}

std::string Tombstones::Encode() const {
  std::string out;
  AppendVarint(out, by_series_.size());
  for (const auto& [series, stones] : by_series_) {
    AppendVarint(out, series);
    AppendVarint(out, stones.size());
    for (const Stone& stone : stones) {
      AppendVarint(out, ZigZag(ToMillis(stone.range.min)));
      AppendVarint(out, ZigZag(ToMillis(stone.range.max)));
      AppendVarint(out, stone.generation);
    }
  }
  return out;
}

Result<Tombstones> Tombstones::Decode(std::string_view bytes) {
  const char* in = bytes.data();
  const char* const end = in + bytes.size();
  const auto next = [&]() -> std::uint64_t {
    std::uint64_t value = 0;
    if (in != nullptr) in = GetVarint(in, end, value);
    return value;
  };
  Tombstones stones;
  const std::uint64_t series_count = next();
  for (std::uint64_t i = 0; i < series_count && in != nullptr; ++i) {
    const auto series = static_cast<SeriesId>(next());
    const std::uint64_t count = next();
    for (std::uint64_t j = 0; j < count && in != nullptr; ++j) {
      const Timestamp min = FromMillis(UnZigZag(next()));
      const Timestamp max = FromMillis(UnZigZag(next()));
      stones.Add(series, {{min, max}, next()});
    }
  }
  if (in == nullptr) return Error(Code::kCorruption, "tombstones: end early");
  return stones;
}

}  // namespace meerkat::tsdb
