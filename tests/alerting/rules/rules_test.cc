#include "alerting/rules.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <thread>

#include "alerting/rules/alerting_rule.h"
#include "base/manual_clock.h"
#include "base/number.h"
#include "promql/parser.h"

namespace meerkat::alerting {
namespace {

Timestamp At(std::int64_t seconds) {
  return FromMillis(seconds * 1000);
}

class MemoryState : public StateStore {
 public:
  Result<> Write(std::vector<Change> changes) override {
    for (Change& change : changes) {
      if (change.value) {
        entries[change.key] = *change.value;
      } else {
        entries.erase(change.key);
      }
    }
    return {};
  }
  Result<std::optional<std::string>> Read(std::string_view) const override {
    return std::optional<std::string>();
  }
  Result<> Scan(
      std::string_view prefix,
      const std::function<bool(std::string_view, std::string_view)>& visit) const override {
    for (auto at = entries.lower_bound(prefix);
         at != entries.end() && at->first.starts_with(prefix); ++at) {
      if (!visit(at->first, at->second)) break;
    }
    return {};
  }
  std::map<std::string, std::string, std::less<>> entries;
};

// Keeps every sample by the text of its labels; reads back whole series by equality matchers.
class MemoryStorage : public tsdb::Storage {
 public:
  using Samples = std::vector<std::pair<std::int64_t, double>>;  // seconds
  std::map<Labels, Samples> series;
  std::vector<Labels> refs;

  std::unique_ptr<tsdb::Source> NewSource() override { return std::make_unique<tsdb::Source>(); }
  std::unique_ptr<tsdb::Appender> NewAppender(tsdb::Source*) override {
    return std::make_unique<Writer>(*this);
  }
  Result<std::unique_ptr<tsdb::Querier>> NewQuerier(TimeRange range) const override {
    return std::unique_ptr<tsdb::Querier>(std::make_unique<Reader>(*this, range));
  }
  Result<std::vector<tsdb::SeriesExemplars>> Exemplars(
      TimeRange, std::span<const std::vector<Matcher>>) const override {
    return std::vector<tsdb::SeriesExemplars>();
  }
  std::vector<std::pair<std::string, tsdb::Metadata>> MetricMetadata(
      std::string_view) const override {
    return {};
  }

  // "1@10 1@11 stale@12" of a series, "" when there is none.
  std::string Dump(const Labels& labels) const {
    const auto at = series.find(labels);
    std::string out;
    if (at == series.end()) return out;
    for (const auto& [time, value] : at->second) {
      if (!out.empty()) out += ' ';
      out += (IsStaleNan(value) ? std::string("stale") : FormatFloat(value)) + "@" +
             std::to_string(time);
    }
    return out;
  }

 private:
  class Writer : public tsdb::Appender {
   public:
    explicit Writer(MemoryStorage& storage) : storage_(storage) {}
    tsdb::SeriesRef Resolve(const Labels& labels) override {
      storage_.refs.push_back(labels);
      return static_cast<tsdb::SeriesRef>(storage_.refs.size());
    }
    tsdb::Refusal Append(tsdb::SeriesRef ref, Timestamp time, double value, Timestamp) override {
      pending_.emplace_back(storage_.refs[static_cast<std::size_t>(ref) - 1],
                            std::pair(ToMillis(time) / 1000, value));
      return tsdb::Refusal::kNone;
    }
    tsdb::Refusal Append(tsdb::SeriesRef, Timestamp, HistogramPtr, Timestamp) override {
      return tsdb::Refusal::kNone;
    }
    tsdb::Refusal AppendExemplar(tsdb::SeriesRef, const tsdb::Exemplar&) override {
      return tsdb::Refusal::kNone;
    }
    void SetMetadata(std::string_view, const tsdb::Metadata&) override {}
    Result<> Commit() override {
      for (auto& [labels, sample] : pending_) storage_.series[labels].push_back(sample);
      return {};
    }

   private:
    MemoryStorage& storage_;
    std::vector<std::pair<Labels, std::pair<std::int64_t, double>>> pending_;
  };

