#include "server/scrape/histogram_limits.h"

#include <cmath>
#include <utility>
#include <vector>

namespace meerkat::scrape {
namespace {

constexpr std::int32_t kMinSchema = -4;
constexpr std::int32_t kMaxSchema = 8;
constexpr std::int32_t kMaxReserved = 52;

void Reduce(std::vector<BucketSpan>& spans, std::vector<double>& buckets, int halvings) {
  std::vector<BucketSpan> out_spans;
  std::vector<double> out_buckets;
  // Wide enough for whatever offsets a hostile page sends.
  std::int64_t index = 0;
  std::int64_t next = 0;  // one past the last bucket written
  std::size_t at = 0;
  for (const BucketSpan& span : spans) {
    index += span.offset;
    for (std::uint32_t i = 0; i < span.length && at < buckets.size(); ++i, ++index, ++at) {
      const std::int64_t target = ((index - 1) >> halvings) + 1;
      if (!out_buckets.empty() && target == next - 1) {
        out_buckets.back() += buckets[at];
        continue;
      }
      if (!out_spans.empty() && target == next) {
        ++out_spans.back().length;
      } else {
        out_spans.push_back({static_cast<std::int32_t>(target - next), 1});
      }
      out_buckets.push_back(buckets[at]);
      next = target + 1;
    }
  }
  spans = std::move(out_spans);
  buckets = std::move(out_buckets);
}

std::uint64_t BucketCount(const Histogram& histogram) {
  return histogram.positive_buckets.size() + histogram.negative_buckets.size();
}

}  // namespace

Histogram ReduceResolution(const Histogram& histogram, std::int32_t to) {
  Histogram out = histogram;
  const int halvings = histogram.schema - to;
  Reduce(out.positive_spans, out.positive_buckets, halvings);
  Reduce(out.negative_spans, out.negative_buckets, halvings);
  out.schema = to;
  return out;
}

std::int32_t SchemaForFactor(double factor) {
  const double floor = std::floor(std::log2(std::log2(factor <= 1 ? 1.00271 : factor)));
  if (floor >= 8) return kMinSchema;
  if (floor <= -8) return kMaxSchema;
  return std::max(kMinSchema, -static_cast<std::int32_t>(floor));
}

HistogramPtr LimitBuckets(HistogramPtr histogram, std::uint64_t limit, double min_factor) {
  if (histogram->uses_custom_buckets()) {
    return limit != 0 && BucketCount(*histogram) > limit ? nullptr : histogram;
  }
  // Finer ones are reserved for the future and stored as the finest of today.
  if (histogram->schema > kMaxSchema && histogram->schema <= kMaxReserved) {
    histogram = std::make_shared<const Histogram>(ReduceResolution(*histogram, kMaxSchema));
  }
  if (limit != 0) {
    while (BucketCount(*histogram) > limit) {
      if (histogram->schema <= kMinSchema) return nullptr;
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
