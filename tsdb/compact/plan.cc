#include "tsdb/compact/plan.h"

#include <algorithm>
#include <map>

#include "tsdb/compact/seal.h"

namespace meerkat::tsdb {

namespace {

constexpr std::size_t kTier = 10;  // parts of one level that become one while a stretch goes on
constexpr std::int64_t kGrow = 6;

Timestamp EndOf(Timestamp start, Millis width) {
  return start > kMaxTime - width ? kMaxTime : start + width - Millis(1);
}

}  // namespace

std::vector<std::size_t> PlanMerge(std::span<const PartInfo> parts, const PlanInput& input) {
  // Saturated: before the beginning of time nothing is settled.
  const Timestamp settled =
      input.newest < kMinTime + input.settle ? kMinTime : input.newest - input.settle;
  for (Millis width = input.partition; width <= std::max(input.partition, input.longest);
       width *= kGrow) {
    std::map<Timestamp, std::vector<std::size_t>> stretches;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const Timestamp start = AlignDown(parts[i].range.min, width);
      if (parts[i].range.max <= EndOf(start, width)) stretches[start].push_back(i);
    }
    for (const auto& [start, in] : stretches) {
      if (EndOf(start, width) < settled) {
        if (in.size() > 1) return in;
        continue;
      }
      if (width != input.partition) continue;
      std::map<std::uint32_t, std::vector<std::size_t>> levels;
      for (const std::size_t i : in) levels[parts[i].level].push_back(i);
      for (const auto& [level, same] : levels) {
        if (same.size() >= kTier) return same;
      }
    }
  }
  return {};
}

}  // namespace meerkat::tsdb
