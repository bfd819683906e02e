#include "alerting/rules/order.h"

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <thread>

#include "promql/parser.h"

namespace meerkat::alerting {
namespace {

// "record: expression" and "ALERT Name: expression" lines as a group.
RuleGroupConfig GroupOf(const std::vector<std::pair<std::string, std::string>>& rules) {
  RuleGroupConfig group;
  for (const auto& [name, query] : rules) {
    RuleConfig& rule = group.rules.emplace_back();
    const bool alert = name.starts_with("ALERT ");
    (alert ? rule.alert : rule.record) = alert ? name.substr(6) : name;
    rule.expression = *promql::Parse(query);
    rule.query = query;
  }
  return group;
}

std::string Order(const std::vector<std::pair<std::string, std::string>>& rules) {
  std::string out;
  for (const auto& batch : EvaluationOrder(GroupOf(rules))) {
    out += out.empty() ? "" : " | ";
    for (std::size_t i = 0; i < batch.size(); ++i) {
      out += (i == 0 ? "" : " ") + std::to_string(batch[i]);
    }
  }
  return out;
}

TEST(EvaluationOrder, IndependentRulesAreOneBatch) {
  EXPECT_EQ(Order({}), "");
  EXPECT_EQ(Order({{"a", "x"}, {"b", "sum(y)"}, {"ALERT C", "z > 0"}}), "0 1 2");
}

TEST(EvaluationOrder, FirstWhatReadsNothingThenTheMiddleThenWhatNobodyReads) {
  EXPECT_EQ(Order({{"a", "x"}, {"b", "rate(a[5m])"}, {"ALERT C", "b > 0"}}), "0 | 1 | 2");
  EXPECT_EQ(Order({{"ALERT C", "a > 0"}, {"ALERT D", "b > 0"}, {"a", "x"}, {"b", "x"}}),
            "2 3 | 0 1");
  EXPECT_EQ(Order({{"a", "x"}, {"b", "a"}, {"c", "a"}, {"d", "b + c"}}), "0 | 1 | 2 | 3");
}

TEST(EvaluationOrder, SelectorsAreFoundEverywhere) {
  for (const char* query :
       {"sum by (l) (-(a))", "x + on() a", "max_over_time(sum(a)[5m:1m])", "topk(scalar(a), x)",
        "{__name__=\"a\", l=\"v\"}", "label_replace(a, \"b\", \"\", \"c\", \"\")"}) {
    EXPECT_EQ(Order({{"ALERT D", query}, {"a", "x"}}), "1 | 0") << query;
  }
}

TEST(EvaluationOrder, ARuleThatReadsItselfIsInTheMiddle) {
  EXPECT_EQ(Order({{"a", "a + 1"}, {"b", "x"}}), "1 | 0");
}

TEST(EvaluationOrder, WhatCouldReadAnythingKeepsTheOrderOfTheFile) {
  for (const char* query : {"{l=\"v\"}", "{__name__=~\"x.*\"}", "ALERTS", "ALERTS_FOR_STATE"}) {
    EXPECT_EQ(Order({{"a", "x"}, {"b", query}, {"c", "x"}}), "0 | 1 | 2") << query;
  }
}

TEST(SharedWork, EveryPieceIsDoneOnceWhoeverComesToHelp) {
  std::vector<std::thread> threads;
  {
    SharedWork shared(
        [&threads](std::function<void()> task) { threads.emplace_back(std::move(task)); }, 3);
    std::vector<std::atomic<int>> done(1000);
    shared.Run(done.size(), [&done](std::size_t i) { ++done[i]; });
    for (const auto& times : done) EXPECT_EQ(times, 1);
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(SharedWork, TheCallerDoesItAloneWhenNobodyComesAndHelpersAreCounted) {
  std::deque<std::function<void()>> queue;
  auto shared = std::make_unique<SharedWork>(
      [&queue](std::function<void()> task) { queue.push_back(std::move(task)); }, 2);
  int done = 0;
  shared->Run(5, [&done](std::size_t) { ++done; });
  EXPECT_EQ(done, 5);
  EXPECT_EQ(queue.size(), 2U);
  shared->Run(5, [&done](std::size_t) { ++done; });
  EXPECT_EQ(queue.size(), 2U) << "both helpers are still asked for";
  shared = nullptr;
  for (const auto& late : queue) late();
  EXPECT_EQ(done, 10);
}

}  // namespace
}  // namespace meerkat::alerting
