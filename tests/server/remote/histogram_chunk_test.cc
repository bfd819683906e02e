#include "server/remote/histogram_chunk.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "base/number.h"
#include "tsdb/import/prometheus_chunk.h"

namespace meerkat::remote {
namespace {

using ResetHint = Histogram::ResetHint;

Histogram Sample(bool integer, double scale) {
  Histogram h;
  h.integer = integer;
  h.schema = 3;
  h.zero_threshold = 0.001;
  h.zero_count = 2 * scale;
  h.sum = 7.25 * scale;
  h.positive_spans = {{-2, 2}, {3, 1}};
  h.negative_spans = {{0, 1}};
  h.positive_buckets = {1 * scale, 0, 5 * scale};
  h.negative_buckets = {3 * scale};
  h.count = 11 * scale;
  return h;
}

// What a reader of Prometheus's chunks finds, hints aside.
void ExpectRoundTrip(const std::vector<Histogram>& histograms) {
  HistogramChunk chunk;
  Timestamp time = FromMillis(1'700'000'000'123);
  std::vector<Timestamp> times;
  for (const Histogram& histogram : histograms) {
    ASSERT_TRUE(chunk.Append(time, histogram));
    times.push_back(time);
    time += Millis(14'000 + static_cast<int>(times.size() % 3) * 1000);
  }
  EXPECT_EQ(chunk.min_time(), times.front());
  EXPECT_EQ(chunk.max_time(), times.back());
  const auto encoding = static_cast<std::uint8_t>(chunk.encoding());
  std::vector<tsdb::PlainSample> read;
  const auto decoded = tsdb::DecodePrometheusChunk(encoding, chunk.Take(), read);
  ASSERT_TRUE(decoded) << decoded.error().message();
  ASSERT_EQ(read.size(), histograms.size());
  for (std::size_t i = 0; i < read.size(); ++i) {
    EXPECT_EQ(read[i].time, times[i]);
    Histogram found = *read[i].histogram;
    found.reset_hint = histograms[i].reset_hint;
    if (histograms[i].IsStale()) {
      EXPECT_TRUE(found.IsStale());
    } else {
      EXPECT_TRUE(found.SameAs(histograms[i])) << i;
    }
  }
  EXPECT_EQ(chunk.samples(), 0);
}

TEST(HistogramChunk, GivesBackEveryCount) {
  for (const bool integer : {true, false}) {
    std::vector<Histogram> growing;
    std::mt19937_64 random(7);
    double scale = 1;
    for (int i = 0; i < HistogramChunk::kMaxSamples; ++i) {
      growing.push_back(Sample(integer, scale));
      scale += static_cast<double>(random() % (i % 7 == 0 ? 1'000'000'000 : 5));
      if (!integer) growing.back().sum = scale / 3;
    }
    ExpectRoundTrip(growing);
    ExpectRoundTrip({growing[0]});
    Histogram stale;
    stale.integer = integer;
    stale.sum = StaleNan();
    ExpectRoundTrip({growing[0], growing[1], stale, growing[5]});
    ExpectRoundTrip({stale});
  }
}

TEST(HistogramChunk, GivesBackEveryLayout) {
  Histogram custom;
  custom.schema = Histogram::kCustomSchema;
  custom.custom_bounds = {-1.5, 0.001, 1.0 / 3, 10, 40'000, 1e300};
  custom.positive_spans = {{1, 2}};
  custom.positive_buckets = {4, 5};
  custom.count = 9;
  custom.sum = 12;
  ExpectRoundTrip({custom, custom});
  for (const double threshold : {0.0, 1.0, 0x1p-128, 0x1p-500, 0.3, 1e-10, 2048.0}) {
    Histogram h = Sample(true, 1);
    h.zero_threshold = threshold;
    h.schema = -4;
    ExpectRoundTrip({h});
  }
  ExpectRoundTrip({Histogram()});
}

TEST(HistogramChunk, BeginsAnewWhereAReaderWouldBeWrong) {
  const Histogram first = Sample(true, 2);
  const auto belongs = [&](const Histogram& next, const Histogram& before) {
    HistogramChunk chunk;
    EXPECT_TRUE(chunk.Append(FromMillis(1), before));
    return chunk.Append(FromMillis(2), next);
  };
  const auto changed = [&](const auto& change) {
    Histogram next = Sample(true, 3);
    change(next);
    return next;
  };
  EXPECT_TRUE(belongs(changed([](Histogram&) {}), first));
  EXPECT_FALSE(belongs(changed([](Histogram& h) { h.schema = 2; }), first));
  EXPECT_FALSE(belongs(changed([](Histogram& h) { h.integer = false; }), first));
  EXPECT_FALSE(belongs(changed([](Histogram& h) { h.zero_threshold = 1; }), first));
  EXPECT_FALSE(belongs(changed([](Histogram& h) { h.positive_spans[0].offset = 0; }), first));
  EXPECT_FALSE(belongs(changed([](Histogram& h) { h.reset_hint = ResetHint::kReset; }), first));
  EXPECT_FALSE(belongs(changed([](Histogram& h) { h.reset_hint = ResetHint::kGauge; }), first));
  EXPECT_FALSE(belongs(changed([](Histogram& h) { h.positive_buckets[0] = 1; }), first));
  EXPECT_FALSE(belongs(Sample(true, 1), first));
  // Gauges may fall.
  Histogram high = first;
  Histogram low = Sample(true, 1);
  high.reset_hint = low.reset_hint = ResetHint::kGauge;
  EXPECT_TRUE(belongs(low, high));
}

}  // namespace
}  // namespace meerkat::remote
