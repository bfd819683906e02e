#include "base/histogram.h"

#include <algorithm>
#include <bit>

#include "base/number.h"

namespace meerkat {
namespace {

bool SameBits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}
bool SameBits(const std::vector<double>& a, const std::vector<double>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](double x, double y) { return SameBits(x, y); });
}

}  // namespace

bool Histogram::IsStale() const {
  return IsStaleNan(sum);
}

bool Histogram::SameAs(const Histogram& other) const {
  return integer == other.integer && reset_hint == other.reset_hint && schema == other.schema &&
         SameBits(zero_threshold, other.zero_threshold) && SameBits(zero_count, other.zero_count) &&
         SameBits(count, other.count) && SameBits(sum, other.sum) &&
         positive_spans == other.positive_spans && negative_spans == other.negative_spans &&
         SameBits(positive_buckets, other.positive_buckets) &&
         SameBits(negative_buckets, other.negative_buckets) &&
         SameBits(custom_bounds, other.custom_bounds);
}

}  // namespace meerkat
