#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "promql/ast.h"

namespace meerkat::promql {

// What a query should tell its author although it succeeds. `detail` is the part of the text that
// varies (a metric name, a number, an operator).
enum class Note : std::uint8_t {
  // Warnings.
  kInvalidQuantile,
  kInvalidRatio,
  kBadBucketLabel,
  kMixedFloatsHistograms,
  kMixedFloatsHistogramsAggregation,
  kMixedClassicNative,
  kMixedExponentialCustom,
  kNotCounterHistogram,
  kNotGaugeHistogram,
  kIncompatibleBuckets,
  kResetCollision,
  kSortInRangeQuery,
  kStartTimeOverlap,
  // Infos.
  kPossibleNonCounter,
  kPossibleNonCounterType,
  kForcedMonotonicity,
  kIncompatibleTypes,
  kIgnoredHistogramAggregation,
  kIgnoredHistogramRange,
  kQuantileNan,
  kQuantileSkewed,
  kFractionNan,
  kReconciledBuckets,
};

// How far a classic histogram's buckets had to be bent, for kForcedMonotonicity.
struct MonotonicityFix {
  std::int64_t time = 0;
  double low_bucket = 0;
  double high_bucket = 0;
  double max_difference = 0;
};

// Collects notes; equal ones count once. One thread.
class Annotations {
 public:
  void Add(Note note, PositionRange where, std::string_view detail = {});
  // Repeated ones are told as one, with their number and extremes.
  void AddOverlap(PositionRange where, std::string_view metric);
  void AddMonotonicity(PositionRange where, std::string_view metric, const MonotonicityFix& fix);
  // Samples that storage cannot read are missing from the result; `reason` names the place.
  void AddUnreadable(std::string_view reason);

  bool empty() const { return entries_.empty() && unreadable_.empty(); }
  // Adds what came up in `later`, as if it had come up here.
  void Append(const Annotations& later);

  // Whole sentences, with prefix and (line:column) of `query`, in the order they came up. What is
  // to be said of several places in the same words is said of the last.
  std::vector<std::string> Warnings(std::string_view query) const;
  std::vector<std::string> Infos(std::string_view query) const;

 private:
  struct Entry {
    Note note{};
    PositionRange where;
    std::string detail;
    std::uint64_t count = 0;
    std::int64_t first_time = 0, last_time = 0;
    double low_bucket = 0, high_bucket = 0, max_difference = 0;
  };
  using Key = std::tuple<Note, std::uint32_t, std::uint32_t, std::string>;

  Entry& Find(Note note, PositionRange where, std::string_view detail);
  std::vector<std::string> Render(std::string_view query, bool warnings) const;

  std::vector<Entry> entries_;
  std::map<Key, std::size_t> index_;
  std::vector<std::string> unreadable_;
  std::size_t last_ = 0;  // steps repeat the same note: look there first
};

}  // namespace meerkat::promql
