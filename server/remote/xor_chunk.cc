#include "server/remote/xor_chunk.h"

#include <utility>

namespace meerkat::remote {
namespace {

bool FitsIn(std::int64_t value, int bits) {
  const std::int64_t half = std::int64_t{1} << (bits - 1);
  return -(half - 1) <= value && value <= half;
}

}  // namespace

void XorChunk::Append(Timestamp time, double value) {
  if (samples_ == 0) {
    min_time_ = time;
    bits_.Varint(ToMillis(time));
    value_.First(bits_, value);
  } else {
    const std::uint64_t delta = static_cast<std::uint64_t>(ToMillis(time)) -
                                static_cast<std::uint64_t>(ToMillis(max_time_));
    if (samples_ == 1) {
      bits_.Uvarint(delta);
    } else {
      const auto change = static_cast<std::int64_t>(delta - delta_);
      const auto bits = static_cast<std::uint64_t>(change);
      if (change == 0) {
        bits_.Bit(false);
      } else if (FitsIn(change, 14)) {
        bits_.Bits(0b10, 2);
        bits_.Bits(bits, 14);
      } else if (FitsIn(change, 17)) {
        bits_.Bits(0b110, 3);
        bits_.Bits(bits, 17);
      } else if (FitsIn(change, 20)) {
        bits_.Bits(0b1110, 4);
        bits_.Bits(bits, 20);
      } else {
        bits_.Bits(0b1111, 4);
        bits_.Bits(bits, 64);
      }
    }
    delta_ = delta;
    value_.Next(bits_, value);
  }
  max_time_ = time;
  ++samples_;
}

std::string XorChunk::Take() {
  std::string out = {static_cast<char>(samples_ >> 8), static_cast<char>(samples_)};
  out += bits_.bytes();
  *this = XorChunk();
  return out;
}

}  // namespace meerkat::remote
