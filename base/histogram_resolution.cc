#include "base/histogram_resolution.h"

#include <utility>
#include <vector>

namespace meerkat {
namespace {

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

}  // namespace

Histogram ReduceResolution(const Histogram& histogram, std::int32_t to) {
  Histogram out = histogram;
  const int halvings = histogram.schema - to;
  Reduce(out.positive_spans, out.positive_buckets, halvings);
  Reduce(out.negative_spans, out.negative_buckets, halvings);
  out.schema = to;
  return out;
}

}  // namespace meerkat