  class Set : public tsdb::SeriesSet {
   public:
    std::vector<std::pair<Labels, Samples>> rows;
    std::size_t next = 0;
    Result<bool> Next() override { return next++ < rows.size(); }
    const Labels& labels() const override { return rows[next - 1].first; }
    Result<> Read(tsdb::SeriesColumns& out) override {
      auto times = std::make_shared<tsdb::SeriesColumns::Times>();
      out.values.clear();
      for (const auto& [time, value] : rows[next - 1].second) {
        times->push_back(At(time));
        out.values.push_back(value);
      }
      out.times = times;
      return {};
    }
  };

  class Reader : public tsdb::Querier {
   public:
    Reader(const MemoryStorage& storage, TimeRange range) : storage_(storage), range_(range) {}
    Result<std::unique_ptr<tsdb::SeriesSet>> Select(std::span<const Matcher> matchers,
                                                    const tsdb::SelectHints&) override {
      auto set = std::make_unique<Set>();
      for (const auto& [labels, samples] : storage_.series) {
        if (!std::all_of(matchers.begin(), matchers.end(),
                         [&](const Matcher& m) { return m.Matches(labels); }))
          continue;
        Samples inside;
        for (const auto& sample : samples) {
          if (range_.Contains(At(sample.first))) inside.push_back(sample);
        }
        set->rows.emplace_back(labels, inside);
      }
      return std::unique_ptr<tsdb::SeriesSet>(std::move(set));
    }
    Result<std::vector<std::string>> LabelNames(std::span<const Matcher>, std::uint64_t) override {
      return std::vector<std::string>();
    }
    Result<std::vector<std::string>> LabelValues(std::string_view, std::span<const Matcher>,
                                                 std::uint64_t) override {
      return std::vector<std::string>();
    }

   private:
    const MemoryStorage& storage_;
    const TimeRange range_;
  };
};

// Rules over a world of one query result, on a clock that moves by hand.
class RulesTest : public testing::Test {
 protected:
  RuleDoors Doors() {
    return RuleDoors{
        .query = [this](const RuleGroupConfig&, const promql::Expr&, std::string_view text,
                        Timestamp at) -> Result<promql::Vector> {
          if (text == "broken") return Error(Code::kExecution, "it is broken");
          promql::Vector out;
          for (const auto& [labels, value] : world) out.push_back({labels, at, value, nullptr});
          return out;
        },
        .expand = [](std::string_view, std::string_view text, const promql::VectorSample& sample,
                     Timestamp) -> Result<std::string> {
          if (text == "value") return FormatFloat(sample.value);
          if (text == "bad") return Error(Code::kInvalid, "no such function");
          return std::string(text);
        },
        .notify =
            [this](std::vector<Alert> alerts) {
              told.insert(told.end(), alerts.begin(), alerts.end());
            },
        .submit = [](const std::function<void()>& work) { work(); },
        .storage = storage,
        .state = state,
        .clock = clock,
        .registry = registry,
        .log = Logger::Silent()};
  }
  static RuleConfig AlertRule(std::string name, Millis hold, Millis keep = Millis(0)) {
    RuleConfig rule;
    rule.alert = std::move(name);
    rule.expression = *promql::Parse("up == 0");
    rule.query = "up == 0";
    rule.hold = hold;
    rule.keep_firing = keep;
    rule.labels = {{"severity", "page"}};
    rule.annotations = {{"summary", "value"}, {"wrong", "bad"}};
    return rule;
  }
  static RuleConfig RecordRule(std::string name, std::string query = "up") {
    RuleConfig rule;
    rule.record = std::move(name);
    rule.expression = *promql::Parse("up");
    rule.query = std::move(query);
    return rule;
  }
  static RuleGroupConfig Group(std::vector<RuleConfig> rules,
                               Millis interval = std::chrono::seconds(10)) {
    RuleGroupConfig group;
    group.name = "g";
    group.file = "rules.yml";
    group.interval = interval;
    group.rules = std::move(rules);
    return group;
  }
  std::unique_ptr<RuleSchedule> Start(std::vector<RuleGroupConfig> groups,
                                      RuleOptions options = {}) {
    auto schedule = std::make_unique<RuleSchedule>(Doors(), options);
    schedule->Load(std::move(groups));
    return schedule;
  }
  void Evaluations(int count, std::int64_t interval = 10) {
    clock.Advance(std::chrono::seconds(interval * count));
  }
  static AlertState StateOf(const RuleSchedule& schedule) {
    return *schedule.Status()[0].rules[0].state;
  }

