#include "server/remote/otlp_histogram.h"

#include <memory>

#include "base/histogram_resolution.h"
#include "base/number.h"

namespace meerkat::remote::otlp {
namespace {

// Observations closer to zero than this are in the zero bucket, when the sender names no width.
constexpr double kZeroWidth = 1e-128;
// A run of this many empty buckets costs less as buckets than as a new span.
constexpr std::uint32_t kShortGap = 2;

// Sparse buckets of one side. Native bucket i is (base^(i-1), base^i], one above OTLP's index.
void Fill(const Buckets& from, std::int32_t shift, std::vector<BucketSpan>& spans,
          std::vector<double>& counts) {
  std::int64_t end = 0;  // behind the last bucket written
  bool any = false;
  std::size_t i = 0;
  while (i < from.counts.size()) {
    const std::int64_t index = (std::int64_t{from.offset} + static_cast<std::int64_t>(i)) >> shift;
    double count = 0;
    for (; i < from.counts.size() &&
           (std::int64_t{from.offset} + static_cast<std::int64_t>(i)) >> shift == index;
         ++i) {
      count += static_cast<double>(from.counts[i]);
    }
    if (count == 0) continue;
    const std::int64_t bucket = index + 1;
    const std::int64_t gap = bucket - end;
    if (!any || gap > kShortGap) {
      spans.push_back({static_cast<std::int32_t>(any ? gap : bucket), 0});
    } else {
      counts.insert(counts.end(), static_cast<std::size_t>(gap), 0.0);
      spans.back().length += static_cast<std::uint32_t>(gap);
    }
    any = true;
    counts.push_back(count);
    ++spans.back().length;
    end = bucket + 1;
  }
}

}  // namespace

Result<HistogramPtr> ToNativeHistogram(const Point& point) {
  if (point.scale < kCoarsestSchema) {
    return Error(Code::kInvalid,
                 "cannot convert exponential to native histogram. Scale must be >= -4, was " +
                     std::to_string(point.scale));
  }
  auto h = std::make_shared<Histogram>();
  h->integer = true;
  h->schema = std::min(point.scale, kFinestSchema);
  h->zero_threshold = point.zero_threshold > 0 ? point.zero_threshold : kZeroWidth;
  if (point.no_value()) {
    h->sum = StaleNan();
    return HistogramPtr(std::move(h));
  }
  // Further than 63 halvings everything is in one bucket anyway.
  const std::int32_t shift = std::min(point.scale - h->schema, 62);
  h->zero_count = static_cast<double>(point.zero_count);
  h->count = static_cast<double>(point.count);
  h->sum = point.sum.value_or(0);
  Fill(point.positive, shift, h->positive_spans, h->positive_buckets);
  Fill(point.negative, shift, h->negative_spans, h->negative_buckets);
  return HistogramPtr(std::move(h));
}

HistogramPtr ToCustomHistogram(const Point& point) {
  auto h = std::make_shared<Histogram>();
  h->integer = true;
  h->schema = Histogram::kCustomSchema;
  h->custom_bounds = point.bounds;
  if (point.no_value()) {
    h->sum = StaleNan();
    return h;
  }
  h->count = static_cast<double>(point.count);
  h->sum = point.sum.value_or(0);
  for (const std::uint64_t count : point.bucket_counts) {
    h->positive_buckets.push_back(static_cast<double>(count));
  }
  // A sender need not tell buckets: then all observations are in the one up to infinity.
  if (h->positive_buckets.empty() && h->custom_bounds.empty() && point.count > 0) {
    h->positive_buckets = {h->count};
  }
  if (!h->positive_buckets.empty()) {
    h->positive_spans = {{0, static_cast<std::uint32_t>(h->positive_buckets.size())}};
  }
  return h;
}

}  // namespace meerkat::remote::otlp
