#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "promql/exec/annotations.h"
#include "promql/histogram_math.h"

namespace meerkat::promql {

// Sum or mean of histograms, compensated, as sum(), avg() and their *_over_time kin make it. The
// mean is that of the sum until the sum overflows, then it is kept up incrementally.
class HistogramSum {
 public:
  explicit HistogramSum(bool mean) : mean_(mean) {}
  // `metric`: the name to blame when the layouts do not go together.
  void Add(const Histogram& histogram, std::string_view metric);
  // The notes that are due even when floats in the group spoil the result.
  void NoteMisfits(Annotations& notes, PositionRange where) const;
  // What came out; null when exponential and custom buckets met. Adds the notes that are due.
  HistogramPtr Finish(Annotations& notes, PositionRange where);

 private:
  CombineResult Combine(const Histogram& histogram);

  bool mean_;
  bool incremental_ = false;
  bool compatible_ = true;
  std::string misfit_;  // the metric that did not fit
  bool saw_reset_ = false, saw_no_reset_ = false, reconciled_ = false;
  double count_ = 0;
  std::optional<WorkingHistogram> sum_;  // or the mean, once incremental
};

}  // namespace meerkat::promql
