// Random queries over random data, by the engine and by an evaluator that is too simple to be wrong
// in the same way. MEERKAT_FUZZ_QUERIES sets how many (2,000), MEERKAT_FUZZ_SEED where to begin.

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <map>

#include "base/number.h"
#include "promql/engine.h"
#include "promql/histogram_buckets.h"
#include "promql/parser.h"
#include "tests/promql/naive.h"
#include "tests/promql/random_query.h"

namespace meerkat::promql {
namespace {

struct Cell {
  double value = 0;
  HistogramPtr histogram;
};
// By series and time.
using Table = std::map<std::pair<Labels, std::int64_t>, Cell>;

Table ToTable(const Value& value) {
  Table table;
  for (const MatrixSeries& series : std::get<Matrix>(value)) {
    for (const FloatPoint& point : series.floats) {
      table[{series.labels, ToMillis(point.time)}] = {point.value, nullptr};
    }
    for (const HistogramPoint& point : series.histograms) {
      table[{series.labels, ToMillis(point.time)}] = {0, point.histogram};
    }
  }
  return table;
}

// The naive one adds in another order and precision.
bool Close(double a, double b) {
  if (a == b || (std::isnan(a) && std::isnan(b))) return true;
  return std::fabs(a - b) <= 1e-9 * std::max({std::fabs(a), std::fabs(b), 1.0});
}

bool SameCell(const Cell& a, const Cell& b) {
  if ((a.histogram == nullptr) != (b.histogram == nullptr)) return false;
  if (a.histogram == nullptr) return Close(a.value, b.value);
  const auto x = BucketsOf(*a.histogram), y = BucketsOf(*b.histogram);
  return Close(a.histogram->count, b.histogram->count) &&
         Close(a.histogram->sum, b.histogram->sum) &&
         std::equal(x.begin(), x.end(), y.begin(), y.end(), [](const auto& p, const auto& q) {
           return p.lower == q.lower && Close(p.count, q.count);
         });
}

std::string Describe(const Table& table) {
  std::string out;
  for (const auto& [key, cell] : table) {
    out += key.first.ToString() + "@" + std::to_string(key.second) + "=" +
           (cell.histogram ? FormatHistogram(*cell.histogram) : FormatFloat(cell.value, 'g')) + " ";
    if (out.size() > 600) break;
  }
  return out;
}

std::size_t FromEnvironment(const char* name, std::size_t fallback) {
  const char* text = std::getenv(name);
  return text == nullptr ? fallback : std::strtoull(text, nullptr, 10);
}

TEST(RandomQueries, AgreeWithTheNaiveEvaluator) {
  const std::size_t queries = FromEnvironment("MEERKAT_FUZZ_QUERIES", 2000);
  const std::size_t first_seed = FromEnvironment("MEERKAT_FUZZ_SEED", 1);
  constexpr std::size_t kQueriesPerData = 100;
  constexpr std::int64_t kStart = 200000, kEnd = 1250000, kStep = 47000;
  std::size_t compared = 0, with_content = 0;
  for (std::size_t i = 0; i < queries; i += kQueriesPerData) {
    const std::size_t seed = first_seed + i / kQueriesPerData;
    RandomQueries random(seed);
    const MemoryStorage storage = random.Data();
    EngineOptions engine_options;
    engine_options.parse = {
        .experimental_functions = true, .extended_range_selectors = true, .fill_modifiers = true};
    engine_options.delayed_name_removal = seed % 2 == 0;
    const Engine engine(engine_options, storage);
    const NaiveEvaluator naive(storage,
                               {.start = kStart,
                                .end = kEnd,
                                .step = kStep,
                                .delayed_name_removal = engine_options.delayed_name_removal});
    for (std::size_t q = 0; q < kQueriesPerData; ++q) {
      const std::string text = random.Query();
      const auto tree = Parse(text, engine_options.parse);
      ASSERT_TRUE(tree.ok()) << text << ": " << tree.error().message();
      QueryOptions options;
      options.start = FromMillis(kStart);
      options.end = FromMillis(kEnd);
      options.step = Millis(kStep);
      const auto result = engine.Run(text, options);
      Table expected;
      std::string error;
      try {
        for (std::int64_t time = kStart; time <= kEnd; time += kStep) {
          for (const auto& sample : naive.Answer(**tree, time)) {
            expected[{sample.labels, time}] = {sample.value, sample.histogram};
          }
        }
      } catch (const NaiveError& thrown) {
        error = thrown.message;
      }
      if (error == "unsupported") continue;
      ++compared;
      with_content += !expected.empty();
      if (!error.empty()) {
        EXPECT_FALSE(result.ok()) << "seed " << seed << ": " << text << ": should fail: " << error;
        continue;
      }
      ASSERT_TRUE(result.ok()) << "seed " << seed << ": " << text << ": "
                               << result.error().message();
      const Table got = ToTable(result->value);
      const bool same = std::equal(got.begin(), got.end(), expected.begin(), expected.end(),
                                   [](const auto& a, const auto& b) {
                                     return a.first == b.first && SameCell(a.second, b.second);
                                   });
      EXPECT_TRUE(same) << "seed " << seed << ": " << text << "\n  engine " << Describe(got)
                        << "\n  naive  " << Describe(expected);
    }
  }
  EXPECT_GT(compared, queries / 2);
  EXPECT_GT(with_content, queries / 4);
}

}  // namespace
}  // namespace meerkat::promql
