#include "server/scrape/histogram_limits.h"

#include <cmath>

#include "base/histogram_resolution.h"

namespace meerkat::scrape {
namespace {

std::uint64_t BucketCount(const Histogram& histogram) {
  return histogram.positive_buckets.size() + histogram.negative_buckets.size();
}

}  // namespace

std::int32_t SchemaForFactor(double factor) {
  const double floor = std::floor(std::log2(std::log2(factor <= 1 ? 1.00271 : factor)));
  if (floor >= 8) return kCoarsestSchema;
  if (floor <= -8) return kFinestSchema;
  return std::max(kCoarsestSchema, -static_cast<std::int32_t>(floor));
}

HistogramPtr LimitBuckets(HistogramPtr histogram, std::uint64_t limit, double min_factor) {
  if (histogram->uses_custom_buckets()) {
    return limit != 0 && BucketCount(*histogram) > limit ? nullptr : histogram;
  }
  if (IsTooFine(histogram->schema)) {
    histogram = std::make_shared<const Histogram>(ReduceResolution(*histogram, kFinestSchema));
  }
  if (limit != 0) {
    while (BucketCount(*histogram) > limit) {
      if (histogram->schema <= kCoarsestSchema) return nullptr;
      histogram =
          std::make_shared<const Histogram>(ReduceResolution(*histogram, histogram->schema - 1));
    }
  }
  if (min_factor > 0) {
    const std::int32_t coarsest = SchemaForFactor(min_factor);
    if (histogram->schema > coarsest) {
      histogram = std::make_shared<const Histogram>(ReduceResolution(*histogram, coarsest));
    }
  }
  return histogram;
}

}  // namespace meerkat::scrape
