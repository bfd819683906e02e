// Large queries are helped by other threads, and nobody can tell from the answer.

#include "promql/workers.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>

#include "promql/engine.h"
#include "tests/promql/memory_storage.h"

namespace meerkat::promql {
namespace {

constexpr int kSeries = 1500;
constexpr int kSamples = 400;

HistogramPtr MakeHistogram(double count) {
  auto histogram = std::make_shared<Histogram>();
  histogram->count = count;
  histogram->sum = count / 3;
  histogram->positive_spans = {{0, 2}};
  histogram->positive_buckets = {count / 2, count / 2};
  return histogram;
}

// Counters that reset, gaps, a few histograms, a damaged series, names that rate() asks about.
class WorkersTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    storage_ = new MemoryStorage;
    for (int i = 0; i < kSeries; ++i) {
      const Labels labels{{"__name__", i % 2 == 0 ? "m_total" : "m"},
                          {"i", std::to_string(i)},
                          {"g", std::to_string(i % 7)}};
      for (int t = 0; t < kSamples; ++t) {
        if ((t + i) % 97 == 0) continue;
        MemoryStorage::Sample sample;
        sample.time = FromMillis(t * 15'000 + i % 3);
        sample.value = std::sin(i) * 1e6 + (t * (i + 1)) % 1009 * 0.1;
        if (i % 400 == 399) sample.histogram = MakeHistogram(t * 2);
        storage_->Add(labels, sample);
      }
      if (i == 1111) storage_->Damage(labels, "part 1, block 2: checksum");
    }
  }
  static void TearDownTestSuite() {
    delete storage_;
    storage_ = nullptr;
  }

  static Result<QueryResult> Run(const std::string& query, Workers* workers,
                                 std::uint64_t max_samples = 50'000'000,
                                 std::uint64_t max_memory = 0) {
    EngineOptions options;
    options.parse.experimental_functions = true;
    options.per_step_stats = true;
    options.workers = workers;
    options.max_samples = max_samples;
    options.max_memory = max_memory;
    QueryOptions asked;
    asked.start = FromMillis(600'000);
    asked.end = FromMillis(kSamples * 15'000);
    asked.step = Millis(60'000);
    return Engine(options, *storage_).Run(query, asked);
  }

  static std::string TextOf(const QueryResult& result) {
    std::string out;
    const auto add = [&out](const auto& number) {
      out.append(reinterpret_cast<const char*>(&number), sizeof(number));
    };
    for (const MatrixSeries& series : std::get<Matrix>(result.value)) {
      out += series.labels.ToString();
      for (const FloatPoint& point : series.floats) {
        add(point.time);
        add(point.value);
      }
      for (const HistogramPoint& point : series.histograms) {
        add(point.time);
        add(point.histogram->sum);
        add(point.histogram->count);
      }
    }
    for (const std::string& note : result.warnings) out += note + "\n";
    for (const std::string& note : result.infos) out += note + "\n";
    for (const auto& [time, samples] : result.stats.samples_per_step) add(samples);
    for (const auto& [time, samples] : result.stats.samples_read_per_step) add(samples);
    return out;
  }

  static MemoryStorage* storage_;
};
MemoryStorage* WorkersTest::storage_ = nullptr;

TEST_F(WorkersTest, AnswersAreTheSameBitForBit) {
  Workers workers(4);
  for (const std::string query : {
           "sum by (g) (rate({__name__=~\"m|m_total\"}[5m]))",
           "avg(m_total)",
           "stddev by (g) (quantile_over_time(0.3, {__name__=~\"m.*\"}[10m]))",
           "topk(3, deriv(m_total[20m]))",
           "m_total * 2",
           "increase(m[10m])",
           "sum(max_over_time(rate(m_total[5m])[10m:1m]))",
           "count_values(\"v\", round(m_total, 1e5))",
           "sum(avg_over_time({__name__=~\"m.*\"}[1h]))",
           "sum(rate(m[5m])) / sum(rate(m[5m]))",
       }) {
    const auto alone = Run(query, nullptr);
    const auto helped = Run(query, &workers);
    ASSERT_TRUE(alone.ok()) << query << ": " << alone.error().message();
    ASSERT_TRUE(helped.ok()) << query << ": " << helped.error().message();
    EXPECT_TRUE(TextOf(*alone) == TextOf(*helped)) << query;
  }
}

TEST_F(WorkersTest, ErrorsAreTheSame) {
  Workers workers(4);
  for (const std::uint64_t max_samples : {5'000, 50'000, 150'000}) {
    const auto alone = Run("m * 2", nullptr, max_samples);
    const auto helped = Run("m * 2", &workers, max_samples);
    ASSERT_EQ(alone.ok(), helped.ok()) << max_samples;
    if (!alone) EXPECT_EQ(alone.error().message(), helped.error().message());
  }
  const auto large = Run("m * 2", &workers, 50'000'000, 100'000);
  ASSERT_FALSE(large.ok());
  EXPECT_EQ(large.error().message(),
            "query would hold more than 100000 bytes in memory, the limit of --query.max-memory");
}

TEST(Workers, HelpOnlyWhereACoreIsFree) {
  std::atomic<int> ran = 0;
  {
    Workers workers(2);
    const Workers::Guest query(&workers);
    const auto tick = [&ran] { ++ran; };
    while (ran < 3) workers.TryRun(tick);
    const Workers::Guest another(&workers);
    while (workers.TryRun(tick)) {
    }
    EXPECT_FALSE(workers.TryRun(tick));
  }
  EXPECT_GE(ran, 3);
}

}  // namespace
}  // namespace meerkat::promql
