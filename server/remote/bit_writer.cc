#include "server/remote/bit_writer.h"

#include <algorithm>
#include <bit>

namespace meerkat::remote {
namespace {

constexpr int kWidths[] = {3, 6, 9, 12, 18, 25, 56};

bool FitsIn(std::int64_t value, int bits) {
  const std::int64_t half = std::int64_t{1} << (bits - 1);
  return -(half - 1) <= value && value <= half;
}

}  // namespace

void BitWriter::Bits(std::uint64_t bits, int count) {
  while (count > 0) {
    if (free_bits_ == 0) {
      bytes_ += '\0';
      free_bits_ = 8;
    }
    const int take = std::min(count, free_bits_);
    const std::uint64_t part = (bits >> (count - take)) & ((1U << take) - 1U);
    free_bits_ -= take;
    count -= take;
    bytes_.back() =
        static_cast<char>(static_cast<unsigned char>(bytes_.back()) | (part << free_bits_));
  }
}

void BitWriter::Double(double value) {
  Bits(std::bit_cast<std::uint64_t>(value), 64);
}

void BitWriter::Uvarint(std::uint64_t value) {
  while (value >= 0x80) {
    Bits(value | 0x80, 8);
    value >>= 7;
  }
  Bits(value, 8);
}

void BitWriter::Varint(std::int64_t value) {
  Uvarint(static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63));
}

void BitWriter::VarbitInt(std::int64_t value) {
  if (value == 0) return Bit(false);
  int ones = 1;
  for (const int width : kWidths) {
    if (FitsIn(value, width)) {
      Bits((1U << (ones + 1)) - 2, ones + 1);
      return Bits(static_cast<std::uint64_t>(value), width);
    }
    ++ones;
  }
  Bits(0xff, 8);
  Bits(static_cast<std::uint64_t>(value), 64);
}

void BitWriter::VarbitUint(std::uint64_t value) {
  if (value == 0) return Bit(false);
  int ones = 1;
  for (const int width : kWidths) {
    if (value < std::uint64_t{1} << width) {
      Bits((1U << (ones + 1)) - 2, ones + 1);
      return Bits(value, width);
    }
    ++ones;
  }
  Bits(0xff, 8);
  Bits(value, 64);
}

void XorTrack::First(BitWriter& out, double value) {
  value_ = value;
  out.Double(value);
}

void XorTrack::Next(BitWriter& out, double value) {
  const std::uint64_t change =
      std::bit_cast<std::uint64_t>(value) ^ std::bit_cast<std::uint64_t>(value_);
  value_ = value;
  out.Bit(change != 0);
  if (change == 0) return;
  // Five bits hold the leading zeros.
  const int leading = std::min(std::countl_zero(change), 31);
  const int trailing = std::countr_zero(change);
  if (leading_ >= 0 && leading >= leading_ && trailing >= trailing_) {
    out.Bit(false);
    out.Bits(change >> trailing_, 64 - leading_ - trailing_);
    return;
  }
  leading_ = leading;
  trailing_ = trailing;
  const int size = 64 - leading - trailing;
  out.Bit(true);
  out.Bits(static_cast<std::uint64_t>(leading), 5);
  out.Bits(static_cast<std::uint64_t>(size) & 63, 6);  // 64 is written as 0
  out.Bits(change >> trailing, size);
}

}  // namespace meerkat::remote