  ManualClock clock{At(1'000'000)};
  MemoryState state;
  MemoryStorage storage;
  Registry registry;
  std::map<Labels, double> world;
  std::vector<Alert> told;
  const Labels down{{"__name__", "up"}, {"instance", "a"}};
};

TEST_F(RulesTest, AnAlertIsPendingForItsHoldThenFiresAndResolves) {
  auto schedule = Start({Group({AlertRule("Down", std::chrono::seconds(20))})});
  Evaluations(1);
  EXPECT_EQ(StateOf(*schedule), AlertState::kInactive);
  world[down] = 7;
  Evaluations(1);
  EXPECT_EQ(StateOf(*schedule), AlertState::kPending);
  EXPECT_TRUE(told.empty());
  Evaluations(2);
  EXPECT_EQ(StateOf(*schedule), AlertState::kFiring);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].labels.ToString(), "{alertname=\"Down\", instance=\"a\", severity=\"page\"}");
  EXPECT_EQ(told[0].annotations.Get("summary"), "7");
  EXPECT_EQ(told[0].annotations.Get("wrong"), "<error expanding template: no such function>");
  EXPECT_EQ(told[0].generator_url, "/graph?g0.expr=up+%3D%3D+0&g0.tab=1");
  world.clear();
  Evaluations(1);
  EXPECT_EQ(StateOf(*schedule), AlertState::kInactive);
  ASSERT_EQ(told.size(), 2U);
  EXPECT_LE(told[1].ends_at, clock.Now());
}

TEST_F(RulesTest, FiringAlertsAreToldAgainAfterTheResendDelayOnly) {
  RuleOptions options;
  options.resend_delay = std::chrono::seconds(45);
  auto schedule = Start({Group({AlertRule("Down", Millis(0))})}, options);
  world[down] = 0;
  Evaluations(10);  // 100 s: at 0, 50 and 100 s at the latest
  EXPECT_EQ(told.size(), 2U);
  EXPECT_EQ(told[0].ends_at - told[0].starts_at, 4 * std::chrono::seconds(45));
}

TEST_F(RulesTest, KeepFiringForHoldsAndComingBackClearsIt) {
  auto schedule = Start({Group({AlertRule("Down", Millis(0), std::chrono::seconds(30))})});
  world[down] = 0;
  Evaluations(1);
  world.clear();
  Evaluations(2);
  EXPECT_EQ(StateOf(*schedule), AlertState::kFiring);
  world[down] = 0;
  Evaluations(1);
  world.clear();
  Evaluations(3);
  EXPECT_EQ(StateOf(*schedule), AlertState::kFiring);
  Evaluations(1);
  EXPECT_EQ(StateOf(*schedule), AlertState::kInactive);
}

TEST_F(RulesTest, SeriesOfAlertsAndRecordsEndWithAStaleMarker) {
  auto schedule = Start({Group({AlertRule("Down", Millis(0)), RecordRule("job:up:last")})});
  const Timestamp first = FirstTick(Group({}), clock.Now());
  // The state of before is looked for until the second evaluation is over; short rules do not wait
  // for it.
  world[down] = 3;
  Evaluations(2);
  world.clear();
  Evaluations(2);
  const std::int64_t t = ToMillis(first) / 1000;
  const auto times = [&](const char* pattern) {
    std::string out;
    for (int i = 0; i < 3; ++i)
      out += (i ? " " : "") + std::string(i < 2 ? pattern : "stale") + "@" +
             std::to_string(t + 10 * i);
    return out;
  };
  EXPECT_EQ(storage.Dump(Labels{{"__name__", "job:up:last"}, {"instance", "a"}}), times("3"));
  EXPECT_EQ(storage.Dump(Labels{{"__name__", "ALERTS"},
                                {"alertname", "Down"},
                                {"alertstate", "firing"},
                                {"instance", "a"},
                                {"severity", "page"}}),
            times("1"));
}

