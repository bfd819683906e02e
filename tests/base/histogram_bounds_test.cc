#include "base/histogram_bounds.h"

#include <gtest/gtest.h>

#include <limits>

namespace meerkat {
namespace {

constexpr double kMax = std::numeric_limits<double>::max();
constexpr double kInf = std::numeric_limits<double>::infinity();

// As upstream's tool prints them.
TEST(ExponentialBound, IsUpstreamsToTheLastDigit) {
  const struct {
    std::int32_t index, schema;
    double bound;
  } cases[] = {
      {0, 0, 1},
      {1, 0, 2},
      {-1, 0, 0.5},
      {1, -1, 4},
      {-3, -2, 0x1p-12},
      {1, -4, 65536},
      {-1, 1, 0.7071067811865475},
      {1, 1, 1.414213562373095},
      {-1, 2, 0.8408964152537144},
      {3, 2, 1.6817928305074288},
      {5, 2, 2.378414230005442},
      {-1, 3, 0.9170040432046711},
      {-1, 8, 0.9972960560854698},
      {-255, 8, 0.5013556375251013},
      {1024, 0, kMax},
      {1025, 0, kInf},
      {64, -4, kMax},
      {4 * 1024, 2, kMax},
      {-1075, 0, 0},
      {512, 9, 2},
  };
  for (const auto& [index, schema, bound] : cases) {
    EXPECT_EQ(ExponentialBound(index, schema), bound) << index << " of schema " << schema;
  }
}

TEST(ExponentialBound, RisesWithoutGaps) {
  for (std::int32_t schema = -4; schema <= 12; ++schema) {
    for (std::int32_t index = -600; index < 600; ++index) {
      const double bound = ExponentialBound(index, schema);
      EXPECT_LE(bound, ExponentialBound(index + 1, schema));
      if (schema >= 0 && schema < 8) EXPECT_EQ(bound, ExponentialBound(2 * index, schema + 1));
    }
  }
}

}  // namespace
}  // namespace meerkat
