#include "tsdb/import/prometheus_chunk.h"

#include <bit>
#include <cmath>
#include <memory>
#include <span>
#include <string>

#include "base/number.h"

namespace meerkat::tsdb {
namespace {

constexpr std::uint8_t kXor = 1;
constexpr std::uint8_t kHistogram = 2;
constexpr std::uint8_t kFloatHistogram = 3;
// Beyond what any real layout has; bounds what damaged bytes can ask for.
constexpr std::uint64_t kMaxBuckets = 1 << 16;

// Bits, highest first. Reading beyond the end gives zeros and sets failed().
class BitReader {
 public:
  explicit BitReader(std::string_view bytes) : bytes_(bytes) {}

  std::uint64_t Bits(unsigned count) {
    if (count > 8 * bytes_.size() - at_) {
      failed_ = true;
      at_ = 8 * bytes_.size();
      return 0;
    }
    std::uint64_t value = 0;
    while (count > 0) {
      const unsigned in_byte = 8 - at_ % 8;
      const unsigned take = count < in_byte ? count : in_byte;
      const auto byte = static_cast<std::uint8_t>(bytes_[at_ / 8]);
      value = value << take | (byte >> (in_byte - take) & ((1U << take) - 1));
      at_ += take;
      count -= take;
    }
    return value;
  }
  bool Bit() { return Bits(1) != 0; }
  // Two's complement, where the upper half begins one later: the greatest positive is 2^(n-1).
  std::int64_t Signed(unsigned count) {
    const std::uint64_t value = Bits(count);
    if (count < 64 && value > std::uint64_t{1} << (count - 1)) {
      return static_cast<std::int64_t>(value - (std::uint64_t{1} << count));
    }
    return static_cast<std::int64_t>(value);
  }
  double Double() { return std::bit_cast<double>(Bits(64)); }

  // Seven bits a byte, the byte's highest bit says that more follow.
  std::uint64_t Varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const std::uint64_t byte = Bits(8);
      value |= (byte & 0x7F) << shift;
      if (byte < 0x80) return value;
    }
    failed_ = true;
    return 0;
  }
  std::int64_t SignedVarint() {
    const std::uint64_t raw = Varint();
    return static_cast<std::int64_t>((raw >> 1) ^ (~(raw & 1) + 1));
  }

  // A unary width class, then that many bits.
  unsigned WidthClass() {
    static constexpr unsigned kWidths[] = {0, 3, 6, 9, 12, 18, 25, 56, 64};
    unsigned ones = 0;
    while (ones < 8 && Bit()) ++ones;
    return kWidths[ones];
  }
  std::int64_t VarbitInt() {
    const unsigned width = WidthClass();
    return width == 0 ? 0 : Signed(width);
  }
  std::uint64_t VarbitUint() {
    const unsigned width = WidthClass();
    return width == 0 ? 0 : Bits(width);
  }

  bool failed() const { return failed_; }

 private:
  std::string_view bytes_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

// A double told by how its bits differ from the one before.
class XorDouble {
 public:
  void Start(double value) { value_ = std::bit_cast<std::uint64_t>(value); }
  double Next(BitReader& bits) {
    if (!bits.Bit()) return value();
    if (bits.Bit()) {
      leading_ = static_cast<unsigned>(bits.Bits(5));
      width_ = static_cast<unsigned>(bits.Bits(6));
      if (width_ == 0) width_ = 64;  // 64 does not fit into six bits
      if (leading_ + width_ > 64) width_ = 64 - leading_;
    }
    value_ ^= bits.Bits(width_) << (64 - leading_ - width_);
    return value();
  }
  double value() const { return std::bit_cast<double>(value_); }

