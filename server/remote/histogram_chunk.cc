#include "server/remote/histogram_chunk.h"

#include <cmath>
#include <span>
#include <utility>

namespace meerkat::remote {
namespace {

constexpr char kGauge = '\xc0';
constexpr char kReset = '\x80';
constexpr char kUnknown = '\0';

// Thousandths up to this are written short.
constexpr double kMostThousandths = 33554430;

void WriteThreshold(BitWriter& out, double threshold) {
  int exponent = 0;
  if (threshold == 0) {
    out.Bits(0, 8);
  } else if (std::frexp(threshold, &exponent) == 0.5 && exponent >= -242 && exponent <= 11) {
    out.Bits(static_cast<std::uint64_t>(exponent + 243), 8);
  } else {
    out.Bits(255, 8);
    out.Double(threshold);
  }
}

void WriteSpans(BitWriter& out, std::span<const BucketSpan> spans) {
  out.VarbitUint(spans.size());
  for (const BucketSpan& span : spans) {
    out.VarbitUint(span.length);
    out.VarbitInt(span.offset);
  }
}

void WriteBounds(BitWriter& out, std::span<const double> bounds) {
  out.VarbitUint(bounds.size());
  for (const double bound : bounds) {
    const double thousandths = bound * 1000;
    if (thousandths >= 0 && thousandths <= kMostThousandths &&
        thousandths == std::floor(thousandths)) {
      out.VarbitUint(static_cast<std::uint64_t>(thousandths) + 1);
    } else {
      out.VarbitUint(0);
      out.Double(bound);
    }
  }
}

bool AnySmaller(std::span<const double> now, std::span<const double> before) {
  for (std::size_t i = 0; i < now.size() && i < before.size(); ++i) {
    if (now[i] < before[i]) return true;
  }
  return false;
}

bool IsGauge(const Histogram& histogram) {
  return histogram.reset_hint == Histogram::ResetHint::kGauge;
}

}  // namespace

std::int64_t HistogramChunk::Track::Step(std::int64_t next, int sample) {
  if (sample == 0) {
    value = next;
    return next;
  }
  // Wraps around, as the reader's sum does.
  const auto step = static_cast<std::int64_t>(static_cast<std::uint64_t>(next) -
                                              static_cast<std::uint64_t>(value));
  const auto turn = static_cast<std::int64_t>(static_cast<std::uint64_t>(step) -
                                              static_cast<std::uint64_t>(change));
  value = next;
  change = step;
  return turn;
}

bool HistogramChunk::Belongs(const Histogram& histogram) const {
  if (samples_ == kMaxSamples) return false;
  if (histogram.IsStale()) return true;
  if (histogram.integer != layout_.integer || histogram.schema != layout_.schema ||
      histogram.zero_threshold != layout_.zero_threshold ||
      histogram.positive_spans != layout_.positive_spans ||
      histogram.negative_spans != layout_.negative_spans ||
      histogram.custom_bounds != layout_.custom_bounds || IsGauge(histogram) != IsGauge(layout_)) {
    return false;
  }
  if (IsGauge(histogram)) return true;
  // A reader takes what is within one chunk of counters for growing.
  return histogram.reset_hint != Histogram::ResetHint::kReset && histogram.count >= layout_.count &&
         histogram.zero_count >= layout_.zero_count &&
         !AnySmaller(histogram.positive_buckets, layout_.positive_buckets) &&
         !AnySmaller(histogram.negative_buckets, layout_.negative_buckets);
}

void HistogramChunk::WriteLayout(const Histogram& histogram) {
  WriteThreshold(bits_, histogram.zero_threshold);
  bits_.VarbitInt(histogram.schema);
  WriteSpans(bits_, histogram.positive_spans);
  WriteSpans(bits_, histogram.negative_spans);
  if (histogram.uses_custom_buckets()) WriteBounds(bits_, histogram.custom_bounds);
}

bool HistogramChunk::Append(Timestamp time, const Histogram& given) {
  if (samples_ > 0 && !Belongs(given)) return false;
  // A stale marker has its sum alone.
  Histogram marker;
  const bool stale = given.IsStale();
  if (stale) {
    marker.integer = samples_ == 0 ? given.integer : layout_.integer;
    marker.sum = given.sum;
  }
  const Histogram& histogram = stale ? marker : given;
  if (samples_ == 0) {
    layout_ = histogram;
    const std::size_t buckets =
        histogram.positive_buckets.size() + histogram.negative_buckets.size();
    buckets_.resize(buckets);
    float_buckets_.resize(buckets);
    min_time_ = time;
    WriteLayout(histogram);
  } else if (!stale) {
    layout_.count = histogram.count;
    layout_.zero_count = histogram.zero_count;
    layout_.positive_buckets = histogram.positive_buckets;
    layout_.negative_buckets = histogram.negative_buckets;
  }
  bits_.VarbitInt(time_.Step(ToMillis(time), samples_));
  if (layout_.integer) {
    WriteIntegers(histogram);
  } else {
    WriteFloats(histogram);
  }
  max_time_ = time;
  ++samples_;
  return true;
}

void HistogramChunk::WriteIntegers(const Histogram& histogram) {
  const auto count = static_cast<std::int64_t>(histogram.count);
  const auto zeros = static_cast<std::int64_t>(histogram.zero_count);
  if (samples_ == 0) {
    bits_.VarbitUint(static_cast<std::uint64_t>(count_.Step(count, 0)));
    bits_.VarbitUint(static_cast<std::uint64_t>(zeros_.Step(zeros, 0)));
    sum_.First(bits_, histogram.sum);
  } else {
    bits_.VarbitInt(count_.Step(count, samples_));
    bits_.VarbitInt(zeros_.Step(zeros, samples_));
    sum_.Next(bits_, histogram.sum);
  }
  std::size_t next = 0;
  for (const auto* const side : {&histogram.positive_buckets, &histogram.negative_buckets}) {
    std::int64_t before = 0;
    for (const double bucket : *side) {
      const auto value = static_cast<std::int64_t>(bucket);
      bits_.VarbitInt(buckets_[next++].Step(value - before, samples_));
      before = value;
    }
  }
}

void HistogramChunk::WriteFloats(const Histogram& histogram) {
  const auto write = [this](XorTrack& track, double value) {
    if (samples_ == 0) {
      track.First(bits_, value);
    } else {
      track.Next(bits_, value);
    }
  };
  write(float_count_, histogram.count);
  write(float_zeros_, histogram.zero_count);
  write(sum_, histogram.sum);
  std::size_t next = 0;
  for (const auto* const side : {&histogram.positive_buckets, &histogram.negative_buckets}) {
    for (const double bucket : *side) write(float_buckets_[next++], bucket);
  }
}

std::string HistogramChunk::Take() {
  std::string out = {static_cast<char>(samples_ >> 8), static_cast<char>(samples_),
                     IsGauge(layout_)                                     ? kGauge
                     : layout_.reset_hint == Histogram::ResetHint::kReset ? kReset
                                                                          : kUnknown};
  out += bits_.bytes();
  *this = HistogramChunk();
  return out;
}

}  // namespace meerkat::remote
