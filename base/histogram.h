#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace meerkat {

// `length` consecutive buckets that begin `offset` buckets behind the end of the span before
// (the first span: behind index 0).
struct BucketSpan {
  std::int32_t offset = 0;
  std::uint32_t length = 0;
  bool operator==(const BucketSpan&) const = default;
};

// A native histogram sample. Bucket counts are absolute (no deltas), one for each position the
// spans name. Exponential: schema -4…8, bucket i of the positive side is (base^(i-1), base^i], base
// = 2^(2^-schema). Custom buckets: schema -53, `custom_bounds` are the ascending upper bounds, +Inf
// implied; the positive spans then index these bounds from 0, and there is neither zero bucket nor
// negative side. Integer histograms keep their counts as doubles too, exact below 2^53, and say so
// in `integer`.
struct Histogram {
  enum class ResetHint : std::uint8_t { kUnknown, kReset, kNotReset, kGauge };
  static constexpr std::int32_t kCustomSchema = -53;

  bool integer = false;
  ResetHint reset_hint = ResetHint::kUnknown;
  std::int32_t schema = 0;
  double zero_threshold = 0;
  double zero_count = 0;
  double count = 0;
  double sum = 0;  // a stale NaN here marks the sample as the end of the series
  std::vector<BucketSpan> positive_spans;
  std::vector<BucketSpan> negative_spans;
  std::vector<double> positive_buckets;
  std::vector<double> negative_buckets;
  std::vector<double> custom_bounds;

  bool uses_custom_buckets() const { return schema == kCustomSchema; }
  bool IsStale() const;
  // Bit for bit, NaN sums included; the reset hint counts too.
  bool SameAs(const Histogram& other) const;
};

// Samples share histograms; nobody changes one once it is shared.
using HistogramPtr = std::shared_ptr<const Histogram>;

}  // namespace meerkat
