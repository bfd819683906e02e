// Which queries are answered on the io thread: those that are known to be cheap and need no disk.

#include "server/web/prometheus/query_costs.h"
#include "tests/server/web/fixture.h"

namespace meerkat::web {
namespace {

class PromptTest : public WebFixture {
 protected:
  void SetUp() override {
    WebFixture::SetUp();
    web_options_.prompt_cost = std::chrono::milliseconds(900);
    web_options_.prompt_patience = std::chrono::minutes(1);
    Load(Labels{{"__name__", "up"}, {"job", "a"}}, {{0, 1}});
  }

  double Asked() {
    return registry_
        .counter("prometheus_http_requests_total", "",
                 Labels{{"handler", "/api/v1/query"}, {"code", "200"}})
        .value();
  }
};

const std::string kUp = "/api/v1/query?query=up";

TEST_F(PromptTest, AQueryThatIsNotKnownIsAskedInEarnest) {
  EXPECT_FALSE(AskPromptly(GetOf(kUp)));
}

TEST_F(PromptTest, AKnownCheapQueryHasTheSameAnswer) {
  const Answer earnest = Get(kUp);
  const auto prompt = AskPromptly(GetOf(kUp));
  ASSERT_TRUE(prompt);
  EXPECT_EQ(prompt->status, earnest.status);
  EXPECT_EQ(prompt->body, earnest.body);
  EXPECT_EQ(prompt->headers.fields(), earnest.headers.fields());
}

TEST_F(PromptTest, AnExpensiveQueryIsAskedInEarnest) {
  web_options_.prompt_cost = std::chrono::microseconds(0);
  Get(kUp);
  EXPECT_FALSE(AskPromptly(GetOf(kUp)));
}

TEST_F(PromptTest, ALongAnswerIsMadeInEarnest) {
  for (int i = 0; i < 600; ++i) {
    Load(Labels{{"__name__", "wide"}, {"i", std::to_string(i)}}, {{0, 1}});
  }
  Get("/api/v1/query?query=wide");
  EXPECT_FALSE(AskPromptly(GetOf("/api/v1/query?query=wide")));
}

TEST_F(PromptTest, ARangeQueryIsKnownByItsLengthAndStep) {
  const std::string range = "/api/v1/query_range?query=up&start=1699999880&end=1700000000&step=";
  Get(range + "60");
  EXPECT_TRUE(AskPromptly(GetOf(range + "60")));
  EXPECT_FALSE(AskPromptly(GetOf(range + "1")));
}

TEST_F(PromptTest, PromptAnswersAreCountedOnceAndGivenUpOnesNot) {
  Get(kUp);
  const double before = Asked();
  ASSERT_TRUE(AskPromptly(GetOf(kUp)));
  EXPECT_EQ(Asked(), before + 1);
  ASSERT_TRUE(database_->Seal().ok());
  EXPECT_FALSE(AskPromptly(GetOf(kUp)));
  EXPECT_EQ(Asked(), before + 1);
  EXPECT_EQ(registry_.gauge("prometheus_engine_queries", "").value(), 0);
}

TEST_F(PromptTest, WhatLiesOnDiskIsAskedInEarnest) {
  Get(kUp);
  ASSERT_TRUE(database_->Seal().ok());
  EXPECT_FALSE(AskPromptly(GetOf(kUp)));
  EXPECT_EQ(Get(kUp).json["data"]["result"].size(), 1U);
}

TEST_F(PromptTest, WithAQueryLogAllAreAskedInEarnest) {
  Get(kUp);
  ASSERT_TRUE(web_->SetQueryLog((path_ / "queries.log").string()).ok());
  EXPECT_FALSE(AskPromptly(GetOf(kUp)));
}

TEST_F(PromptTest, BeforeTheStoreIsReadyAllAreAskedInEarnest) {
  Get(kUp);
  phase_ = Phase::kStopping;
  EXPECT_FALSE(AskPromptly(GetOf(kUp)));
  EXPECT_EQ(Get(kUp).status, 503);
}

TEST_F(PromptTest, ABadParameterIsToldAtOnce) {
  const auto answer = AskPromptly(GetOf(kUp + "&time=tomorrow"));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 400);
}

TEST(QueryCostsTest, KeepsTheLastCostOfAQuery) {
  const auto key = [](std::string_view text, Millis step = Millis(0)) {
    promql::QueryOptions options;
    options.step = step;
    return QueryCosts::KeyOf(text, options);
  };
  QueryCosts costs;
  EXPECT_FALSE(costs.Of(key("up")));
  costs.Set(key("up"), QueryCosts::Cost(0));
  EXPECT_EQ(costs.Of(key("up")), QueryCosts::Cost(0));
  costs.Set(key("up"), QueryCosts::Cost(150));
  costs.Set(key("down"), QueryCosts::Cost(7));
  EXPECT_EQ(costs.Of(key("up")), QueryCosts::Cost(150));
  EXPECT_FALSE(costs.Of(key("up", Millis(15))));
  costs.Set(key("up"), std::chrono::hours(1));
  EXPECT_GE(*costs.Of(key("up")), std::chrono::seconds(1));
}

}  // namespace
}  // namespace meerkat::web
