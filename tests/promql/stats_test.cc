// How many samples a query touches, in all and by step: the numbers Prometheus gives for the same
// samples.

#include <gtest/gtest.h>

#include "promql/engine.h"
#include "tests/promql/memory_storage.h"

namespace meerkat::promql {
namespace {

// Two counters and what describes their targets, a sample every 15 s for ten minutes. The second
// counter begins at 450 s, and one of the targets has no counter.
class Stats : public ::testing::Test {
 protected:
  Stats() {
    Add(Labels{{"__name__", "m_total"}, {"instance", "a"}, {"job", "x"}}, 0);
    Add(Labels{{"__name__", "m_total"}, {"instance", "b"}, {"job", "y"}}, 450);
    for (const std::string instance : {"a", "b", "c"}) {
      Add(Labels{{"__name__", "target_info"}, {"instance", instance}, {"job", "x"}}, 0);
    }
  }

  void Add(const Labels& labels, std::int64_t first) {
    for (std::int64_t t = first; t <= 600; t += 15) {
      MemoryStorage::Sample sample;
      sample.time = FromMillis(t * 1000);
      sample.value = static_cast<double>(t);
      storage_.Add(labels, sample);
    }
  }

  // At 400, 500 and 600 s.
  QueryStats Run(const std::string& query) const {
    EngineOptions options;
    options.parse.experimental_functions = true;
    options.per_step_stats = true;
    QueryOptions asked;
    asked.start = FromMillis(400'000);
    asked.end = FromMillis(600'000);
    asked.step = Millis(100'000);
    auto result = Engine(options, storage_).Run(query, asked);
    EXPECT_TRUE(result) << query;
    return result ? result->stats : QueryStats();
  }

  MemoryStorage storage_;
};

TEST_F(Stats, CountsTheSamplesOfEveryStep) {
  const struct {
    std::string query;
    std::vector<std::uint64_t> steps;
  } cases[] = {
      {"1", {0, 0, 0}},
      {"m_total", {1, 2, 2}},
      {"m_total + m_total", {2, 4, 4}},
      {"m_total offset 2m", {1, 1, 2}},
      {"m_total @ 600", {2, 2, 2}},
      {"sum(m_total @ 600)", {2, 2, 2}},
      {"topk(1, m_total)", {1, 2, 2}},
      {"timestamp(m_total)", {1, 2, 2}},
      {"rate(m_total[2m])", {8, 12, 16}},
      {"sum by (job) (rate(m_total[2m] offset 1m))", {8, 8, 15}},
      {"rate(m_total[2m] @ 600)", {16, 16, 16}},
      {"sum_over_time(m_total[2m:30s])", {4, 6, 8}},
      {"max_over_time(rate(m_total[1m])[2m:30s])", {4, 5, 8}},
      {"sum_over_time((m_total @ 600)[2m:30s])", {8, 8, 8}},
      {"absent(none)", {0, 0, 0}},
      // The info series of instances a and b at every step, though no counter is of (b, x).
      {"info(m_total)", {3, 4, 4}},
  };
  for (const auto& c : cases) {
    const QueryStats stats = Run(c.query);
    std::vector<std::uint64_t> steps;
    std::uint64_t total = 0;
    for (const auto& [time, count] : stats.samples_per_step) {
      steps.push_back(count);
      total += count;
    }
    EXPECT_EQ(steps, c.steps) << c.query;
    EXPECT_EQ(stats.total_queryable_samples, total) << c.query;
  }
}

TEST_F(Stats, ASampleReadTwiceIsReadOnce) {
  const QueryStats stats = Run("rate(m_total[5m])");
  EXPECT_EQ(stats.total_queryable_samples, 20U + 24 + 31);
  EXPECT_EQ(stats.samples_read, 20U + (7 + 4) + (7 + 7));
}

}  // namespace
}  // namespace meerkat::promql
