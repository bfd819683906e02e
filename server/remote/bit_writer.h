#pragma once

#include <cstdint>
#include <string>

namespace meerkat::remote {

// Bits behind each other, the highest of a byte first, as Prometheus's chunks are written.
class BitWriter {
 public:
  void Bit(bool bit) { Bits(bit ? 1 : 0, 1); }
  // The lowest `count` bits of `bits`, 0 to 64.
  void Bits(std::uint64_t bits, int count);
  void Double(double value);
  // Seven bits to a byte, the lowest first; the signed form in zigzag.
  void Uvarint(std::uint64_t value);
  void Varint(std::int64_t value);
  // A prefix that tells the width, then that many bits: small numbers are short.
  //   varbit := 0 | 10 i3 | 110 i6 | 1110 i9 | 11110 i12 | 111110 i18 | 1111110 i25 |
  //             11111110 i56 | 11111111 i64
  void VarbitInt(std::int64_t value);
  void VarbitUint(std::uint64_t value);

  std::string& bytes() { return bytes_; }

 private:
  std::string bytes_;
  int free_bits_ = 0;  // in the last byte
};

// A number that is written as what changed since the one before.
//   xor := 0 | 10 bits of the last window | 11 leading: 5, size: 6, bits
class XorTrack {
 public:
  // The first one stands as it is.
  void First(BitWriter& out, double value);
  void Next(BitWriter& out, double value);

 private:
  double value_ = 0;
  int leading_ = -1;  // none yet
  int trailing_ = 0;
};

}  // namespace meerkat::remote
