// Warnings and infos as the API tells them.

#include <gtest/gtest.h>

#include "promql/engine.h"
#include "tests/promql/memory_storage.h"

namespace meerkat::promql {
namespace {

using Texts = std::vector<std::string>;

TEST(Notes, TheSameWordsAreSaidOfTheLastPlace) {
  const MemoryStorage storage;
  const Engine engine(EngineOptions(), storage);
  const std::string words = "PromQL warning: quantile value should be between 0 and 1, got ";
  const struct {
    const char* query;
    Texts warnings;
  } kCases[] = {
      {"quantile(2, vector(1)) + quantile(2, vector(1))", {words + "2 (1:35)"}},
      {"quantile(2, quantile(2, vector(1)))", {words + "2 (1:10)"}},
      {"quantile(2, vector(1)) + quantile(3, vector(1))", {words + "2 (1:10)", words + "3 (1:35)"}},
      {"quantile(1, vector(1))", {}},
  };
  for (const auto& test : kCases) {
    for (const std::int64_t step : {0, 10'000}) {
      QueryOptions options;
      options.end = FromMillis(60'000);
      options.step = Millis(step);
      const auto result = engine.Run(test.query, options);
      ASSERT_TRUE(result.ok()) << result.error().message();
      EXPECT_EQ(result->warnings, test.warnings) << test.query;
    }
  }
}

}  // namespace
}  // namespace meerkat::promql