TEST_F(RulesTest, AFailingRuleTellsWhyAndTheOthersGoOn) {
  auto schedule = Start({Group({RecordRule("x", "broken"), RecordRule("y")})});
  world[down] = 1;
  Evaluations(1);
  const auto status = schedule->Status();
  EXPECT_EQ(status[0].rules[0].health, RuleHealth::kBad);
  EXPECT_EQ(status[0].rules[0].last_error, "it is broken");
  EXPECT_EQ(status[0].rules[1].health, RuleHealth::kGood);
  const Labels group{{"rule_group", "rules.yml;g"}};
  EXPECT_EQ(registry.counter("prometheus_rule_evaluation_failures_total", "", group).value(), 1);
  EXPECT_EQ(registry.counter("prometheus_rule_evaluations_total", "", group).value(), 2);
}

TEST_F(RulesTest, IndependentRulesOfAGroupAreEvaluatedTogether) {
  std::vector<std::thread> threads;
  RuleDoors doors = Doors();
  int depth = 0;  // the group's own evaluation stays on the clock's thread
  doors.submit = [&threads, &depth](std::function<void()> work) {
    if (depth > 0) {
      threads.emplace_back(std::move(work));
      return;
    }
    ++depth;
    work();
    --depth;
  };
  RuleOptions options;
  options.concurrent_evaluations = 3;
  std::vector<RuleConfig> rules;
  for (int i = 0; i < 20; ++i) rules.push_back(RecordRule("r" + std::to_string(i)));
  RuleSchedule schedule(std::move(doors), options);
  schedule.Load({Group(std::move(rules))});
  world[down] = 3;
  Evaluations(3);
  for (std::thread& thread : threads) thread.join();
  EXPECT_GE(threads.size(), 3U);
  for (int i = 0; i < 20; ++i) {
    const Labels labels{{"__name__", "r" + std::to_string(i)}, {"instance", "a"}};
    EXPECT_EQ(storage.series[labels].size(), 3U) << i;
  }
}

TEST_F(RulesTest, TheLimitFailsTheRuleAndDropsItsAlerts) {
  RuleGroupConfig group = Group({AlertRule("Down", Millis(0)), RecordRule("r")});
  group.limit = 1;
  auto schedule = Start({group});
  world[down] = 1;
  world[Labels{{"instance", "b"}}] = 1;
  Evaluations(1);
  const auto status = schedule->Status();
  EXPECT_EQ(status[0].rules[0].last_error, "exceeded limit of 1 with 2 alerts");
  EXPECT_EQ(status[0].rules[1].last_error, "exceeded limit of 1 with 2 series");
  EXPECT_TRUE(status[0].rules[0].alerts.empty());
  EXPECT_TRUE(told.empty());
}

TEST_F(RulesTest, EqualLabelsAfterTheRulesLabelsAreAnError) {
  auto schedule = Start({Group({RecordRule("r")})});
  world[Labels{{"__name__", "a"}, {"x", "1"}}] = 1;
  world[Labels{{"__name__", "b"}, {"x", "1"}}] = 1;
  Evaluations(1);
  EXPECT_EQ(schedule->Status()[0].rules[0].last_error,
            "vector contains metrics with the same labelset after applying rule labels");
}

TEST_F(RulesTest, AReloadKeepsTheStateOfEqualRulesAndEndsTheOthers) {
  auto schedule = Start({Group({AlertRule("Down", Millis(0)), RecordRule("gone")})});
  world[down] = 1;
  Evaluations(2);
  const Timestamp since = schedule->Status()[0].rules[0].alerts[0].active_at;
  schedule->Load({Group({AlertRule("Down", Millis(0)), AlertRule("New", Millis(0))})});
  EXPECT_EQ(schedule->Status()[0].rules[0].alerts[0].active_at, since);
  Evaluations(1);
  EXPECT_EQ(schedule->Status()[0].rules[0].alerts[0].active_at, since);
  EXPECT_TRUE(storage.Dump(Labels{{"__name__", "gone"}, {"instance", "a"}}).find("stale") !=
              std::string::npos);
}

