#pragma once

#include "base/histogram.h"
#include "base/result.h"
#include "server/remote/otlp_model.h"

namespace meerkat::remote::otlp {

// An exponential histogram point as a native histogram: scales above 8 are brought down by merging
// buckets; below -4 there is no such schema.
Result<HistogramPtr> ToNativeHistogram(const Point& point);
// A histogram point with explicit bounds as one with custom buckets.
HistogramPtr ToCustomHistogram(const Point& point);

}  // namespace meerkat::remote::otlp
