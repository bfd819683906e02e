#include "tsdb/compact/plan.h"

#include <gtest/gtest.h>

namespace meerkat::tsdb {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

Timestamp Hour(double h) {
  return FromMillis(static_cast<std::int64_t>(h * 3'600'000));
}

PartInfo Part(double from, double to, std::uint32_t level = 0) {
  PartInfo info;
  info.range = {Hour(from), Hour(to) - Millis(1)};
  info.level = level;
  return info;
}

PlanInput At(double newest) {
  return {.partition = hours(2), .newest = Hour(newest), .settle = hours(1), .longest = hours(36)};
}

using Chosen = std::vector<std::size_t>;

struct Row {
  const char* what;
  std::vector<PartInfo> parts;
  double newest;
  Chosen chosen;
};

TEST(PlanMerge, Chooses) {
  const Row rows[] = {
      {"nothing of nothing", {}, 10, {}},
      {"the parts of a stretch that is over", {Part(0, 1), Part(1, 2)}, 3.1, {0, 1}},
      {"nothing while samples may still come", {Part(0, 1), Part(1, 2)}, 2.9, {}},
      {"nothing when one is left", {Part(0, 2)}, 3.1, {}},
      {"small stretches first", {Part(0, 2), Part(2, 3), Part(3, 4)}, 100, {1, 2}},
      {"then longer ones", {Part(0, 2), Part(2, 4), Part(12, 14)}, 100, {0, 1}},
      {"across what is empty", {Part(0, 2), Part(10, 12)}, 14, {0, 1}},
      {"not across aligned ends", {Part(10, 12), Part(12, 14)}, 15, {}},
      {"nothing longer than allowed", {Part(0, 12), Part(60, 72), Part(72, 84)}, 1000, {}},
      {"parts that straddle a stretch wait for a longer one", {Part(1, 3), Part(3, 4)}, 14, {0, 1}},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(PlanMerge(row.parts, At(row.newest)), row.chosen) << row.what;
  }
}

TEST(PlanMerge, JoinsManyPartsOfOneLevelWhileTheirStretchGoesOn) {
  std::vector<PartInfo> parts;
  for (int i = 0; i < 9; ++i) parts.push_back(Part(0.1 * i, 0.1 * (i + 1)));
  EXPECT_EQ(PlanMerge(parts, At(1)), Chosen());
  parts.push_back(Part(0.9, 1));
  EXPECT_EQ(PlanMerge(parts, At(1)).size(), 10u);
  parts.back().level = 1;
  EXPECT_EQ(PlanMerge(parts, At(1)), Chosen()) << "each sample is rewritten once a level";
}

PartInfo Of(std::uint64_t generation, double from, double to) {
  PartInfo info = Part(from, to);
  info.first_generation = info.last_generation = generation;
  return info;
}

TEST(PlanMerge, KeepsTheOrderOfWhatOverlaps) {
  const Row rows[] = {
      {"what straddles, and came between",
       {Of(1, 0, 1), Of(3, 1, 2), Of(2, 1.5, 3)},
       14,
       {0, 1, 2}},
      {"but not what came before", {Of(2, 0, 1), Of(3, 1, 2), Of(1, 1.5, 3)}, 14, {0, 1}},
      {"nor behind", {Of(1, 0, 1), Of(2, 1, 2), Of(3, 1.5, 3)}, 14, {0, 1}},
      {"nor at other times", {Of(1, 0, 1), Of(3, 1, 2), Of(2, 2, 3)}, 14, {0, 1}},
      {"and what came between those",
       {Of(1, 0, 1), Of(5, 1, 2), Of(2, 1.5, 3), Of(4, 2.5, 5), Of(6, 2.5, 3)},
       14,
       {0, 1, 2, 3}},
      {"nothing at all when it would be too long",
       {Of(1, 0, 1), Of(3, 1, 2), Of(2, 1.5, 40)},
       100,
       {}},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(PlanMerge(row.parts, At(row.newest)), row.chosen) << row.what;
  }
}

TEST(PlanMerge, LivesAtTheEndsOfTime) {
  PartInfo first = Part(0, 1);
  first.range = {kMinTime, kMinTime + Millis(5)};
  PartInfo last = Part(0, 1);
  last.range = {kMaxTime - Millis(5), kMaxTime};
  const PartInfo parts[] = {first, last};
  EXPECT_EQ(PlanMerge(parts, {hours(2), kMinTime, hours(1), hours(36)}), Chosen());
  EXPECT_EQ(PlanMerge(parts, {hours(2), kMaxTime, hours(1), hours(36)}), Chosen());
}

}  // namespace
}  // namespace meerkat::tsdb
