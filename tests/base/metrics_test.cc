#include "base/metrics.h"

#include <gtest/gtest.h>

namespace meerkat {
namespace {

TEST(Registry, ExposesFamiliesInOrder) {
  Registry registry;
  registry.counter("b_total", "Bs.", {{"k", "x\"y"}}).Add(2);
  registry.gauge("a", "As.").Set(1.5);
  registry.histogram("h", "Hs.", {0.1, 1}).Observe(0.5);
  EXPECT_EQ(registry.Exposition(),
            "# HELP a As.\n# TYPE a gauge\na 1.5\n"
            "# HELP b_total Bs.\n# TYPE b_total counter\nb_total{k=\"x\\\"y\"} 2\n"
            "# HELP h Hs.\n# TYPE h histogram\nh_bucket{le=\"0.1\"} 0\nh_bucket{le=\"1\"} 1\n"
            "h_bucket{le=\"+Inf\"} 1\nh_sum 0.5\nh_count 1\n");
}

TEST(Registry, AChildIsTheSameEachTime) {
  Registry registry;
  registry.counter("c", "C.").Add();
  registry.counter("c", "C.").Add();
  EXPECT_EQ(registry.counter("c", "C.").value(), 2);
}

TEST(Summary, TellsQuantilesOfRecentObservations) {
  Summary summary;
  EXPECT_NE(summary.Take().quantile(0.5), summary.Take().quantile(0.5));  // NaN
  for (int i = 1; i <= 100; ++i) summary.Observe(i);
  EXPECT_EQ(summary.Take().quantile(0.5), 50);
  EXPECT_EQ(summary.Take().quantile(0.99), 99);
  EXPECT_EQ(summary.Take().count, 100U);
}

}  // namespace
}  // namespace meerkat
