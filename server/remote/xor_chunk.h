#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "server/remote/bit_writer.h"

namespace meerkat::remote {

// Float samples in Prometheus's XOR chunk encoding, as remote read streams them.
//   chunk  := count: u16 big endian, bits
//   bits   := first second more*
//   first  := time: varint (zigzag), value: 64
//   second := delta: uvarint, xor
//   more   := change of delta: 0 | 10 i14 | 110 i17 | 1110 i20 | 1111 i64, xor
class XorChunk {
 public:
  static constexpr int kMaxSamples = 120;

  void Append(Timestamp time, double value);
  int samples() const { return samples_; }
  Timestamp min_time() const { return min_time_; }
  Timestamp max_time() const { return max_time_; }
  // The finished bytes; the chunk is empty afterwards.
  std::string Take();

 private:
  BitWriter bits_;
  XorTrack value_;
  int samples_ = 0;
  Timestamp min_time_{};
  Timestamp max_time_{};
  std::uint64_t delta_ = 0;
};

}  // namespace meerkat::remote
