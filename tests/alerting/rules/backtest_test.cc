#include "alerting/backtest.h"

#include <gtest/gtest.h>

#include <functional>

#include "alerting/matchers.h"
#include "base/number.h"
#include "promql/parser.h"

namespace meerkat::alerting {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// Series that are there from a second until before another, told by the selector that asks.
struct Line {
  std::string query;  // a part of the expression's text
  Labels labels;
  std::int64_t from, until;
  double value = 1;
};

// Rules over drawn lines, evaluated every ten seconds; times are seconds.
class BacktestTest : public testing::Test {
 protected:
  BacktestTest() {
    rule.alert = "Down";
    rule.query = "up == 0";
    rule.expression = *promql::Parse(rule.query);
    rule.labels = {{"severity", "page"}};
    rule.annotations = {{"summary", "value"}};
    config.route.receiver = "team";
    config.route.group_by = {{"alertname"}};
    config.route.group_wait = seconds(30);
    config.route.group_interval = minutes(5);
    for (const char* name : {"team", "boss"}) {
      Integration integration;
      integration.config = WebhookConfig();
      config.receivers.push_back({name, {}, {integration}});
    }
    first = FirstTick(Group(), FromMillis(0));
  }

  Timestamp At(std::int64_t second) const { return first + seconds(second); }

  RuleGroupConfig Group() const {
    RuleGroupConfig group;
    group.name = group.file = "g";
    group.interval = seconds(10);
    group.rules = {rule};
    return group;
  }

  BacktestWorld World() {
    BacktestWorld world;
    world.query = [this](const promql::Expr&, std::string_view text, Timestamp start, Timestamp end,
                         Millis step) -> Result<promql::Matrix> {
      queries.emplace_back(text);
      promql::Matrix matrix;
      for (const Line& line : lines) {
        if (text.find(line.query) == std::string_view::npos) continue;
        promql::MatrixSeries& series = matrix.emplace_back();
        series.labels = line.labels;
        for (Timestamp t = start; t <= end; t += std::max(step, Millis(1))) {
          if (At(line.from) <= t && t < At(line.until)) {
            series.floats.push_back({t, line.value});
          }
        }
      }
      return matrix;
    };
    world.expand = [](std::string_view, std::string_view text, const promql::VectorSample& sample,
                      Timestamp) -> Result<std::string> {
      return text == "value" ? FormatFloat(sample.value) : std::string(text);
    };
    world.go_on = [this]() -> Result<> {
      if (canceled) return Error(Code::kCanceled, "enough");
      return {};
    };
    world.config = std::make_shared<Config>(config);
    return world;
  }

  Result<Backtest> Try(std::int64_t start, std::int64_t end, BacktestLimits limits = {}) {
    return RunBacktest({Group(), {At(start), At(end)}}, World(), limits);
  }

  // "pending@20 firing@50 end@90"
  std::string Phases(const BacktestInstance& instance) const {
    std::string out;
    for (const auto& phase : instance.phases) {
      out += (out.empty() ? "" : " ") + std::string(NameOf(phase.state)) + "@" + Second(phase.from);
      if (phase.to) out += "-" + Second(*phase.to);
    }
    return out;
  }
  std::string Second(Timestamp t) const { return std::to_string((t - first) / seconds(1)); }
  // "80 team webhook[0] firing 0 resolved; …"
  std::string Told(const Backtest& result) const {
    std::string out;
    for (const auto& told : result.notifications) {
      out += (out.empty() ? "" : "; ") + Second(told.at) + " " + told.receiver + "/" +
             told.integration + " " + std::to_string(told.firing.size()) + "+" +
             std::to_string(told.resolved.size()) + " " + told.reason;
    }
    return out;
  }

