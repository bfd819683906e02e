#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "base/histogram.h"

// Arithmetic on native histograms: addition over different layouts, scaling, counter resets,
// trimming. Results equal upstream's to the last bit where that is defined.
namespace meerkat::promql {

// What adding two histograms ran into.
struct CombineResult {
  bool compatible = true;            // false: exponential with custom buckets; nothing was changed
  bool reset_hints_collide = false;  // a "reset" met a "not reset"
  bool bounds_reconciled = false;    // custom bounds differed: only the common ones are left
};

// A histogram spread out for arithmetic: one entry for each bucket, sorted by index, and beside
// each number the error that a compensated sum has lost so far. Not shared, one thread.
class WorkingHistogram {
 public:
  struct Bucket {
    std::int32_t index = 0;
    double count = 0;
    double lost = 0;
  };

  WorkingHistogram() = default;
  explicit WorkingHistogram(const Histogram& histogram);

  // this += sign * other. With `compensated`, each number keeps what rounding loses (Neumaier).
  // The result's reset hint follows upstream: a gauge wins, unknown beats the rest.
  CombineResult Add(const Histogram& other, double sign = 1, bool compensated = false);
  // A negative factor makes a gauge of it.
  void Multiply(double factor);
  // Division by zero leaves no buckets, only count, sum and zero count.
  void Divide(double divisor);
  void ReduceSchema(std::int32_t schema);  // to a coarser exponential schema
  void SetResetHint(Histogram::ResetHint hint) { hint_ = hint; }

  std::int32_t schema() const { return schema_; }
  double count() const { return count_ + count_lost_; }
  bool HasOverflow() const;  // some number is infinite

  // The histogram without empty buckets, what was lost added back.
  HistogramPtr Share() const;

 private:
  using Buckets = std::vector<Bucket>;

  void AdoptResetHint(const Histogram& other, CombineResult& result);
  void WidenZeroBucket(WorkingHistogram& other);
  std::pair<double, double> ZeroCountFor(double threshold) const;
  void GrowZeroBucket(double threshold);
  void DropInsideZeroBucket();
  void KeepBounds(const std::vector<double>& bounds);
  void AddBuckets(Buckets& into, const Buckets& from, double sign, bool compensated);

  Histogram::ResetHint hint_ = Histogram::ResetHint::kUnknown;
  std::int32_t schema_ = 0;
  double zero_threshold_ = 0;
  double zero_count_ = 0, zero_count_lost_ = 0;
  double count_ = 0, count_lost_ = 0;
  double sum_ = 0, sum_lost_ = 0;
  Buckets positive_, negative_;
  std::vector<double> bounds_;

  friend bool IsCounterReset(const Histogram&, const Histogram&);
};

// Whether a counter was reset between two samples: the hint of `current` decides when it knows,
// else any number that fell.
bool IsCounterReset(const Histogram& current, const Histogram& previous);

// Same layout and same numbers, as == sees it. Empty spans do not matter, nor does the reset hint.
bool EqualHistograms(const Histogram& a, const Histogram& b);

HistogramPtr Scaled(const Histogram& histogram, double factor);
HistogramPtr Divided(const Histogram& histogram, double divisor);

// The observations at or below (`upper`) or above `limit`, buckets that contain it interpolated;
// count and sum are estimated anew when anything was cut off.
HistogramPtr Trimmed(const HistogramPtr& histogram, double limit, bool upper);

}  // namespace meerkat::promql
