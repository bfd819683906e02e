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

// Of samples at one time the one that came first stays, and generations tell which that was: among
// parts that overlap in time, those of one part must not lie between those of another. So what lies
// between the chosen ones comes along; empty: that would become longer than allowed.
std::vector<std::size_t> WithBetween(std::span<const PartInfo> parts,
                                     std::vector<std::size_t> chosen, Millis longest) {
  PartInfo whole = parts[chosen[0]];
  const auto include = [&](const PartInfo& part) {
    whole.range = {std::min(whole.range.min, part.range.min),
                   std::max(whole.range.max, part.range.max)};
    whole.first_generation = std::min(whole.first_generation, part.first_generation);
    whole.last_generation = std::max(whole.last_generation, part.last_generation);
  };
  for (const std::size_t i : chosen) include(parts[i]);
  for (bool grew = true; grew;) {
    grew = false;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (!parts[i].range.Overlaps(whole.range) ||
          parts[i].last_generation < whole.first_generation ||
          parts[i].first_generation > whole.last_generation ||
          std::find(chosen.begin(), chosen.end(), i) != chosen.end()) {
        continue;
      }
      chosen.push_back(i);
      include(parts[i]);
      grew = true;
    }
  }
  if (EndOf(whole.range.min, longest) < whole.range.max) return {};
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

}  // namespace

std::vector<std::size_t> PlanMerge(std::span<const PartInfo> parts, const PlanInput& input) {
  // Saturated: before the beginning of time nothing is settled.
  const Timestamp settled =
      input.newest < kMinTime + input.settle ? kMinTime : input.newest - input.settle;
  const Millis longest = std::max(input.partition, input.longest);
  const auto plan = [&](std::vector<std::size_t> chosen) {
    return WithBetween(parts, std::move(chosen), longest);
  };
  for (Millis width = input.partition; width <= longest; width *= kGrow) {
    std::map<Timestamp, std::vector<std::size_t>> stretches;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const Timestamp start = AlignDown(parts[i].range.min, width);
      if (parts[i].range.max <= EndOf(start, width)) stretches[start].push_back(i);
    }
    for (const auto& [start, in] : stretches) {
      if (EndOf(start, width) < settled) {
        if (in.size() < 2) continue;
        if (auto chosen = plan(in); !chosen.empty()) return chosen;
        continue;
      }
      if (width != input.partition) continue;
      std::map<std::uint32_t, std::vector<std::size_t>> levels;
      for (const std::size_t i : in) levels[parts[i].level].push_back(i);
      for (const auto& [level, same] : levels) {
        if (same.size() < kTier) continue;
        if (auto chosen = plan(same); !chosen.empty()) return chosen;
      }
    }
  }
  return {};
}

}  // namespace meerkat::tsdb
