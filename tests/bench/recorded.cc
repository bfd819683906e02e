#include "tests/bench/recorded.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <unordered_map>

#include "base/number.h"

namespace meerkat::bench {
namespace {

std::string Unpack(const std::filesystem::path& file) {
  std::string text;
  if (!std::filesystem::exists(file)) return text;
  FILE* pipe = popen(("xz -dc '" + file.string() + "'").c_str(), "r");
  if (pipe == nullptr) return text;
  std::vector<char> buffer(1 << 20);
  while (const std::size_t n = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
    text.append(buffer.data(), n);
  }
  pclose(pipe);
  return text;
}

}  // namespace

Recorded LoadRecorded(const std::string& name, std::size_t step) {
  Recorded recorded;
  const auto folder = std::filesystem::path(MEERKAT_SOURCE_DIR) / "../shared/corpus/recorded";
  const char* elsewhere = std::getenv("MEERKAT_RECORDED");
  const std::filesystem::path from = elsewhere == nullptr ? folder : elsewhere;
  const std::string text = Unpack(from / (name + ".5s.xz"));
  std::string_view rest = text;
  std::unordered_map<std::string_view, std::size_t> known;
  for (std::size_t scrape = 0; rest.starts_with("#@ "); ++scrape) {
    const std::size_t line = rest.find('\n');
    char* after;
    const std::int64_t millis = std::strtoll(rest.data() + 3, &after, 10);
    const auto bytes = static_cast<std::size_t>(std::strtoll(after, nullptr, 10));
    std::string_view body = rest.substr(line + 1, bytes);
    rest.remove_prefix(line + 1 + bytes);
    if (rest.starts_with('\n')) rest.remove_prefix(1);
    if (scrape % step != 0) continue;
    const auto row = static_cast<std::uint32_t>(recorded.times.size());
    recorded.times.push_back(FromMillis(millis));
    while (!body.empty()) {
      const std::size_t end = body.find('\n');
      const std::string_view sample = body.substr(0, end);
      body.remove_prefix(end == std::string_view::npos ? body.size() : end + 1);
      const std::size_t space = sample.rfind(' ');
      if (sample.empty() || sample[0] == '#' || space == std::string_view::npos) continue;
      const auto [at, fresh] = known.try_emplace(sample.substr(0, space), recorded.series.size());
      if (fresh) recorded.series.push_back({std::string(at->first), {}, {}});
      RecordedSeries& series = recorded.series[at->second];
      series.rows.push_back(row);
      series.values.push_back(ParseFloat(sample.substr(space + 1)).value_or(0));
      ++recorded.samples;
    }
  }
  return recorded;
}

}  // namespace meerkat::bench
