#include <algorithm>
#include <cmath>
#include <limits>

#include "promql/funcs/quantile.h"
#include "promql/histogram_buckets.h"

namespace meerkat::promql {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// Differences below this come from rounding, not from observations.
constexpr double kTolerance = 1e-12;

bool AlmostEqual(double a, double b) {
  if (a == b) return true;
  const double sum = std::fabs(a) + std::fabs(b), difference = std::fabs(a - b);
  constexpr double kSmallest = std::numeric_limits<double>::min();
  if (a == 0 || b == 0 || sum < kSmallest) return difference < kTolerance * kSmallest;
  return difference / std::min(sum, std::numeric_limits<double>::max()) < kTolerance;
}

// Ascending bounds, equal ones made one. False when there is no +Inf bucket.
bool Arrange(std::vector<ClassicBucket>& buckets) {
  std::stable_sort(
      buckets.begin(), buckets.end(),
      [](const ClassicBucket& a, const ClassicBucket& b) { return a.upper < b.upper; });
  if (buckets.empty() || buckets.back().upper != kInf) return false;
  std::size_t kept = 0;
  for (std::size_t i = 1; i < buckets.size(); ++i) {
    if (buckets[i].upper == buckets[kept].upper) {
      buckets[kept].count += buckets[i].count;
    } else {
      buckets[++kept] = buckets[i];
    }
  }
  buckets.resize(kept + 1);
  return true;
}

bool MakeMonotonic(std::vector<ClassicBucket>& buckets, MonotonicityFix& fix) {
  bool fixed = false;
  double before = buckets[0].count;
  for (std::size_t i = 1; i < buckets.size(); ++i) {
    const double count = buckets[i].count;
    if (count == before) continue;
    if (AlmostEqual(before, count)) {
      buckets[i].count = before;
    } else if (count < before) {
      const double difference = before - count;
      if (!fixed) {
        fix.low_bucket = fix.high_bucket = buckets[i].upper;
        fix.max_difference = difference;
      }
      fix.low_bucket = std::min(fix.low_bucket, buckets[i].upper);
      fix.high_bucket = std::max(fix.high_bucket, buckets[i].upper);
      fix.max_difference = std::max(fix.max_difference, difference);
      fixed = true;
      buckets[i].count = before;
    } else {
      before = count;
    }
  }
  return fixed;
}

// The zero bucket of a histogram with observations of one sign only reaches from or to 0.
void ClipZeroBucket(HistogramBucket& bucket, const Histogram& h) {
  if (h.negative_buckets.empty() && !h.positive_buckets.empty()) {
    bucket.lower = 0;
  } else if (h.positive_buckets.empty() && !h.negative_buckets.empty()) {
    bucket.upper = 0;
  }
}

// How many of all observations lie below `value`, given the buckets in ascending order. `linear`
// tells which buckets are interpolated linearly.
class RankFinder {
 public:
  explicit RankFinder(double value) : value_(value) {}

  // `below`: observations in the buckets before.
  void Visit(const HistogramBucket& bucket, double below, bool linear) {
    if (found_) return;
    if (bucket.lower >= value_) {
      rank_ = below;
      found_ = true;
    } else if (bucket.upper > value_) {
      rank_ = below + bucket.count * Fraction(bucket, linear);
      found_ = true;
    }
  }
  bool found() const { return found_; }
  double Rank(double all) const { return !found_ || rank_ > all ? all : rank_; }

 private:
  double Fraction(const HistogramBucket& bucket, bool linear) const {
    // Nothing is known about where in an infinitely wide bucket its observations are.
    if (bucket.upper == kInf) return 0;
    if (bucket.lower == -kInf) return 1;
    if (linear) return (value_ - bucket.lower) / (bucket.upper - bucket.lower);
    const double lower = std::log2(std::fabs(bucket.lower));
    const double upper = std::log2(std::fabs(bucket.upper));
    const double value = std::log2(std::fabs(value_));
    if (value_ > 0) return (value - lower) / (upper - lower);
    return 1 - (value - upper) / (lower - upper);
  }

  double value_;
  bool found_ = false;
  double rank_ = 0;
};

}  // namespace

