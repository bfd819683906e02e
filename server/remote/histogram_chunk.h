#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/histogram.h"
#include "server/remote/bit_writer.h"

namespace meerkat::remote {

// Native histograms in Prometheus's two chunk encodings for them, as remote read streams them. All
// of a chunk have one layout: schema, zero threshold, spans, custom bounds.
//   chunk     := count: u16 big endian, hint: u8, layout, sample*        (bits from layout on)
//   layout    := threshold: u8 [raw 64 when 255], schema: varbit, spans, spans, [bounds]
//   spans     := n: uvarbit, (length: uvarbit, offset: varbit)*
//   bounds    := n: uvarbit, (thousandths + 1: uvarbit | 0, raw: 64)*    of custom buckets
//   sample, of integers: time, count, zeros, sum, bucket*: numbers, then their change, then the
//     change of that, as varbits; buckets as differences to the one before; sum as xor
//   sample, of floats: time as above, count, zeros, sum, bucket*: as xor each
class HistogramChunk {
 public:
  static constexpr int kMaxSamples = 120;
  // What a chunk is called in a message.
  static constexpr std::int32_t kInteger = 2;
  static constexpr std::int32_t kFloat = 3;

  // False: it does not belong into this chunk, another one must begin: its layout or kind differs,
  // or it is a reset of the one before. An empty chunk takes any.
  bool Append(Timestamp time, const Histogram& histogram);
  int samples() const { return samples_; }
  std::int32_t encoding() const { return layout_.integer ? kInteger : kFloat; }
  Timestamp min_time() const { return min_time_; }
  Timestamp max_time() const { return max_time_; }
  // The finished bytes; the chunk is empty afterwards.
  std::string Take();

 private:
  // A whole number, written as itself, its change, the change of that.
  struct Track {
    std::int64_t value = 0, change = 0;
    std::int64_t Step(std::int64_t next, int sample);
  };
  bool Belongs(const Histogram& histogram) const;
  void WriteLayout(const Histogram& histogram);
  void WriteTime(Timestamp time);
  void WriteIntegers(const Histogram& histogram);
  void WriteFloats(const Histogram& histogram);

  BitWriter bits_;
  Histogram layout_;  // of the first; counts of the newest that is no stale marker
  int samples_ = 0;
  Timestamp min_time_{};
  Timestamp max_time_{};
  Track time_, count_, zeros_;
  std::vector<Track> buckets_;
  XorTrack sum_, float_count_, float_zeros_;
  std::vector<XorTrack> float_buckets_;
};

}  // namespace meerkat::remote
