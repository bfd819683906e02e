#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

// Reading and writing the small things every format here is made of. Little endian.
namespace meerkat::tsdb {

inline constexpr std::uint64_t ZigZag(std::int64_t v) {
  return (static_cast<std::uint64_t>(v) << 1) ^ static_cast<std::uint64_t>(v >> 63);
}
inline constexpr std::int64_t UnZigZag(std::uint64_t v) {
  return static_cast<std::int64_t>((v >> 1) ^ (~(v & 1) + 1));
}

template <typename T>
T LoadLittle(const char* from) {
  static_assert(std::endian::native == std::endian::little, "formats are little endian");
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}

inline void PutByte(std::uint8_t byte, std::string& out) {
  out.push_back(static_cast<char>(byte));
}
template <typename T>
void PutLittle(T value, std::string& out) {
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  out.append(bytes, sizeof(T));
}
inline void PutVarint(std::uint64_t value, std::string& out) {
  char bytes[10];
  std::size_t n = 0;
  while (value >= 0x80) {
    bytes[n++] = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  bytes[n++] = static_cast<char>(value);
  out.append(bytes, n);
}
inline void PutSigned(std::int64_t value, std::string& out) {
  PutVarint(ZigZag(value), out);
}

// Walks over bytes that may be hostile: each call says whether what it was asked for was there.
// After a false the position is unspecified.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes)
      : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
  const char* at() const { return at_; }

  bool Byte(std::uint8_t& byte) {
    if (at_ == end_) return false;
    byte = static_cast<std::uint8_t>(*at_++);
    return true;
  }
  template <typename T>
  bool Little(T& value) {
    if (left() < sizeof(T)) return false;
    value = LoadLittle<T>(at_);
    at_ += sizeof(T);
    return true;
  }
  bool Varint(std::uint64_t& value) {
    value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      std::uint8_t byte;
      if (!Byte(byte)) return false;
      // The tenth byte has room for one bit.
      if (shift == 63 && byte > 1) return false;
      value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }
  // A varint that must not exceed `most`.
  bool Varint(std::uint64_t& value, std::uint64_t most) { return Varint(value) && value <= most; }
  bool Signed(std::int64_t& value) {
    std::uint64_t raw;
    if (!Varint(raw)) return false;
    value = UnZigZag(raw);
    return true;
  }
  bool Bytes(std::size_t n, std::string_view& bytes) {
    if (left() < n) return false;
    bytes = {at_, n};
    at_ += n;
    return true;
  }

 private:
  const char* at_;
  const char* end_;
};

}  // namespace meerkat::tsdb
