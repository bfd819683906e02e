#include <algorithm>
#include <cmath>
#include <limits>

#include "promql/histogram_buckets.h"
#include "promql/histogram_math.h"

namespace meerkat::promql {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

enum class Shape : unsigned char { kLinear, kExponential };

// What is left of one bucket: how many observations, and the value that stands for them.
struct Kept {
  double count = 0;
  double middle = 0;
};

double Middle(double lower, double upper, Shape shape) {
  if (shape == Shape::kLinear) return (lower + upper) / 2;
  const double middle = std::sqrt(std::fabs(lower) * std::fabs(upper));
  return lower < 0 ? -middle : middle;
}

// The part of (lower, upper] at or below `at`, between 0 and 1.
double FractionBelow(double at, double lower, double upper, Shape shape) {
  if (shape == Shape::kLinear) return (at - lower) / (upper - lower);
  const double log_lower = std::log2(std::fabs(lower));
  const double log_upper = std::log2(std::fabs(upper));
  const double log_at = std::log2(std::fabs(at));
  if (at > 0) return (log_at - log_lower) / (log_upper - log_lower);
  return 1 - (log_at - log_upper) / (log_lower - log_upper);
}

// Cuts one finite bucket at `limit`.
Kept Cut(double lower, double upper, double count, double limit, bool keep_below, Shape shape) {
  if (keep_below) {
    if (upper <= limit) return {count, Middle(lower, upper, shape)};
    if (lower >= limit) return {};
    return {count * FractionBelow(limit, lower, upper, shape), Middle(lower, limit, shape)};
  }
  if (lower >= limit) return {count, Middle(lower, upper, shape)};
  if (upper <= limit) return {};
  return {count * (1 - FractionBelow(limit, lower, upper, shape)), Middle(limit, upper, shape)};
}

// Custom buckets have two open ends, within which nothing can be interpolated: such a bucket stays
// or goes as a whole, and the bound (or the limit beyond it) stands for its observations. The
// lowest one starts at 0 when it ends above.
Kept CutCustom(double lower, double upper, double count, double limit, bool keep_below) {
  const bool first = lower == -kInf;
  if (first && upper == kInf) return {};
  if (upper == kInf) {
    if (keep_below) return {};
    return {count, std::max(lower, limit)};
  }
  if (first && upper > 0 && (keep_below || limit >= 0)) {
    return Cut(0, upper, count, limit, keep_below, Shape::kLinear);
  }
  if (first) {
    if (!keep_below) return {};
    return {count, std::min(upper, limit)};
  }
  return Cut(lower, upper, count, limit, keep_below, Shape::kLinear);
}

}  // namespace

HistogramPtr Trimmed(const HistogramPtr& histogram, double limit, bool upper) {
  const Histogram& h = *histogram;
  if (limit == (upper ? kInf : -kInf)) return histogram;
  // Everything goes; an interpolation against an infinite limit would be none.
  const bool drop_all = limit == (upper ? -kInf : kInf);
  auto out = std::make_shared<Histogram>(h);
  double count = 0, sum = 0;
  bool changed = false;
  const auto keep = [&](double& bucket, const Kept& kept) {
    const Kept left = drop_all ? Kept{} : kept;
    if (left.count != bucket) changed = true;
    bucket = left.count;
    if (left.count == 0) return;
    count += left.count;
    sum += left.count * left.middle;
  };
  const auto each = [&](const std::vector<BucketSpan>& spans, std::vector<double>& counts,
                        const auto& cut) {
    std::int32_t index = 0;
    std::size_t at = 0;
    for (const BucketSpan& span : spans) {
      index += span.offset;
      for (std::uint32_t i = 0; i < span.length && at < counts.size(); ++i, ++index, ++at) {
        if (counts[at] != 0) keep(counts[at], cut(index, counts[at]));
      }
    }
  };
  if (h.uses_custom_buckets()) {
    const auto bound = [&](std::int32_t index) {
      if (index < 0) return -kInf;
      const auto at = static_cast<std::size_t>(index);
      return at < h.custom_bounds.size() ? h.custom_bounds[at] : kInf;
    };
    each(h.positive_spans, out->positive_buckets, [&](std::int32_t index, double bucket) {
      return CutCustom(bound(index - 1), bound(index), bucket, limit, upper);
    });
  } else {
    const double zero = h.zero_threshold;
    each(h.negative_spans, out->negative_buckets, [&](std::int32_t index, double bucket) {
      return Cut(-ExponentialBound(index, h.schema),
                 std::min(-zero, -ExponentialBound(index - 1, h.schema)), bucket, limit, upper,
                 Shape::kExponential);
    });
    if (h.zero_count != 0) {
      // Observations of one sign only: the zero bucket reaches from or to 0.
      const double lower = h.negative_buckets.empty() && !h.positive_buckets.empty() ? 0 : -zero;
      const double end = h.positive_buckets.empty() && !h.negative_buckets.empty() ? 0 : zero;
      keep(out->zero_count, Cut(lower, end, h.zero_count, limit, upper, Shape::kLinear));
    }
    each(h.positive_spans, out->positive_buckets, [&](std::int32_t index, double bucket) {
      return Cut(std::max(zero, ExponentialBound(index - 1, h.schema)),
                 ExponentialBound(index, h.schema), bucket, limit, upper, Shape::kExponential);
    });
  }
  if (!changed) return histogram;
  out->integer = false;
  out->count = count;
  out->sum = sum;
  return WorkingHistogram(*out).Share();
}

}  // namespace meerkat::promql