TEST_F(RulesTest, SeriesOfARemovedGroupEndAfterTwoIntervals) {
  auto schedule = Start({Group({RecordRule("r")})});
  world[down] = 1;
  Evaluations(1);
  schedule->Load({});
  const Labels series{{"__name__", "r"}, {"instance", "a"}};
  Evaluations(1);
  EXPECT_EQ(storage.Dump(series).find("stale"), std::string::npos);
  Evaluations(1);
  EXPECT_NE(storage.Dump(series).find("stale"), std::string::npos);
}

TEST_F(RulesTest, AFiringAlertGoesOnFiringAfterARestart) {
  auto schedule = Start({Group({AlertRule("Down", std::chrono::seconds(30))})});
  world[down] = 1;
  Evaluations(5);
  const Timestamp since = schedule->Status()[0].rules[0].alerts[0].active_at;
  ASSERT_EQ(StateOf(*schedule), AlertState::kFiring);
  schedule.reset();  // nothing is written at the end: a kill looks the same
  clock.Advance(std::chrono::minutes(2));
  told.clear();
  auto next = Start({Group({AlertRule("Down", std::chrono::seconds(30))})});
  Evaluations(1);
  EXPECT_EQ(StateOf(*next), AlertState::kFiring);
  EXPECT_EQ(next->Status()[0].rules[0].alerts[0].active_at, since);
  EXPECT_EQ(told.size(), 1U);
  world.clear();
  Evaluations(1);
  EXPECT_TRUE(state.entries.empty());
  EXPECT_EQ(told.size(), 2U);  // resolved
}

TEST_F(RulesTest, APendingAlertKeepsWhatItHasWaitedWithoutTheOutage) {
  const Millis hold = std::chrono::minutes(30);
  auto schedule = Start({Group({AlertRule("Slow", hold)})});
  world[down] = 1;
  Evaluations(30);  // about 5 minutes
  const Timestamp since = schedule->Status()[0].rules[0].alerts[0].active_at;
  const Timestamp down_at = schedule->Status()[0].last_evaluation;
  schedule.reset();
  clock.Advance(std::chrono::minutes(10));
  auto next = Start({Group({AlertRule("Slow", hold)})});
  Evaluations(3);
  const Timestamp restored = next->Status()[0].rules[0].alerts[0].active_at;
  const Timestamp back = FirstTick(Group({}), At(0)) + (clock.Now() - At(0)) /
                                                           std::chrono::seconds(10) *
                                                           std::chrono::seconds(10);
  EXPECT_NEAR(static_cast<double>(ToMillis(restored)),
              static_cast<double>(ToMillis(since + (back - down_at))), 20'000);
  EXPECT_EQ(StateOf(*next), AlertState::kPending);
}

TEST_F(RulesTest, AnOutageLongerThanTheToleranceForgets) {
  auto schedule = Start({Group({AlertRule("Down", std::chrono::seconds(30))})});
  world[down] = 1;
  Evaluations(5);
  schedule.reset();
  clock.Advance(std::chrono::hours(2));
  auto next = Start({Group({AlertRule("Down", std::chrono::seconds(30))})});
  Evaluations(1);
  EXPECT_EQ(StateOf(*next), AlertState::kPending);
}

TEST(FirstTick, LiesWithinOneIntervalAndKeepsItsPhase) {
  RuleGroupConfig group;
  group.name = "g";
  group.interval = std::chrono::seconds(60);
  const Timestamp tick = FirstTick(group, At(1000));
  EXPECT_GE(tick, At(1000));
  EXPECT_LT(tick, At(1060));
  EXPECT_EQ(FirstTick(group, tick), tick);
  EXPECT_EQ(FirstTick(group, tick + Millis(1)), tick + group.interval);
}

}  // namespace
}  // namespace meerkat::alerting
