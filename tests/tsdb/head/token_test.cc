#include "tsdb/head/token.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

namespace meerkat::tsdb {
namespace {

std::uint64_t Bits(double value) {
  return std::bit_cast<std::uint64_t>(value);
}

// Encodes, decodes and gives the size.
std::size_t RoundTrip(std::uint64_t before, std::uint64_t value, std::uint8_t& scale) {
  char token[kMaxToken];
  const std::size_t size = EncodeValue(before, value, scale, token);
  Token decoded;
  EXPECT_EQ(DecodeToken(token, token + size, before, decoded), token + size);
  EXPECT_EQ(decoded.kind, Token::Kind::kValue);
  EXPECT_EQ(decoded.value, value) << std::bit_cast<double>(before) << " -> "
                                  << std::bit_cast<double>(value);
  for (std::size_t cut = 0; cut < size; ++cut) {
    EXPECT_EQ(DecodeToken(token, token + cut, before, decoded), nullptr) << "a cut token";
  }
  return size;
}

struct Row {
  double before, value;
  std::size_t size;  // at most
};

TEST(Token, IsSmallForSmallSteps) {
  const Row rows[] = {
      {0, 1, 1},          {0, 7, 1},          {100, 93, 1},
      {1000, 1500, 2},    {0.5, 0.25, 2},     {12.34, 12.35, 1},
      {1e9, 1e9 + 50, 2}, {0, 1700000000, 6}, {0.1, 0.30000001, 9},
      {1.5, 2.0, 2},      {-3, 4, 1},         {0, 0.000001, 1},
  };
  for (const Row& row : rows) {
    std::uint8_t scale = 0;
    EXPECT_LE(RoundTrip(Bits(row.before), Bits(row.value), scale), row.size)
        << row.before << " -> " << row.value;
  }
}

TEST(Token, KeepsEveryBitOfAnyPair) {
  const double specials[] = {0.0,
                             -0.0,
                             1,
                             -1,
                             0.1,
                             1e-300,
                             1e300,
                             9007199254740991,
                             9007199254740992,
                             9007199254740994,
                             std::numeric_limits<double>::infinity(),
                             -std::numeric_limits<double>::infinity(),
                             std::bit_cast<double>(0x7ff0000000000002ULL),
                             std::bit_cast<double>(0xfff8000000000123ULL),
                             std::numeric_limits<double>::denorm_min(),
                             0.3,
                             123456.789012};
  std::uint8_t scale = 0;
  for (const double before : specials) {
    for (const double value : specials) {
      if (Bits(before) != Bits(value)) RoundTrip(Bits(before), Bits(value), scale);
    }
  }
}

TEST(Token, KeepsEveryBitOfRandomWalks) {
  std::mt19937_64 random(3);
  for (int walk = 0; walk < 50; ++walk) {
    std::uint8_t scale = 0;
    std::uint64_t before = 0;
    const double unit = std::pow(10, -static_cast<double>(random() % 9));
    for (int step = 0; step < 500; ++step) {
      std::uint64_t value = random();
      if (walk % 3 != 0) {
        value = Bits(std::round((std::bit_cast<double>(before) +
                                 static_cast<double>(random() % 1000) * unit) /
                                unit) *
                     unit);
      }
      if (value == before) continue;
      RoundTrip(before, value, scale);
      before = value;
    }
  }
}

TEST(Token, HostileBytesEndOrFail) {
  std::mt19937_64 random(4);
  for (int i = 0; i < 20000; ++i) {
    char bytes[16];
    for (char& byte : bytes) byte = static_cast<char>(random());
    const char* in = bytes;
    Token token;
    while (in != nullptr && in != bytes + sizeof bytes) {
      const char* next = DecodeToken(in, bytes + sizeof bytes, random(), token);
      ASSERT_TRUE(next == nullptr || next > in);
      in = next;
    }
  }
}

}  // namespace
}  // namespace meerkat::tsdb
