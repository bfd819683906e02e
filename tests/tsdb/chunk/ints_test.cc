#include "tsdb/chunk/ints.h"

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <random>
#include <vector>

#include "tsdb/chunk/positions.h"

namespace meerkat::tsdb {
namespace {

constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

std::size_t ExpectIdentity(const std::vector<std::int64_t>& values) {
  std::string bytes;
  EncodeInts(values, bytes);
  std::vector<std::int64_t> back(values.size());
  ByteReader reader(bytes);
  EXPECT_TRUE(DecodeInts(reader, values.size(), [&](std::size_t first, auto unit) {
    std::copy(unit.begin(), unit.end(), back.begin() + static_cast<std::ptrdiff_t>(first));
  }));
  EXPECT_EQ(reader.left(), 0U);
  EXPECT_EQ(back, values);
  return bytes.size();
}

TEST(Ints, TakesTheWholeRange) {
  for (const std::vector<std::int64_t>& values :
       std::vector<std::vector<std::int64_t>>{{},
                                              {kMin},
                                              {kMax},
                                              {kMin, kMax},
                                              {kMax, kMin, kMax, kMin},
                                              {0, kMin, 0, kMax, -1, 1},
                                              {kMin, 0, kMin, 0, kMin},
                                              {3, 3 + (std::int64_t{1} << 62), 3},
                                              {kMin, kMin + 12, kMax - 7}}) {
    ExpectIdentity(values);
  }
}

TEST(Ints, FindsOrderAndFactor) {
  const struct {
    const char* what;
    std::function<std::int64_t(std::int64_t)> value;
    std::size_t most_bytes;  // for 512 values
  } cases[] = {
      {"constant", [](std::int64_t) { return 5; }, 6},
      {"line", [](std::int64_t i) { return 1000 + 37 * i; }, 10},
      {"falling line", [](std::int64_t i) { return -37 * i; }, 10},
      {"parabola", [](std::int64_t i) { return 3 * i * i; }, 12},
      {"multiples of 4096", [](std::int64_t i) { return 4096 * (i * i % 16); }, 512 * 4 / 8 + 20},
      {"level with noise", [](std::int64_t i) { return 1000000 + i * i * 7 % 8; },
       512 * 3 / 8 + 20},
      {"steps", [](std::int64_t i) { return i / 100; }, 25},
      {"one outlier", [](std::int64_t i) { return i == 77 ? 1000000000 : 5; }, 30},
  };
  for (const auto& [what, value, most_bytes] : cases) {
    std::vector<std::int64_t> values;
    for (std::int64_t i = 0; i < 512; ++i) values.push_back(value(i));
    EXPECT_LE(ExpectIdentity(values), most_bytes) << what;
  }
}

TEST(Ints, IdentityOverRandomColumns) {
  std::mt19937_64 random(8);
  for (int round = 0; round < 4000; ++round) {
    std::vector<std::int64_t> values(random() % 700);
    const auto bits = random() % 64;
    const auto factor = static_cast<std::int64_t>(random() % 3 == 0 ? 1 + random() % 5000 : 1);
    const auto kind = random() % 4;
    std::uint64_t sum = random() >> (random() % 64);
    for (auto& value : values) {
      const std::uint64_t step = random() % 4 == 0 || kind == 3 ? random() >> bits : 0;
      if (kind == 0) sum = step;
      if (kind != 0) sum += step;
      value = static_cast<std::int64_t>(sum * static_cast<std::uint64_t>(factor));
      if (kind == 2 && random() % 100 == 0) sum = 0;
    }
    ExpectIdentity(values);
    if (HasFailure()) FAIL() << "round " << round;
  }
}

TEST(PackUnit, EveryWidthAndLength) {
  std::mt19937_64 random(2);
  for (unsigned width = 0; width <= 64; ++width) {
    for (const std::size_t n : {1, 2, 7, 8, 31, 32, 63, 64, 65, 200, 255, 256}) {
      for (const unsigned density : {1U, 2U, 20U, 300U}) {
        std::vector<std::uint64_t> values(n);
        for (auto& v : values) {
          v = width == 0 || random() % density != 0 ? 0 : random() >> (64 - width);
        }
        if (density == 2) {
          for (auto& v : values) v = std::max<std::uint64_t>(v, width > 2 ? 1 : 0);
        }
        std::string bytes;
        PackUnit(values.data(), n, bytes);
        EXPECT_LE(bytes.size(), (n * width + 7) / 8 + 2);
        std::vector<std::uint64_t> back(n);
        ByteReader reader(bytes);
        ASSERT_TRUE(UnpackUnit(reader, n, back.data()));
        ASSERT_EQ(reader.left(), 0U);
        ASSERT_EQ(back, values) << "width " << width << " n " << n;
      }
    }
  }
}

TEST(Positions, RunsAndMasks) {
  std::mt19937_64 random(10);
  for (int round = 0; round < 3000; ++round) {
    const std::size_t bound = random() % 600;
    const auto stay = 1 + random() % 60;  // the length of a run
    std::vector<std::uint32_t> positions;
    bool in = random() % 2 == 0;
    for (std::uint32_t i = 0; i < bound; ++i) {
      if (random() % stay == 0) in = !in;
      if (in) positions.push_back(i);
    }
    std::string bytes;
    PutPositions(positions, bound, bytes);
    EXPECT_LE(bytes.size(), (bound + 7) / 8 + 1);
    ByteReader reader(bytes);
    std::vector<std::uint32_t> back;
    ASSERT_TRUE(GetPositions(reader, bound, back));
    ASSERT_EQ(reader.left(), 0U);
    ASSERT_EQ(back, positions);
    if (!positions.empty()) {
      ByteReader smaller(bytes);
      ASSERT_FALSE(GetPositions(smaller, positions.back(), back) && smaller.left() == 0);
    }
  }
}

}  // namespace
}  // namespace meerkat::tsdb
