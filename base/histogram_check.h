#pragma once

#include <string>

#include "base/histogram.h"

namespace meerkat {

// Why a histogram contradicts itself, in upstream's words; "" when it does not. Spans must name as
// many buckets as there are, in order; no count is negative; integer counts add up (with a NaN
// among the observations they may fall short). Schemas that nobody knows are refused.
std::string HistogramFault(const Histogram& histogram);

}  // namespace meerkat
