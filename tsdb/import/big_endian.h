#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "tsdb/chunk/bytes.h"

// What Prometheus's files are made of: big-endian numbers, varints, CRC-32C.
namespace meerkat::tsdb {

inline std::uint32_t LoadBig32(const char* from) {
  return __builtin_bswap32(LoadLittle<std::uint32_t>(from));
}
inline std::uint64_t LoadBig64(const char* from) {
  return __builtin_bswap64(LoadLittle<std::uint64_t>(from));
}

// Walks over bytes that may be hostile; see ByteReader.
class BigReader : public ByteReader {
 public:
  using ByteReader::ByteReader;

  bool Big16(std::uint16_t& value) {
    std::string_view bytes;
    if (!Bytes(2, bytes)) return false;
    value = static_cast<std::uint16_t>(static_cast<std::uint8_t>(bytes[0]) << 8 |
                                       static_cast<std::uint8_t>(bytes[1]));
    return true;
  }
  bool Big32(std::uint32_t& value) {
    std::string_view bytes;
    if (!Bytes(4, bytes)) return false;
    value = LoadBig32(bytes.data());
    return true;
  }
  bool Big64(std::uint64_t& value) {
    std::string_view bytes;
    if (!Bytes(8, bytes)) return false;
    value = LoadBig64(bytes.data());
    return true;
  }
  // A length in front of as many bytes.
  bool Text(std::string_view& text) {
    std::uint64_t size;
    return Varint(size, left()) && Bytes(size, text);
  }
};

// The polynomial of Castagnoli, as iSCSI and Prometheus use it.
inline std::uint32_t Crc32c(std::string_view bytes) {
  struct Table {
    std::array<std::uint32_t, 256> entries{};
    constexpr Table() {
      for (std::uint32_t i = 0; i < 256; ++i) {
        std::uint32_t value = i;
        for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ ((value & 1) != 0 ? 0x82F63B78U : 0);
        entries[i] = value;
      }
    }
  };
  static constexpr Table kTable;
  std::uint32_t crc = ~std::uint32_t{0};
  for (const char c : bytes) {
    crc = kTable.entries[(crc ^ static_cast<std::uint8_t>(c)) & 0xFF] ^ crc >> 8;
  }
  return ~crc;
}

}  // namespace meerkat::tsdb
