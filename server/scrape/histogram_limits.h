#pragma once

#include <cstdint>

#include "base/histogram.h"

namespace meerkat::scrape {

// The coarsest schema whose buckets grow by at least `factor`; 8 for factors up to 1.
std::int32_t SchemaForFactor(double factor);

// At most `limit` buckets (0: any number) that grow by at least `min_factor` (0: any), of a schema
// that is known. Null when no schema is coarse enough or the buckets are custom ones; the same
// pointer when nothing is to be done.
HistogramPtr LimitBuckets(HistogramPtr histogram, std::uint64_t limit, double min_factor);

}  // namespace meerkat::scrape
