#include "tsdb/head/token.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstring>

namespace meerkat::tsdb {

namespace {

constexpr unsigned kScales = 7;
constexpr std::uint8_t kRawScale = kScales;  // the last value fitted no scale
constexpr std::uint64_t kSpecial = 7;
constexpr std::array<double, kScales> kPow10 = {1, 10, 100, 1e3, 1e4, 1e5, 1e6};
constexpr double kExact = 9007199254740992.0;  // 2^53: beyond it, integers are not all doubles

constexpr std::uint64_t Special(std::uint64_t which) {
  return which << 3 | kSpecial;
}

// round(value * 10^scale), when that is an exact integer range; else nothing.
bool Scale(double value, unsigned scale, std::int64_t& scaled) {
  const double product = value * kPow10[scale];
  if (!(std::fabs(product) < kExact)) return false;  // NaN too
  scaled = std::llrint(product);
  return true;
}

double Unscale(std::int64_t scaled, unsigned scale) {
  return scale == 0 ? static_cast<double>(scaled) : static_cast<double>(scaled) / kPow10[scale];
}

}  // namespace

std::size_t EncodeValue(std::uint64_t before, std::uint64_t value, std::uint8_t& scale, char* out) {
  const double old_value = std::bit_cast<double>(before);
  const double new_value = std::bit_cast<double>(value);
  const unsigned first = scale;
  // The scale of last time, then the others from the smallest. A series that fitted none is asked
  // for whole numbers only: floats that are no decimals stay so.
  for (unsigned attempt = 0; attempt <= kScales; ++attempt) {
    const unsigned candidate = attempt == 0 ? (first < kScales ? first : 0) : attempt - 1;
    if (attempt != 0 && first == kRawScale) break;
    if (attempt != 0 && candidate == first) continue;
    std::int64_t from = 0;
    std::int64_t to = 0;
    if (!Scale(new_value, candidate, to)) continue;
    if (std::bit_cast<std::uint64_t>(Unscale(to, candidate)) != value) continue;
    if (!Scale(old_value, candidate, from)) continue;
    if (candidate == 0 && to == from) continue;  // that would read as "the same"
    scale = static_cast<std::uint8_t>(candidate);
    return static_cast<std::size_t>(PutVarint(out, ZigZag(to - from) << 3 | candidate) - out);
  }
  // Every now and then such a series gets another try at all scales, for free: 1 in 32 by its bits.
  scale = (value >> 20 & 31) == 0 ? 0 : kRawScale;
  return static_cast<std::size_t>(PutRaw(out, value) - out);
}

const char* DecodeToken(const char* in, const char* end, std::uint64_t before, Token& token) {
  std::uint64_t head = 0;
  in = GetVarint(in, end, head);
  if (in == nullptr) return nullptr;
  if (head == 0) {
    token.kind = Token::Kind::kSame;
    token.count = 1;
    return in;
  }
  const unsigned scale = head & 7;
  if (scale != kSpecial) {
    std::int64_t from = 0;
    if (!Scale(std::bit_cast<double>(before), scale, from)) return nullptr;
    // Unsigned: bytes that no encoder wrote may overflow, and may.
    const auto to = static_cast<std::int64_t>(static_cast<std::uint64_t>(from) +
                                              static_cast<std::uint64_t>(UnZigZag(head >> 3)));
    token.kind = Token::Kind::kValue;
    token.value = std::bit_cast<std::uint64_t>(Unscale(to, scale));
    return in;
  }
  switch (head >> 3) {
    case 0:
    case 6:
      if (static_cast<std::size_t>(end - in) < sizeof token.value) return nullptr;
      std::memcpy(&token.value, in, sizeof token.value);
      token.kind = head >> 3 == 0 ? Token::Kind::kValue : Token::Kind::kBase;
      return in + sizeof token.value;
    case 1:
      token.kind = Token::Kind::kAbsent;
      return GetVarint(in, end, token.count);
    case 2:
      token.kind = Token::Kind::kHistogram;
      return in;
    case 3: {
      std::uint64_t start = 0;
      in = GetVarint(in, end, start);
      token.kind = Token::Kind::kStart;
      token.start = UnZigZag(start);
      return in;
    }
    case 4:
      token.kind = Token::Kind::kSame;
      return GetVarint(in, end, token.count);
    case 5:
      token.kind = Token::Kind::kNoStart;
      return in;
    case 7:
      token.kind = Token::Kind::kLoose;
      return in;
    default:
      return nullptr;
  }
}

char* PutAbsent(char* out, std::uint64_t rows) {
  return PutVarint(PutVarint(out, Special(1)), rows);
}
char* PutHistogram(char* out) {
  return PutVarint(out, Special(2));
}
char* PutStart(char* out, std::int64_t start) {
  return PutVarint(PutVarint(out, Special(3)), ZigZag(start));
}
char* PutNoStart(char* out) {
  return PutVarint(out, Special(5));
}
char* PutBase(char* out, std::uint64_t before) {
  out = PutVarint(out, Special(6));
  std::memcpy(out, &before, sizeof before);
  return out + sizeof before;
}
char* PutLoose(char* out) {
  return PutVarint(out, Special(7));
}
char* PutRaw(char* out, std::uint64_t value) {
  out = PutVarint(out, Special(0));
  std::memcpy(out, &value, sizeof value);
  return out + sizeof value;
}
char* PutSame(char* out, std::uint64_t count) {
  return count == 1 ? PutVarint(out, 0) : PutVarint(PutVarint(out, Special(4)), count);
}

}  // namespace meerkat::tsdb
