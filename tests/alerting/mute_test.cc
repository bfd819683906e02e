#include <gtest/gtest.h>

#include <chrono>

#include "alerting/mute/inhibitor.h"
#include "alerting/mute/silences.h"
#include "alerting/notify/log.h"
#include "tests/alerting/world.h"

namespace meerkat::alerting {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// ---- silences

struct SilencesTest : ::testing::Test {
  MemoryStore store;
  std::uint64_t seed = 0;
  Silences silences{store, {}, hours(120), [this] { return ++seed * 0x9e3779b97f4a7c15ULL; }};

  static Silence Make(const std::string& matcher, Timestamp starts, Timestamp ends) {
    Silence silence;
    silence.matchers = {MatcherOf(matcher)};
    silence.starts_at = starts;
    silence.ends_at = ends;
    silence.created_by = "me";
    return silence;
  }
};

TEST_F(SilencesTest, MuteWhileActive) {
  const auto id = silences.Set(Make("a=1", kStart + minutes(1), kStart + hours(1)), kStart);
  ASSERT_TRUE(id.ok());
  const Labels labels{{"a", "1"}, {"b", "2"}};
  EXPECT_TRUE(silences.MutedBy(labels, kStart).empty());
  EXPECT_EQ(silences.MutedBy(labels, kStart + minutes(1)), std::vector<std::string>{*id});
  EXPECT_TRUE(silences.MutedBy({{"a", "2"}}, kStart + minutes(1)).empty());
  EXPECT_TRUE(silences.MutedBy(labels, kStart + hours(1)).empty());
}

TEST_F(SilencesTest, FindThoseWithoutAnEqualityToo) {
  ASSERT_TRUE(silences.Set(Make("a=~1|2", kStart, kStart + hours(1)), kStart).ok());
  ASSERT_TRUE(silences.Set(Make("b!=\"\"", kStart, kStart + hours(1)), kStart).ok());
  EXPECT_EQ(silences.MutedBy({{"a", "2"}, {"b", "x"}}, kStart).size(), 2u);
  EXPECT_EQ(silences.MutedBy({{"b", "x"}}, kStart).size(), 1u);
  EXPECT_TRUE(silences.MutedBy({{"c", "x"}}, kStart).empty());
}

TEST_F(SilencesTest, FindThoseByExpressionUnderEveryValueTheyMatch) {
  const struct {
    std::string matcher;
    std::string mutes;  // which of the instances a, b, aa, and the one without the label: "-"
  } kCases[] = {{R"(instance=~"a|b")", "a b"},  {R"(instance=~"a|")", "a -"},
                {R"(instance=~"a.*")", "a aa"}, {R"(instance=~".+")", "a aa b"},
                {R"(instance!="")", "a aa b"},  {R"(instance!="a")", "aa b -"},
                {R"(instance=~"(a)|a")", "a"},  {R"(instance!~"a|b")", "aa -"}};
  for (const auto& c : kCases) {
    Silence silence = Make(c.matcher, kStart, kStart + hours(1));
    silence.matchers.push_back(*ParseMatcher("job=~.+"));
    const auto id = silences.Set(silence, kStart);
    ASSERT_TRUE(id.ok()) << c.matcher;
    std::string muted;
    for (const std::string instance : {"a", "aa", "b", ""}) {
      const Labels labels = Labels::From({{"instance", instance}, {"job", "x"}});
      if (silences.MutedBy(labels, kStart + minutes(1)).empty()) continue;
      muted += (muted.empty() ? "" : " ") + (instance.empty() ? "-" : instance);
    }
    EXPECT_EQ(muted, c.mutes) << c.matcher;
    ASSERT_TRUE(silences.Expire(*id, kStart).ok());
  }
}

TEST_F(SilencesTest, IdsAreRandomUuids) {
  const auto id = silences.Set(Make("a=1", kStart, kStart + hours(1)), kStart);
  ASSERT_EQ(id->size(), 36u);
  EXPECT_EQ((*id)[14], '4');
  EXPECT_NE(std::string("89ab").find((*id)[19]), std::string::npos);
}

TEST_F(SilencesTest, UpdateInPlaceOnlyWhereThePastStays) {
  const auto id = silences.Set(Make("a=1", kStart, kStart + hours(1)), kStart);
  Silence longer = *silences.Find(*id);
  longer.ends_at += hours(1);
  EXPECT_EQ(*silences.Set(longer, kStart + minutes(5)), *id);

  Silence other = *silences.Find(*id);
  other.matchers = {MatcherOf("a=2")};
  const auto replaced = silences.Set(other, kStart + minutes(6));
  EXPECT_NE(*replaced, *id);
  EXPECT_EQ(silences.Find(*id)->StateAt(kStart + minutes(6)), SilenceState::kExpired);
  EXPECT_EQ(silences.Find(*replaced)->starts_at, kStart + minutes(6));

  Silence unknown = Make("a=1", kStart, kStart + hours(1));
  unknown.id = "00000000-0000-4000-8000-000000000001";
  EXPECT_EQ(silences.Set(unknown, kStart).error().code(), Code::kNotFound);
}

TEST_F(SilencesTest, RefuseWhatWouldMuteEverything) {
  const auto muted = silences.Set(Make("a=~.*", kStart, kStart + hours(1)), kStart);
  ASSERT_FALSE(muted.ok());
  EXPECT_EQ(muted.error().message(),
            "invalid silence: matcher set 0: at least one matcher must not match the empty string");
  EXPECT_TRUE(silences.Set(Make("a!=x", kStart, kStart + hours(1)), kStart).ok());
}

TEST_F(SilencesTest, SurviveARestartUntilTheRetentionEnds) {
  const auto id = silences.Set(Make("a=1", kStart, kStart + hours(1)), kStart);
  Silences again(store, {}, hours(120), [] { return 1; });
  ASSERT_TRUE(again.Load().ok());
  ASSERT_NE(again.Find(*id), nullptr);
  EXPECT_EQ(again.Find(*id)->created_by, "me");
  EXPECT_EQ(again.MutedBy({{"a", "1"}}, kStart + minutes(1)).size(), 1u);
  again.Collect(kStart + hours(1 + 119));
  EXPECT_NE(again.Find(*id), nullptr);
  again.Collect(kStart + hours(1 + 120));
  EXPECT_EQ(again.Find(*id), nullptr);
  EXPECT_TRUE(store.entries.empty());
}

// ---- inhibition

AlertPtr Firing(const Labels& labels, Timestamp ends = kStart + hours(1)) {
  Alert alert;
  alert.labels = labels;
  alert.fingerprint = FingerprintOf(labels);
  alert.starts_at = kStart;
  alert.ends_at = ends;
  return std::make_shared<const Alert>(std::move(alert));
}

InhibitRuleConfig Rule(const std::string& source, const std::string& target,
                       std::vector<std::string> equal) {
  return {"", {MatcherOf(source)}, {MatcherOf(target)}, std::move(equal)};
}

TEST(Inhibitor, MutesTargetsThatAgreeInTheEqualLabels) {
  Inhibitor inhibitor({Rule("severity=critical", "severity=warning", {"cluster", "dc"})});
  const auto source = Firing({{"severity", "critical"}, {"cluster", "a"}});
  inhibitor.Update(source, kStart);
  const auto by = [&](const Labels& labels) { return inhibitor.InhibitedBy(labels, kStart); };
  EXPECT_EQ(by({{"severity", "warning"}, {"cluster", "a"}}), source->fingerprint);
  EXPECT_FALSE(by({{"severity", "warning"}, {"cluster", "b"}}));
  EXPECT_FALSE(by({{"severity", "warning"}, {"cluster", "a"}, {"dc", "1"}}));
  EXPECT_FALSE(by({{"severity", "info"}, {"cluster", "a"}}));
}

TEST(Inhibitor, ForgetsSourcesThatResolve) {
  Inhibitor inhibitor({Rule("a=1", "a=2", {})});
  inhibitor.Update(Firing({{"a", "1"}}, kStart + minutes(1)), kStart);
  const Labels target{{"a", "2"}};
  EXPECT_TRUE(inhibitor.InhibitedBy(target, kStart));
  EXPECT_FALSE(inhibitor.InhibitedBy(target, kStart + minutes(1)));
  inhibitor.Update(Firing({{"a", "1"}}, kStart + seconds(1)), kStart + seconds(2));
  EXPECT_FALSE(inhibitor.InhibitedBy(target, kStart));
}

TEST(Inhibitor, AlertsOnBothSidesDoNotMuteTheirLike) {
  Inhibitor inhibitor({Rule("x=~.+", "y=~.+", {})});
  inhibitor.Update(Firing({{"x", "1"}, {"y", "1"}}), kStart);
  EXPECT_FALSE(inhibitor.InhibitedBy({{"x", "2"}, {"y", "2"}}, kStart));
  EXPECT_TRUE(inhibitor.InhibitedBy({{"y", "2"}}, kStart));
  inhibitor.Update(Firing({{"x", "3"}}), kStart);
  EXPECT_TRUE(inhibitor.InhibitedBy({{"x", "2"}, {"y", "2"}}, kStart));
}

// ---- what to tell

TEST(Decide, FollowsUpstreamsTable) {
  using R = NotificationReason;
  const auto log = [](std::vector<std::uint64_t> firing, std::vector<std::uint64_t> resolved,
                      Millis age) {
    return LogEntry{kStart - age, kStart, std::move(firing), std::move(resolved), {}};
  };
  const auto state = [](std::vector<std::uint64_t> firing, std::vector<std::uint64_t> resolved,
                        bool send_resolved = true) {
    return GroupState{std::move(firing), std::move(resolved), kStart, hours(4), send_resolved};
  };
  const struct {
    const char* what;
    std::optional<LogEntry> known;
    GroupState now;
    std::optional<R> reason;
  } kCases[] = {
      {"never told, firing", std::nullopt, state({1}, {}), R::kFirst},
      {"never told, resolved already", std::nullopt, state({}, {1}), std::nullopt},
      {"one more fires", log({1}, {}, minutes(1)), state({1, 2}, {}), R::kNewAlerts},
      {"fires after all had resolved", log({}, {1}, minutes(1)), state({1}, {}), R::kFirst},
      {"all resolved", log({1}, {}, minutes(1)), state({}, {1}), R::kAllResolved},
      {"all resolved, for the log only", log({1}, {}, minutes(1)), state({}, {1}, false),
       R::kAllResolved},
      {"came and went untold", log({}, {1}, minutes(1)), state({}, {1, 2}), std::nullopt},
      {"one of two resolved", log({1, 2}, {}, minutes(1)), state({1}, {2}), R::kSomeResolved},
      {"one of two resolved, not wanted", log({1, 2}, {}, minutes(1)), state({1}, {2}, false),
       std::nullopt},
      {"nothing new", log({1}, {}, hours(4)), state({1}, {}), std::nullopt},
      {"nothing new for long", log({1}, {}, hours(4) + Millis(1)), state({1}, {}), R::kRepeat},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(Decide(c.known ? &*c.known : nullptr, c.now), c.reason) << c.what;
  }
}

}  // namespace
}  // namespace meerkat::alerting
