#pragma once

#include <vector>

#include "base/histogram.h"
#include "promql/exec/annotations.h"

namespace meerkat::promql {

struct ClassicBucket {
  double upper = 0;
  double count = 0;  // cumulative
};

// The quantile of a classic histogram; sorts and repairs `buckets`. NaN without a +Inf bucket, with
// fewer than two buckets, or without observations. `fixed`: counts fell from bucket to bucket and
// had to be raised; `fix` then tells where and how far.
double ClassicQuantile(double rank, std::vector<ClassicBucket>& buckets, bool& fixed,
                       MonotonicityFix& fix);
// The share of observations between two values.
double ClassicFraction(double lower, double upper, std::vector<ClassicBucket>& buckets);

// Of native histograms, interpolated exponentially (linearly in the zero bucket and between custom
// bounds). Observations of NaN count, but are in no bucket: they make the result NaN
// (`nan_result`) or push it up (`skewed`).
double NativeQuantile(double rank, const Histogram& histogram, bool& nan_result, bool& skewed);
double NativeFraction(double lower, double upper, const Histogram& histogram);

}  // namespace meerkat::promql
