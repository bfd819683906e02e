#include "server/remote/xor_chunk.h"

#include <bit>
#include <utility>

namespace meerkat::remote {
namespace {

bool FitsIn(std::int64_t value, int bits) {
  const std::int64_t half = std::int64_t{1} << (bits - 1);
  return -(half - 1) <= value && value <= half;
}

}  // namespace

void XorChunk::WriteBit(bool bit) {
  if (free_bits_ == 0) {
    bytes_ += '\0';
    free_bits_ = 8;
  }
  --free_bits_;
  if (bit) bytes_.back() = static_cast<char>(bytes_.back() | (1 << free_bits_));
}

void XorChunk::WriteBits(std::uint64_t bits, int count) {
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

void XorChunk::WriteUvarint(std::uint64_t value) {
  while (value >= 0x80) {
    WriteBits(value | 0x80, 8);
    value >>= 7;
  }
  WriteBits(value, 8);
}

void XorChunk::WriteXor(double value) {
  const std::uint64_t change =
      std::bit_cast<std::uint64_t>(value) ^ std::bit_cast<std::uint64_t>(value_);
  value_ = value;
  WriteBit(change != 0);
  if (change == 0) return;
  // Five bits hold the leading zeros.
  const int leading = std::min(std::countl_zero(change), 31);
  const int trailing = std::countr_zero(change);
  if (leading_ >= 0 && leading >= leading_ && trailing >= trailing_) {
    WriteBit(false);
    WriteBits(change >> trailing_, 64 - leading_ - trailing_);
    return;
  }
  leading_ = leading;
  trailing_ = trailing;
  const int size = 64 - leading - trailing;
  WriteBit(true);
  WriteBits(static_cast<std::uint64_t>(leading), 5);
  WriteBits(static_cast<std::uint64_t>(size) & 63, 6);  // 64 is written as 0
  WriteBits(change >> trailing, size);
}

void XorChunk::Append(Timestamp time, double value) {
  if (samples_ == 0) {
    min_time_ = time;
    const std::int64_t millis = ToMillis(time);
    WriteUvarint(static_cast<std::uint64_t>(millis) << 1 ^
                 static_cast<std::uint64_t>(millis >> 63));
    WriteBits(std::bit_cast<std::uint64_t>(value), 64);
    value_ = value;
  } else {
    const std::uint64_t delta = static_cast<std::uint64_t>(ToMillis(time)) -
                                static_cast<std::uint64_t>(ToMillis(max_time_));
    if (samples_ == 1) {
      WriteUvarint(delta);
    } else {
      const auto change = static_cast<std::int64_t>(delta - delta_);
      const auto bits = static_cast<std::uint64_t>(change);
      if (change == 0) {
        WriteBit(false);
      } else if (FitsIn(change, 14)) {
        WriteBits(0b10, 2);
        WriteBits(bits, 14);
      } else if (FitsIn(change, 17)) {
        WriteBits(0b110, 3);
        WriteBits(bits, 17);
      } else if (FitsIn(change, 20)) {
        WriteBits(0b1110, 4);
        WriteBits(bits, 20);
      } else {
        WriteBits(0b1111, 4);
        WriteBits(bits, 64);
      }
    }
    delta_ = delta;
    WriteXor(value);
  }
  max_time_ = time;
  ++samples_;
}

std::string XorChunk::Take() {
  bytes_[0] = static_cast<char>(samples_ >> 8);
  bytes_[1] = static_cast<char>(samples_);
  std::string out = std::move(bytes_);
  *this = XorChunk();
  return out;
}

}  // namespace meerkat::remote
