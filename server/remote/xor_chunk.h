#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"

namespace meerkat::remote {

// Float samples in Prometheus's XOR chunk encoding, as remote read streams them.
//   chunk  := count: u16 big endian, bits
//   bits   := first second more*
//   first  := time: varint (zigzag), value: 64
//   second := delta: uvarint, xor
//   more   := change of delta: 0 | 10 i14 | 110 i17 | 1110 i20 | 1111 i64, xor
//   xor    := 0 | 10 bits of the last window | 11 leading: 5, size: 6, bits
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
  void WriteBit(bool bit);
  void WriteBits(std::uint64_t bits, int count);
  void WriteUvarint(std::uint64_t value);
  void WriteXor(double value);

  std::string bytes_ = std::string(2, '\0');
  int free_bits_ = 0;  // in the last byte
  int samples_ = 0;
  Timestamp min_time_{};
  Timestamp max_time_{};
  std::uint64_t delta_ = 0;
  double value_ = 0;
  int leading_ = -1;  // none yet
  int trailing_ = 0;
};

}  // namespace meerkat::remote
