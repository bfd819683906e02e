#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "tsdb/chunk/bytes.h"

// The values of one series, each as what changed since the value before: tokens of one to ten
// bytes, the same in the journal and in the head. The first value stands against 0.0.
//
//   token := head: varint, rest          the low three bits of head are its class c
//   head 0: the value before, once
//   c 0..6: value = (round(before * 10^c) + unzigzag(head >> 3)) / 10^c
//   c 7:    head >> 3 is
//           0 raw         the value's eight bytes
//           1 absent      n: varint         no sample in the next n rows
//           2 histogram                     a native histogram, kept beside
//           3 start       zigzag varint     the start timestamp from the next sample on
//           4 same        n: varint         the value before, n times
//           5 no start                      no start timestamp from the next sample on
//           6 base        eight bytes       the value before, without a sample of its own
//           7 loose                         the next sample is out of order (journal only)
namespace meerkat::tsdb {

inline constexpr std::size_t kMaxToken = 12;

// Varints: seven bits a byte, low ones first.
inline char* PutVarint(char* out, std::uint64_t value) {
  while (value >= 0x80) {
    *out++ = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  *out++ = static_cast<char>(value);
  return out;
}
inline void AppendVarint(std::string& out, std::uint64_t value) {
  if (value < 0x80) {
    out.push_back(static_cast<char>(value));
    return;
  }
  char buffer[10];
  out.append(buffer, static_cast<std::size_t>(PutVarint(buffer, value) - buffer));
}
// nullptr when the bytes end first or say more than 64 bits.
inline const char* GetVarint(const char* in, const char* end, std::uint64_t& value) {
  std::uint64_t result = 0;
  for (unsigned shift = 0; shift < 64 && in != end; shift += 7) {
    const auto byte = static_cast<unsigned char>(*in++);
    result |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) {
      value = result;
      return in;
    }
  }
  return nullptr;
}

// `value` after `before`, both as bits. `scale` is the decimal exponent that served the series last
// time and is tried first; it is the caller's to keep. Writes at most kMaxToken bytes, returns how
// many.
std::size_t EncodeValue(std::uint64_t before, std::uint64_t value, std::uint8_t& scale, char* out);

struct Token {
  enum class Kind : std::uint8_t {
    kValue,
    kAbsent,
    kHistogram,
    kStart,
    kSame,
    kNoStart,
    kBase,
    kLoose
  };
  Kind kind = Kind::kValue;
  std::uint64_t value = 0;  // kValue, kBase: bits
  std::uint64_t count = 0;  // kAbsent, kSame
  std::int64_t start = 0;   // kStart: milliseconds
};
// The token at `in`; nullptr for bytes that no encoder wrote.
const char* DecodeToken(const char* in, const char* end, std::uint64_t before, Token& token);

// Tokens without a value.
char* PutAbsent(char* out, std::uint64_t rows);
char* PutHistogram(char* out);
char* PutStart(char* out, std::int64_t start);
char* PutNoStart(char* out);
char* PutBase(char* out, std::uint64_t before);
char* PutLoose(char* out);
// A value whatever stands before it.
char* PutRaw(char* out, std::uint64_t value);
char* PutSame(char* out, std::uint64_t count);

}  // namespace meerkat::tsdb