  RuleConfig rule;
  Config config;
  std::vector<Line> lines;
  std::vector<std::string> queries;
  bool canceled = false;
  Timestamp first;  // the group's first tick: second 0
  const Labels down_a{{"__name__", "up"}, {"instance", "a"}};
  const Labels down_b{{"__name__", "up"}, {"instance", "b"}};
};

TEST_F(BacktestTest, TellsWhenAnAlertWouldHaveBeenPendingFiringAndResolved) {
  rule.hold = seconds(30);
  lines = {{"up", down_a, 20, 90, 7}, {"up", down_b, 100, 120}};
  const auto result = Try(0, 600);
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_EQ(result->evaluations, 64U);  // three of them before the range
  EXPECT_EQ(result->samples, 9U);
  ASSERT_EQ(result->instances.size(), 2U);
  EXPECT_EQ(result->instances[0].labels,
            (Labels{{"alertname", "Down"}, {"instance", "a"}, {"severity", "page"}}));
  EXPECT_EQ(result->instances[0].annotations.Get("summary"), "7");
  EXPECT_EQ(Phases(result->instances[0]), "pending@20-50 firing@50-90");
  EXPECT_EQ(Phases(result->instances[1]), "pending@100-120");
  EXPECT_EQ(Told(*result),
            "80 team/webhook[0] 1+0 first notification; "
            "380 team/webhook[0] 0+1 all alerts resolved");
}

TEST_F(BacktestTest, WhatHoldsAtTheEndsOfTheRangeIsKnown) {
  rule.hold = seconds(30);
  lines = {{"up", down_a, -1000, 5000}};
  const auto result = Try(600, 700);
  ASSERT_EQ(result->instances.size(), 1U);
  EXPECT_EQ(Phases(result->instances[0]), "pending@570-600 firing@600");
  EXPECT_EQ(Told(*result), "630 team/webhook[0] 1+0 first notification");
}

TEST_F(BacktestTest, KeepFiringForAndWhatWasOverBefore) {
  rule.keep_firing = seconds(60);
  lines = {{"up", down_a, 500, 550}, {"up", down_b, 545, 550}};
  const auto result = Try(600, 700);
  ASSERT_EQ(result->instances.size(), 1U) << "b was never seen at a tick";
  EXPECT_EQ(Phases(result->instances[0]), "firing@540-610");
}

TEST_F(BacktestTest, TheRoutingTreeSaysWho) {
  RouteConfig route;
  route.receiver = "boss";
  route.matchers = {*ParseMatcher("instance=b")};
  config.route.routes = {route};
  config.receivers[0].integrations[0].send_resolved = false;
  lines = {{"up", down_a, 0, 100}, {"up", down_b, 60, 100}};
  EXPECT_EQ(Told(*Try(0, 1000)),
            "30 team/webhook[0] 1+0 first notification; "
            "90 boss/webhook[0] 1+0 first notification; "
            "390 boss/webhook[0] 0+1 all alerts resolved");
}

TEST_F(BacktestTest, FiringAlertsOfOtherRulesInhibit) {
  InhibitRuleConfig inhibit;
  inhibit.source = {*ParseMatcher("alertname=Outage")};
  inhibit.target = {*ParseMatcher("severity=page")};
  inhibit.equal = {"zone"};
  config.inhibit_rules = {inhibit};
  const Labels in_zone{{"__name__", "up"}, {"instance", "a"}, {"zone", "z"}};
  lines = {{"up", in_zone, 0, 400},
           {"ALERTS",
            Labels{{"__name__", "ALERTS"},
                   {"alertname", "Outage"},
                   {"alertstate", "firing"},
                   {"zone", "z"}},
            0, 200}};
  EXPECT_EQ(Told(*Try(0, 400)), "330 team/webhook[0] 1+0 first notification");
  config.inhibit_rules.clear();
  EXPECT_EQ(Told(*Try(0, 400)), "30 team/webhook[0] 1+0 first notification");
}

TEST_F(BacktestTest, AsksForTheRangeInPiecesAndForRangeWordsInstantByInstant) {
  EXPECT_TRUE(Try(0, 10'000));
  EXPECT_EQ(queries.size(), 3U);  // 1001 evaluations
  queries.clear();
  rule.query = "up @ end() == 0";
  EXPECT_TRUE(Try(0, 1'000));
  EXPECT_EQ(queries.size(), 101U);
}

TEST_F(BacktestTest, TooManyAlertsOfOneEvaluationAreFailures) {
  lines = {{"up", down_a, 0, 50}, {"up", down_b, 20, 40}};
  RuleGroupConfig group = Group();
  group.limit = 1;
  const auto result = RunBacktest({group, {At(0), At(100)}}, World(), {});
  EXPECT_EQ(result->failures, 2U);
  EXPECT_EQ(Second(result->failed.at(0).first), "20");
  EXPECT_EQ(result->failed.at(0).second, "exceeded limit of 1 with 2 alerts");
  EXPECT_EQ(Phases(result->instances[0]), "firing@0-20 firing@40-50");
}

TEST_F(BacktestTest, Limits) {
  lines = {{"up", down_a, 0, 500}, {"up", down_b, 0, 500}};
  BacktestLimits limits;
  limits.evaluations = 10;
  EXPECT_EQ(Try(0, 100, limits).error().code(), Code::kInvalid);
  EXPECT_TRUE(Try(0, 90, limits));
  limits.samples = 19;
  EXPECT_EQ(Try(0, 90, limits).error().code(), Code::kInvalid);
  limits = {};
  limits.instances = 1;
  const auto cut = Try(0, 90, limits);
  EXPECT_TRUE(cut->instances_cut);
  EXPECT_EQ(cut->instances.size(), 1U);
  limits.notifications = 0;
  EXPECT_TRUE(Try(0, 90, limits)->notifications_cut);
  canceled = true;
  EXPECT_EQ(Try(0, 90).error().code(), Code::kCanceled);
}

}  // namespace
}  // namespace meerkat::alerting
