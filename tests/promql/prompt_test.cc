// A prompt query never keeps its caller: it answers from memory within its time, or ends so that it
// may be asked again in earnest.

#include <gtest/gtest.h>

#include "promql/engine.h"
#include "tests/promql/memory_storage.h"

namespace meerkat::promql {
namespace {

using std::chrono::microseconds;

class Prompt : public ::testing::Test {
 protected:
  Prompt() : engine_(EngineOptions(), storage_) {
    for (int i = 0; i < 3; ++i) {
      MemoryStorage::Sample sample;
      sample.time = FromMillis(600'000);
      sample.value = i;
      storage_.Add(Labels{{"__name__", "m"}, {"i", std::to_string(i)}}, sample);
    }
  }

  Result<QueryResult> Run(const std::string& query, std::optional<microseconds> prompt) const {
    QueryOptions options;
    options.start = options.end = FromMillis(600'000);
    options.prompt = prompt;
    return engine_.Run(query, options);
  }

  // Gives up with kTimeout, and is answered when asked again.
  void ExpectInEarnestOnly(const std::string& query, microseconds prompt) const {
    const auto result = Run(query, prompt);
    ASSERT_FALSE(result) << query;
    EXPECT_EQ(result.error().code(), Code::kTimeout) << query;
    EXPECT_TRUE(Run(query, std::nullopt)) << query;
  }

  static constexpr microseconds kAllTheTime = std::chrono::hours(1);
  MemoryStorage storage_;
  Engine engine_;
};

TEST_F(Prompt, AnswersFromMemoryWithinItsTime) {
  const auto result = Run("sum(m)", kAllTheTime);
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(std::get<Vector>(result->value).at(0).value, 3);
}

TEST_F(Prompt, EndsWithItsTime) {
  ExpectInEarnestOnly("sum(m)", microseconds(0));
}

TEST_F(Prompt, DoesNotWaitForADisk) {
  storage_.MoveToDisk();
  ExpectInEarnestOnly("sum(m)", kAllTheTime);
  EXPECT_TRUE(Run("1 + 1", kAllTheTime));
}

TEST_F(Prompt, NeedsNoThreadOfItsOwn) {
  std::string deep = "m";
  for (int i = 0; i < 1000; ++i) deep = "(" + deep + ")";
  ExpectInEarnestOnly(deep, kAllTheTime);
}

}  // namespace
}  // namespace meerkat::promql
