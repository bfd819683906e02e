#include "tsdb/chunk/values.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "base/number.h"

namespace meerkat::tsdb {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
const double kNan = std::numeric_limits<double>::quiet_NaN();

std::string Encoded(const std::vector<double>& values) {
  std::string bytes;
  EncodeValues(values, bytes);
  return bytes;
}

void ExpectIdentity(const std::vector<double>& values) {
  const std::string bytes = Encoded(values);
  std::vector<double> back(values.size(), 77);
  const auto decoded = DecodeValues(bytes, back);
  ASSERT_TRUE(decoded.ok()) << "form " << static_cast<int>(bytes[0]);
  for (std::size_t i = 0; i < values.size(); ++i) {
    ASSERT_EQ(std::bit_cast<std::uint64_t>(back[i]), std::bit_cast<std::uint64_t>(values[i]))
        << "value " << i << " of " << values.size() << ", form " << static_cast<int>(bytes[0]);
  }
}

std::vector<double> Generate(std::size_t n, const auto& next) {
  std::vector<double> values(n);
  for (std::size_t i = 0; i < n; ++i) values[i] = next(i);
  return values;
}

TEST(Values, NothingIsNoBytes) {
  EXPECT_EQ(Encoded({}), "");
  EXPECT_TRUE(DecodeValues("", {}).ok());
  EXPECT_FALSE(DecodeValues("x", {}).ok());
}

TEST(Values, ConstantsTakeAFewBytes) {
  const struct {
    double value;
    std::size_t bytes;
  } cases[] = {{0, 1},     {1, 2},      {-1, 2},    {1024, 3},   {0.5, 3},
               {99.99, 5}, {-0.0, 9},   {M_PI, 9},  {kInf, 9},   {StaleNan(), 9},
               {1e15, 9},  {5e-324, 9}, {1e300, 9}, {1.25e-7, 4}};
  for (const auto& [value, bytes] : cases) {
    const std::vector<double> values(480, value);
    EXPECT_EQ(Encoded(values).size(), bytes) << value;
    ExpectIdentity(values);
  }
}

TEST(Values, KeepsEveryBit) {
  const double odd[] = {0.0,
                        -0.0,
                        1,
                        -1,
                        0.1,
                        1.0 / 3,
                        kInf,
                        -kInf,
                        kNan,
                        -kNan,
                        StaleNan(),
                        std::bit_cast<double>(0x7ff0dead0000beefULL),
                        std::bit_cast<double>(0xfff8000000000123ULL),
                        5e-324,
                        -5e-324,
                        std::numeric_limits<double>::min(),
                        std::numeric_limits<double>::max(),
                        std::numeric_limits<double>::lowest(),
                        9007199254740991.0,
                        9007199254740992.0,
                        -9007199254740992.0,
                        9223372036854774784.0,
                        9223372036854775808.0,
                        -9223372036854775808.0,
                        18446744073709551615.0,
                        1e22,
                        1e23,
                        123456.789e-12,
                        4.35,
                        0.000001};
  for (const double a : odd) {
    for (const double b : odd) {
      for (const std::size_t n : {1, 2, 3, 32, 255, 256, 257, 513}) {
        ExpectIdentity(Generate(n, [&](std::size_t i) { return i % 2 == 0 ? a : b; }));
        if (HasFatalFailure()) return;
        // One odd value in a quiet column, at the front, in the middle and at the end.
        for (const std::size_t at : {std::size_t{0}, n / 2, n - 1}) {
          ExpectIdentity(Generate(n, [&](std::size_t i) { return i == at ? a : b; }));
        }
      }
    }
  }
}

TEST(Values, HoldsWhatMonitoringSeesInFewBits) {
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> unit(0, 1);
  double sum = 0;
  const auto bytes_per_sample = [](const std::vector<double>& values) {
    ExpectIdentity(values);
    return static_cast<double>(Encoded(values).size()) / static_cast<double>(values.size());
  };
  const auto counter =
      Generate(512, [&](std::size_t) { return sum += static_cast<double>(random() % 16); });
  EXPECT_LT(bytes_per_sample(counter), 0.55);
  const auto gauge =
      Generate(512, [&](std::size_t) { return std::round(unit(random) * 1000) / 100; });
  EXPECT_LT(bytes_per_sample(gauge), 1.4);
  const auto pages =
      Generate(512, [&](std::size_t) { return 4096.0 * static_cast<double>(random() % 256); });
  EXPECT_LT(bytes_per_sample(pages), 1.1);
  sum = 17.25;
  const auto seconds = Generate(
      512, [&](std::size_t) { return sum += static_cast<double>(random() % 65536) / 1e9; });
  EXPECT_LT(bytes_per_sample(seconds), 2.9);
  sum = 0;
  const auto rare = Generate(512, [&](std::size_t) { return sum += random() % 32 == 0 ? 1 : 0; });
  EXPECT_LT(bytes_per_sample(rare), 0.1);
  const auto steady = Generate(512, [&](std::size_t i) { return 1.5e9 + 15.0 * i; });
  EXPECT_LT(bytes_per_sample(steady), 0.03);
}

TEST(Values, AFewOddValuesDoNotSpoilTheColumn) {
  const auto values = Generate(512, [](std::size_t i) {
    return i == 0 || i == 300 ? kNan : static_cast<double>(100 + i % 4);
  });
  ExpectIdentity(values);
  EXPECT_LT(Encoded(values).size(), 512 / 2U);
}

TEST(Values, NoiseCostsNoMoreThanItself) {
  std::mt19937_64 random(11);
  const auto bits = Generate(4096, [&](std::size_t) { return std::bit_cast<double>(random()); });
  ExpectIdentity(bits);
  EXPECT_LE(Encoded(bits).size(), 4096 * 8 + 100U);
}

// Columns glued together from everything a series can do.
TEST(Values, IdentityOverRandomColumns) {
  std::mt19937_64 random(20261120);
  std::uniform_real_distribution<double> unit(0, 1);
  std::uint64_t samples = 0;
  for (int round = 0; round < 3000; ++round) {
    const std::size_t n = 1 + random() % (round % 50 == 0 ? 3000 : 600);
    std::vector<double> values;
    double value = std::round(unit(random) * 1e6);
    while (values.size() < n) {
      const std::size_t length = std::min<std::size_t>(n - values.size(), 1 + random() % 400);
      const auto kind = random() % 12;
      const double power = std::pow(10, static_cast<double>(random() % 20));
      for (std::size_t i = 0; i < length; ++i) {
        switch (kind) {
          case 0:
            break;
          case 1:
            value += static_cast<double>(random() % 100);
            break;
          case 2:
            value = std::round(unit(random) * 1e5) / power;
            break;
          case 3:
            value += std::round(unit(random) * 1e6) / 1e9;
            break;
          case 4:
            value = unit(random);
            break;
          case 5:
            value = std::bit_cast<double>(random());
            break;
          case 6:
            value = random() % 3 == 0 ? kNan : 1;
            break;
          case 7:
            value = random() % 50 == 0 ? 0 : value + 1;
            break;
          case 8:
            value = -value;
            break;
          case 9:
            value = 1e18 + 512.0 * static_cast<double>(random() % 1000);
            break;
          case 10:
            value = random() % 2 == 0 ? kInf : -0.0;
            break;
          default:
            value = std::nextafter(value, random() % 2 == 0 ? kInf : -kInf);
            break;
        }
        values.push_back(value);
      }
      if (!std::isfinite(value)) value = 0;
    }
    samples += n;
    ExpectIdentity(values);
    if (HasFatalFailure()) FAIL() << "round " << round;
  }
  EXPECT_GT(samples, 500000U);
}

TEST(Values, EveryCutIsCorruption) {
  std::mt19937_64 random(3);
  for (const auto& values :
       {Generate(300, [&](std::size_t i) { return static_cast<double>(i * i % 97); }),
        Generate(300, [&](std::size_t i) { return static_cast<double>(i) / 7; }),
        Generate(600, [&](std::size_t i) { return i == 5 ? kNan : 0.25 * (i % 9); })}) {
    const std::string bytes = Encoded(values);
    std::vector<double> back(values.size());
    for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
      EXPECT_FALSE(DecodeValues(std::string_view(bytes).substr(0, cut), back).ok()) << cut;
    }
    EXPECT_FALSE(DecodeValues(bytes + '\0', back).ok());
    // Flipped bytes decode to something else or not at all, never to undefined behaviour.
    for (int flip = 0; flip < 2000; ++flip) {
      std::string damaged = bytes;
      damaged[random() % damaged.size()] = static_cast<char>(random());
      const auto decoded = DecodeValues(damaged, back);
      if (!decoded) EXPECT_EQ(decoded.error().code(), Code::kCorruption);
    }
  }
}

}  // namespace
}  // namespace meerkat::tsdb
