#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "tsdb/chunk/bytes.h"

// Bit-packing of small unsigned numbers, a unit of up to 256 at a time.
namespace meerkat::tsdb {

inline constexpr std::size_t kUnit = 256;

// How many numbers there are of each bit width; what the choice of a packing rests on.
class WidthCounts {
 public:
  static unsigned WidthOf(std::uint64_t value) {
    return 64U - static_cast<unsigned>(std::countl_zero(value));
  }
  // Two rows by parity of position: neighbours of equal width do not wait for each other.
  void Add(std::size_t index, std::uint64_t value) {
    ++counts_[index & 1][WidthOf(value)];
    all_bits_ |= value;
  }
  std::uint32_t Of(unsigned width) const { return counts_[0][width] + counts_[1][width]; }
  unsigned Widest() const { return WidthOf(all_bits_); }

 private:
  std::uint64_t all_bits_ = 0;
  std::uint32_t counts_[2][65] = {};
};

// About how many bits `n` numbers with these widths take, packed in the best way.
std::uint64_t PackedBits(const WidthCounts& widths, std::size_t n);

// Appends `n` <= kUnit numbers.
void PackUnit(const std::uint64_t* values, std::size_t n, std::string& out);
// Takes `n` <= kUnit numbers off the reader; false for bytes PackUnit did not write.
bool UnpackUnit(ByteReader& reader, std::size_t n, std::uint64_t* values);

}  // namespace meerkat::tsdb