double ClassicQuantile(double rank, std::vector<ClassicBucket>& buckets, bool& fixed,
                       MonotonicityFix& fix) {
  if (std::isnan(rank)) return kNan;
  if (rank < 0) return -kInf;
  if (rank > 1) return kInf;
  if (!Arrange(buckets)) return kNan;
  fixed = MakeMonotonic(buckets, fix);
  if (buckets.size() < 2) return kNan;
  const double observations = buckets.back().count;
  if (observations == 0) return kNan;
  double place = rank * observations;
  const auto found =
      std::partition_point(buckets.begin(), buckets.end() - 1,
                           [&](const ClassicBucket& bucket) { return !(bucket.count >= place); });
  const auto at = static_cast<std::size_t>(found - buckets.begin());
  if (at == buckets.size() - 1) return buckets[buckets.size() - 2].upper;
  if (at == 0 && buckets[0].upper <= 0) return buckets[0].upper;
  double start = 0, count = buckets[at].count;
  if (at > 0) {
    start = buckets[at - 1].upper;
    count -= buckets[at - 1].count;
    place -= buckets[at - 1].count;
  }
  return start + (buckets[at].upper - start) * (place / count);
}

double ClassicFraction(double lower, double upper, std::vector<ClassicBucket>& buckets) {
  if (!Arrange(buckets)) return kNan;
  MonotonicityFix fix;
  MakeMonotonic(buckets, fix);
  const double count = buckets.back().count;
  if (count == 0 || std::isnan(lower) || std::isnan(upper)) return kNan;
  if (lower >= upper) return 0;
  RankFinder low(lower), high(upper);
  double below = 0;
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    HistogramBucket bucket;
    bucket.lower = i > 0 ? buckets[i - 1].upper : (buckets[0].upper > 0 ? 0 : -kInf);
    bucket.upper = buckets[i].upper;
    bucket.count = buckets[i].count - below;
    low.Visit(bucket, below, true);
    high.Visit(bucket, below, true);
    below = buckets[i].count;
  }
  return (high.Rank(count) - low.Rank(count)) / count;
}

double NativeQuantile(double rank, const Histogram& h, bool& nan_result, bool& skewed) {
  if (rank < 0) return -kInf;
  if (rank > 1) return kInf;
  if (h.count == 0 || std::isnan(rank)) return kNan;
  std::vector<HistogramBucket> buckets = BucketsOf(h);
  // From the end that is nearer; observations of NaN are at the upper one.
  const bool forward = std::isnan(h.sum) || rank < 0.5;
  if (!forward) std::reverse(buckets.begin(), buckets.end());
  double place = (forward ? rank : 1 - rank) * h.count;
  double count = 0;
  HistogramBucket bucket;
  for (const HistogramBucket& next : buckets) {
    if (next.count == 0) continue;
    bucket = next;
    count += bucket.count;
    if (count >= place) break;
  }
  if (!h.uses_custom_buckets() && bucket.lower < 0 && bucket.upper > 0) {
    ClipZeroBucket(bucket, h);
  } else if (h.uses_custom_buckets()) {
    if (bucket.lower == -kInf) {
      if (bucket.upper <= 0) return bucket.upper;
      bucket.lower = 0;
    } else if (bucket.upper == kInf) {
      return bucket.lower;
    }
  }
  if (count > h.count) count = h.count;
  if (count < place) {
    nan_result = std::isnan(h.sum);
    return nan_result ? kNan : bucket.upper;
  }
  skewed = std::isnan(h.sum);
  if (forward) {
    place -= count - bucket.count;
  } else {
    place = count - place;
  }
  const double fraction = place / bucket.count;
  if (h.uses_custom_buckets() || (bucket.lower <= 0 && bucket.upper >= 0)) {
    return bucket.lower + (bucket.upper - bucket.lower) * fraction;
  }
  const double lower = std::log2(std::fabs(bucket.lower));
  const double upper = std::log2(std::fabs(bucket.upper));
  if (bucket.lower > 0) return std::exp2(lower + (upper - lower) * fraction);
  return -std::exp2(upper + (lower - upper) * (1 - fraction));
}

double NativeFraction(double lower, double upper, const Histogram& h) {
  if (h.count == 0 || std::isnan(lower) || std::isnan(upper)) return kNan;
  if (lower >= upper) return 0;
  RankFinder low(lower), high(upper);
  double below = 0;
  for (HistogramBucket bucket : BucketsOf(h)) {
    bool linear = h.uses_custom_buckets();
    if (!linear && bucket.lower <= 0 && bucket.upper >= 0) {
      linear = true;
      ClipZeroBucket(bucket, h);
    } else if (linear && bucket.lower == -kInf && bucket.upper > 0) {
      bucket.lower = 0;
    }
    low.Visit(bucket, below, linear);
    high.Visit(bucket, below, linear);
    below += bucket.count;
  }
  // Observations of NaN are in no bucket, and between no two values.
  const double all = std::isnan(h.sum) ? below : h.count;
  return (high.Rank(all) - low.Rank(all)) / h.count;
}

}  // namespace meerkat::promql
