#include "promql/histogram_buckets.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/number.h"

namespace meerkat::promql {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

double CustomBound(const std::vector<double>& bounds, std::int64_t index) {
  if (index < 0) return -kInf;
  return index < static_cast<std::int64_t>(bounds.size()) ? bounds[static_cast<std::size_t>(index)]
                                                          : kInf;
}

// Calls visit(index, count) for each position the spans name.
template <typename Visit>
void ForEach(const std::vector<BucketSpan>& spans, const std::vector<double>& counts,
             Visit&& visit) {
  std::int64_t index = 0;
  std::size_t at = 0;
  for (const BucketSpan& span : spans) {
    index += span.offset;
    for (std::uint32_t i = 0; i < span.length && at < counts.size(); ++i) {
      visit(static_cast<std::int32_t>(index++), counts[at++]);
    }
  }
}

}  // namespace

std::vector<HistogramBucket> BucketsOf(const Histogram& h) {
  std::vector<HistogramBucket> out;
  out.reserve(h.negative_buckets.size() + h.positive_buckets.size() + 1);
  if (h.uses_custom_buckets()) {
    ForEach(h.positive_spans, h.positive_buckets, [&](std::int32_t index, double count) {
      out.push_back({CustomBound(h.custom_bounds, std::int64_t{index} - 1),
                     CustomBound(h.custom_bounds, index), index == 0, true, count});
    });
    return out;
  }
  const double zero = h.zero_threshold;
  ForEach(h.negative_spans, h.negative_buckets, [&](std::int32_t index, double count) {
    const double upper = -ExponentialBound(index - 1, h.schema);
    out.push_back(
        {-ExponentialBound(index, h.schema), -zero < upper ? -zero : upper, true, false, count});
  });
  std::reverse(out.begin(), out.end());
  if (h.zero_count > 0) out.push_back({-zero, zero, true, true, h.zero_count});
  ForEach(h.positive_spans, h.positive_buckets, [&](std::int32_t index, double count) {
    const double lower = ExponentialBound(index - 1, h.schema);
    out.push_back(
        {lower < zero ? zero : lower, ExponentialBound(index, h.schema), false, true, count});
  });
  return out;
}

std::string FormatHistogram(const Histogram& h) {
  std::string out = "{count:" + FormatFloat(h.count, 'g') + ", sum:" + FormatFloat(h.sum, 'g');
  for (const HistogramBucket& bucket : BucketsOf(h)) {
    if (bucket.count == 0) continue;
    out += bucket.lower_inclusive ? ", [" : ", (";
    out += FormatFloat(bucket.lower, 'g') + "," + FormatFloat(bucket.upper, 'g');
    out += bucket.upper_inclusive ? "]:" : "):";
    out += FormatFloat(bucket.count, 'g');
  }
  return out + "}";
}

std::uint64_t SampleWeight(const Histogram& h, bool without_buckets) {
  if (without_buckets) return (168 + 8) / 16;
  // The bytes upstream counts: a fixed part of 168, 8 for each bucket and bound, 8 for each span,
  // and the timestamp.
  const std::uint64_t bytes = 168 + 8 * (h.positive_spans.size() + h.negative_spans.size()) +
                              8 * (h.positive_buckets.size() + h.negative_buckets.size()) +
                              8 * h.custom_bounds.size() + 8;
  return bytes / 16;
}

}  // namespace meerkat::promql