 private:
  std::uint64_t value_ = 0;
  unsigned leading_ = 0;
  unsigned width_ = 64;
};

std::int64_t Plus(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

bool DecodeXor(std::string_view data, std::size_t count, std::vector<PlainSample>& samples) {
  BitReader bits(data);
  std::int64_t time = 0;
  std::int64_t delta = 0;
  XorDouble value;
  for (std::size_t i = 0; i < count; ++i) {
    if (i == 0) {
      time = bits.SignedVarint();
      value.Start(bits.Double());
    } else {
      if (i == 1) {
        delta = static_cast<std::int64_t>(bits.Varint());
      } else {
        static constexpr unsigned kWidths[] = {0, 14, 17, 20, 64};
        unsigned ones = 0;
        while (ones < 4 && bits.Bit()) ++ones;
        if (ones > 0) delta = Plus(delta, bits.Signed(kWidths[ones]));
      }
      time = Plus(time, delta);
      value.Next(bits);
    }
    if (bits.failed()) return false;
    samples.push_back({FromMillis(time), value.value(), nullptr});
  }
  return true;
}

bool ReadSpans(BitReader& bits, std::vector<BucketSpan>& spans, std::uint64_t& buckets) {
  const std::uint64_t count = bits.VarbitUint();
  if (bits.failed() || count > kMaxBuckets) return false;
  buckets = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t length = bits.VarbitUint();
    const std::int64_t offset = bits.VarbitInt();
    if (bits.failed() || length > kMaxBuckets || offset != static_cast<std::int32_t>(offset)) {
      return false;
    }
    buckets += length;
    spans.push_back({static_cast<std::int32_t>(offset), static_cast<std::uint32_t>(length)});
  }
  return buckets <= kMaxBuckets;
}

// What all histograms of a chunk have in common.
bool ReadLayout(BitReader& bits, Histogram& layout, std::uint64_t& positive,
                std::uint64_t& negative) {
  const std::uint64_t threshold = bits.Bits(8);
  if (threshold == 255) {
    layout.zero_threshold = bits.Double();
  } else if (threshold != 0) {
    layout.zero_threshold = std::ldexp(0.5, static_cast<int>(threshold) - 243);
  }
  const std::int64_t schema = bits.VarbitInt();
  if (bits.failed() || schema != static_cast<std::int32_t>(schema)) return false;
  layout.schema = static_cast<std::int32_t>(schema);
  if (!ReadSpans(bits, layout.positive_spans, positive) ||
      !ReadSpans(bits, layout.negative_spans, negative)) {
    return false;
  }
  if (!layout.uses_custom_buckets()) return true;
  const std::uint64_t bounds = bits.VarbitUint();
  if (bits.failed() || bounds > kMaxBuckets) return false;
  for (std::uint64_t i = 0; i < bounds && !bits.failed(); ++i) {
    // Thousandths plus one, or 0 and the whole number.
    const std::uint64_t thousandths = bits.VarbitUint();
    layout.custom_bounds.push_back(thousandths == 0 ? bits.Double()
                                                    : static_cast<double>(thousandths - 1) / 1000);
  }
  return !bits.failed();
}

// A count told by the change of its change.
struct IntTrack {
  std::int64_t value = 0;
  std::int64_t delta = 0;
  void Next(BitReader& bits) {
    delta = Plus(delta, bits.VarbitInt());
    value = Plus(value, delta);
  }
};

std::shared_ptr<Histogram> StaleOf(const Histogram& layout) {
  auto stale = std::make_shared<Histogram>();
  stale->integer = layout.integer;
  stale->sum = StaleNan();
  return stale;
}

// Within a chunk counters never reset; about the first histogram its chunk knows nothing that would
// hold next to other samples.
Histogram::ResetHint HintOf(std::uint8_t header, std::size_t index) {
  if (header >> 6 == 3) return Histogram::ResetHint::kGauge;
  return index == 0 ? Histogram::ResetHint::kUnknown : Histogram::ResetHint::kNotReset;
}

// Buckets come as differences to the bucket before; the store keeps counts.
void FillBuckets(std::span<const IntTrack> tracks, std::vector<double>& buckets) {
  std::int64_t count = 0;
  buckets.reserve(tracks.size());
  for (const IntTrack& track : tracks) {
    count = Plus(count, track.value);
    buckets.push_back(static_cast<double>(count));
  }
}

bool DecodeHistograms(std::string_view data, std::size_t count, std::uint8_t header,
                      std::vector<PlainSample>& samples) {
  BitReader bits(data);
  Histogram layout;
  layout.integer = true;
  std::uint64_t positive;
  std::uint64_t negative;
  if (!ReadLayout(bits, layout, positive, negative)) return false;
  IntTrack time;
  IntTrack total;
  IntTrack zeros;
  XorDouble sum;
  std::vector<IntTrack> tracks(positive + negative);
  for (std::size_t i = 0; i < count; ++i) {
    if (i == 0) {
      time.value = bits.VarbitInt();
      total.value = static_cast<std::int64_t>(bits.VarbitUint());
      zeros.value = static_cast<std::int64_t>(bits.VarbitUint());
      sum.Start(bits.Double());
    } else {
      time.Next(bits);
      total.Next(bits);
      zeros.Next(bits);
      sum.Next(bits);
    }
    if (bits.failed()) return false;
    if (IsStaleNan(sum.value())) {
      samples.push_back({FromMillis(time.value), 0, StaleOf(layout)});
      continue;
    }
    for (IntTrack& track : tracks) {
      if (i == 0) {
        track.value = bits.VarbitInt();
      } else {
        track.Next(bits);
      }
    }
    if (bits.failed()) return false;
    auto histogram = std::make_shared<Histogram>(layout);
    histogram->reset_hint = HintOf(header, i);
    histogram->count = static_cast<double>(static_cast<std::uint64_t>(total.value));
    histogram->zero_count = static_cast<double>(static_cast<std::uint64_t>(zeros.value));
    histogram->sum = sum.value();
    FillBuckets(std::span(tracks).first(positive), histogram->positive_buckets);
    FillBuckets(std::span(tracks).subspan(positive), histogram->negative_buckets);
    samples.push_back({FromMillis(time.value), 0, std::move(histogram)});
  }
  return true;
}

bool DecodeFloatHistograms(std::string_view data, std::size_t count, std::uint8_t header,
                           std::vector<PlainSample>& samples) {
  BitReader bits(data);
  Histogram layout;
  std::uint64_t positive;
  std::uint64_t negative;
  if (!ReadLayout(bits, layout, positive, negative)) return false;
  IntTrack time;
  XorDouble total;
  XorDouble zeros;
  XorDouble sum;
  std::vector<XorDouble> tracks(positive + negative);
  const auto next = [&bits](XorDouble& track, bool first) {
    if (first) {
      track.Start(bits.Double());
    } else {
      track.Next(bits);
    }
  };
  for (std::size_t i = 0; i < count; ++i) {
    if (i == 0) {
      time.value = bits.VarbitInt();
    } else {
      time.Next(bits);
    }
    next(total, i == 0);
    next(zeros, i == 0);
    next(sum, i == 0);
    if (bits.failed()) return false;
    if (IsStaleNan(sum.value())) {
      samples.push_back({FromMillis(time.value), 0, StaleOf(layout)});
      continue;
    }
    for (XorDouble& track : tracks) next(track, i == 0);
    if (bits.failed()) return false;
    auto histogram = std::make_shared<Histogram>(layout);
    histogram->reset_hint = HintOf(header, i);
    histogram->count = total.value();
    histogram->zero_count = zeros.value();
    histogram->sum = sum.value();
    for (std::size_t b = 0; b < tracks.size(); ++b) {
      (b < positive ? histogram->positive_buckets : histogram->negative_buckets)
          .push_back(tracks[b].value());
    }
    samples.push_back({FromMillis(time.value), 0, std::move(histogram)});
  }
  return true;
}

}  // namespace

Result<> DecodePrometheusChunk(std::uint8_t encoding, std::string_view data,
                               std::vector<PlainSample>& samples) {
  const bool histograms = encoding == kHistogram || encoding == kFloatHistogram;
  const std::size_t header = histograms ? 3 : 2;
  if (encoding != kXor && !histograms) {
    return Error(Code::kCorruption, "unknown chunk encoding " + std::to_string(encoding));
  }
  bool good = data.size() >= header;
  if (good) {
    const std::size_t count = static_cast<std::size_t>(static_cast<std::uint8_t>(data[0]) << 8) |
                              static_cast<std::uint8_t>(data[1]);
    const std::string_view body = data.substr(header);
    const std::uint8_t flags = histograms ? static_cast<std::uint8_t>(data[2]) : 0;
    good = encoding == kXor         ? DecodeXor(body, count, samples)
           : encoding == kHistogram ? DecodeHistograms(body, count, flags, samples)
                                    : DecodeFloatHistograms(body, count, flags, samples);
  }
  if (good) return {};
  return Error(Code::kCorruption, "chunk does not decode");
}

}  // namespace meerkat::tsdb
