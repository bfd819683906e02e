#include "base/histogram_check.h"

#include <gtest/gtest.h>

#include <limits>
#include <utility>

namespace meerkat {
namespace {

// Schema 0, counts 2 and 1, one observation in the zero bucket.
Histogram Sound() {
  Histogram h;
  h.integer = true;
  h.count = 4;
  h.zero_count = 1;
  h.positive_spans = {{0, 1}, {2, 1}};
  h.positive_buckets = {2, 1};
  return h;
}

Histogram Custom() {
  Histogram h;
  h.integer = true;
  h.schema = Histogram::kCustomSchema;
  h.count = 3;
  h.custom_bounds = {1, 2};
  h.positive_spans = {{0, 3}};
  h.positive_buckets = {1, 1, 1};
  return h;
}

template <typename Change>
std::string FaultOf(Histogram histogram, Change change) {
  change(histogram);
  return HistogramFault(histogram);
}

TEST(HistogramFault, SoundOnesHaveNone) {
  EXPECT_EQ(HistogramFault(Sound()), "");
  EXPECT_EQ(HistogramFault(Custom()), "");
  EXPECT_EQ(HistogramFault(Histogram{}), "");
}

TEST(HistogramFault, SpansNameTheBuckets) {
  EXPECT_EQ(FaultOf(Sound(), [](Histogram& h) { h.positive_spans[1].offset = -1; }),
            "positive side: span number 2 with offset -1: histogram has a span whose offset is "
            "negative");
  EXPECT_EQ(FaultOf(Sound(), [](Histogram& h) { h.negative_spans = {{-3, 2}}; }),
            "negative side: spans need 2 buckets, have 0 buckets: histogram spans specify "
            "different number of buckets than provided");
  EXPECT_EQ(FaultOf(Sound(), [](Histogram& h) { h.positive_spans[0].offset = -5; }), "");
}

TEST(HistogramFault, CountsAddUp) {
  EXPECT_EQ(FaultOf(Sound(), [](Histogram& h) { h.count = 5; }),
            "4 observations found in buckets, but the Count field is 5: histogram's observation "
            "count should equal the number of observations found in the buckets (in absence of "
            "NaN)");
  const auto with_nan = [](double count) {
    return FaultOf(Sound(), [&](Histogram& h) {
      h.sum = std::numeric_limits<double>::quiet_NaN();
      h.count = count;
    });
  };
  EXPECT_EQ(with_nan(5), "");
  EXPECT_EQ(with_nan(3),
            "4 observations found in buckets, but the Count field is 3: histogram's observation "
            "count should be at least the number of observations found in the buckets");
  // Floats do not add up exactly.
  EXPECT_EQ(FaultOf(Sound(),
                    [](Histogram& h) {
                      h.integer = false;
                      h.count = 5;
                    }),
            "");
  EXPECT_EQ(FaultOf(Sound(), [](Histogram& h) { h.positive_buckets[1] = -1; }),
            "positive side: bucket number 2 has observation count of -1: histogram has a bucket "
            "whose observation count is negative");
}

TEST(HistogramFault, CustomBoundsAscendAndSuffice) {
  EXPECT_EQ(FaultOf(Custom(), [](Histogram& h) { h.custom_bounds = {2, 2}; }),
            "custom buckets: previous bound is 2.000000 and current is 2.000000: histogram custom "
            "bounds must be in strictly increasing order");
  EXPECT_EQ(FaultOf(Custom(), [](Histogram& h) { h.custom_bounds = {1}; }),
            "custom buckets: only 1 custom bounds defined which is insufficient to cover total "
            "span length of 3: histogram custom bounds are too few");
  EXPECT_EQ(FaultOf(Custom(), [](Histogram& h) { h.zero_count = 1; }),
            "custom buckets: must have zero count of 0");
}

TEST(HistogramFault, SchemasAreKnown) {
  for (const std::int32_t schema : {-5, 9, 52, -52}) {
    EXPECT_NE(FaultOf(Sound(), [&](Histogram& h) { h.schema = schema; }), "") << schema;
  }
}

}  // namespace
}  // namespace meerkat
