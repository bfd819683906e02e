#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/alerting/world.h"

namespace meerkat::alerting {
namespace {

using nlohmann::json;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

json Body(const SentMessage& sent) {
  return json::parse(sent.http().body);
}

TEST(AlertManager, WaitsForTheGroupThenTellsItWhole) {
  World world;
  world.Start();
  world.Fire({{"alertname", "X"}, {"i", "1"}});
  world.clock.Advance(seconds(10));
  world.Fire({{"alertname", "X"}, {"i", "2"}});
  world.clock.AdvanceTo(kStart + seconds(29));
  EXPECT_EQ(world.count(), 0u);
  world.clock.AdvanceTo(kStart + seconds(30));
  ASSERT_EQ(world.count(), 1u);
  const json body = Body(world.transport->sent[0]);
  EXPECT_EQ(body["alerts"].size(), 2u);
  EXPECT_EQ(body["groupKey"], R"({}:{alertname="X"})");
  EXPECT_EQ(body["status"], "firing");
  EXPECT_EQ(body["notification_reason"], "first notification");
  EXPECT_EQ(body["alerts"][0]["endsAt"], "0001-01-01T00:00:00Z");
  EXPECT_EQ(world.last().url, "http://hook/default");
}

TEST(AlertManager, ANewAlertOfAToldGroupWaitsForTheInterval) {
  World world;
  world.Start();
  world.Fire({{"alertname", "X"}, {"i", "1"}}, kStart + hours(9));
  world.clock.Advance(minutes(1));
  ASSERT_EQ(world.count(), 1u);
  world.Fire({{"alertname", "X"}, {"i", "2"}}, kStart + hours(9));
  world.clock.AdvanceTo(kStart + seconds(30) + minutes(5) - seconds(1));
  EXPECT_EQ(world.count(), 1u);
  world.clock.Advance(seconds(1));
  ASSERT_EQ(world.count(), 2u);
  EXPECT_EQ(Body(world.transport->sent[1])["notification_reason"], "new alerts added");
}

TEST(AlertManager, AnOldAlertIsToldAtOnce) {
  World world;
  world.Start();
  PostedAlert alert;
  alert.labels = {{"alertname", "Old"}};
  alert.starts_at = kStart - minutes(1);
  ASSERT_TRUE(world.manager->Post({alert}).ok());
  world.clock.Advance(Millis(0));
  EXPECT_EQ(world.count(), 1u);
}

TEST(AlertManager, ResolvesByTimeoutAndSaysSoOnce) {
  World world;
  world.config->resolve_timeout = minutes(2);
  world.Start();
  world.Fire({{"alertname", "X"}});
  world.clock.Advance(minutes(30));
  ASSERT_EQ(world.count(), 2u);
  const json body = Body(world.transport->sent[1]);
  EXPECT_EQ(body["status"], "resolved");
  EXPECT_EQ(body["notification_reason"], "all alerts resolved");
  EXPECT_TRUE(world.manager->Alerts({}).empty());
  EXPECT_TRUE(world.manager->Groups({}).empty());
}

TEST(AlertManager, RepeatsAfterTheRepeatInterval) {
  World world;
  world.Start();
  world.Fire({{"alertname", "X"}}, kStart + hours(24));
  world.clock.AdvanceTo(kStart + hours(12));
  // Ticks come every five minutes; the log entry must be older than four hours.
  ASSERT_EQ(world.count(), 3u);
  EXPECT_EQ(Body(world.transport->sent[1])["notification_reason"], "repeat interval elapsed");
  EXPECT_EQ(world.transport->sent[1].at - world.transport->sent[0].at, hours(4) + minutes(5));
}

TEST(AlertManager, RetriesServerErrorsWithBackoff) {
  World world;
  int failures = 3;
  world.transport->answer = [&failures](const Message&) -> Result<HttpResponse> {
    if (failures-- > 0) return HttpResponse{503, "", "busy"};
    return HttpResponse{200, "", ""};
  };
  world.Start();
  world.Fire({{"alertname", "X"}}, kStart + hours(1));
  world.clock.Advance(minutes(1));
  ASSERT_EQ(world.count(), 4u);
  for (std::size_t i = 1; i < 4; ++i) {
    const Millis gap = world.transport->sent[i].at - world.transport->sent[i - 1].at;
    EXPECT_GE(gap, Millis(250));
    EXPECT_LE(gap, Millis(2000));
  }
  EXPECT_NE(world.metrics.Exposition().find(
                "alertmanager_notification_requests_failed_total{integration=\"webhook\"} 3"),
            std::string::npos);
}

TEST(AlertManager, CountsByReceiverWhenAsked) {
  World world;
  world.options.receiver_in_metrics = true;
  world.AddWebhook("nobody");
  world.Start();
  const auto counts = [&world](const std::string& labels, const std::string& value) {
    const std::string line = "alertmanager_notifications_total{" + labels + "} " + value;
    return world.metrics.Exposition().find(line) != std::string::npos;
  };
  const std::string routed = "integration=\"webhook\",receiver_name=\"default\"";
  EXPECT_TRUE(counts(routed, "0"));
  world.Fire({{"alertname", "X"}}, kStart + hours(1));
  world.clock.Advance(minutes(1));
  EXPECT_TRUE(counts(routed, "1"));
  EXPECT_FALSE(counts("integration=\"webhook\"", "0"));
  EXPECT_FALSE(counts("integration=\"webhook\",receiver_name=\"nobody\"", "0"));
}

TEST(AlertManager, DoesNotRetryRefusalsBeforeTheNextFlush) {
  World world;
  bool first = true;
  world.transport->answer = [&first](const Message&) -> Result<HttpResponse> {
    return HttpResponse{std::exchange(first, false) ? 400 : 200, "", ""};
  };
  world.Start();
  world.Fire({{"alertname", "X"}}, kStart + hours(1));
  world.clock.Advance(minutes(5));
  EXPECT_EQ(world.count(), 1u);
  world.clock.Advance(minutes(1));
  EXPECT_EQ(world.count(), 2u);
}

TEST(AlertManager, GivesUpAtTheDeadlineAndTriesAtTheNextTick) {
  World world;
  world.transport->answer = [](const Message&) -> Result<HttpResponse> {
    return Error(Code::kUnavailable, "connection refused");
  };
  world.Start();
  world.Fire({{"alertname", "X"}}, kStart + hours(1));
  world.clock.Advance(minutes(30));
  EXPECT_GT(world.count(), 20u);
  EXPECT_NE(world.metrics.Exposition().find("reason=\"contextDeadlineExceeded\""),
            std::string::npos);
  world.transport->answer = nullptr;
  world.clock.Advance(minutes(6));
  EXPECT_EQ(Body(world.transport->sent.back())["notification_reason"], "first notification");
}

TEST(AlertManager, TellsNobodyTwiceAfterARestart) {
  World world;
  world.Start();
  world.Fire({{"alertname", "X"}}, kStart + hours(24));
  world.clock.Advance(minutes(1));
  ASSERT_EQ(world.count(), 1u);
  for (int i = 0; i < 3; ++i) {
    world.Start();
    world.clock.Advance(minutes(7));
  }
  EXPECT_EQ(world.count(), 1u);
  world.Resolve({{"alertname", "X"}});
  world.clock.Advance(minutes(6));
  ASSERT_EQ(world.count(), 2u);
  EXPECT_EQ(Body(world.transport->sent[1])["status"], "resolved");
}

// Senders repeat their alerts; what they could not repeat to a dead server has not ended.
TEST(AlertManager, DoesNotTakeItsOwnAbsenceForAResolution) {
  World world;
  world.Start();
  world.Fire({{"alertname", "X"}}, kStart + minutes(4));
  world.clock.Advance(minutes(1));
  world.manager.reset();
  world.clock.Advance(hours(1));
  world.Start();
  world.clock.Advance(minutes(2));
  EXPECT_EQ(world.count(), 1u);
  world.Fire({{"alertname", "X"}}, world.clock.Now() + minutes(4));
  world.clock.Advance(minutes(3));
  EXPECT_EQ(world.count(), 1u);
}

TEST(AlertManager, SilencedAlertsAreLeftOutUntilTheSilenceEnds) {
  World world;
  world.Start();
  Silence silence;
  silence.matchers = {MatcherOf("i=1")};
  silence.starts_at = kStart;
  silence.ends_at = kStart + hours(1);
  const auto id = world.manager->SetSilence(silence);
  ASSERT_TRUE(id.ok());
  world.Fire({{"alertname", "X"}, {"i", "1"}}, kStart + hours(9));
  world.clock.Advance(minutes(10));
  EXPECT_EQ(world.count(), 0u);
  EXPECT_EQ(world.manager->Alerts({})[0].silenced_by, std::vector<std::string>{*id});
  ASSERT_TRUE(world.manager->ExpireSilence(*id).ok());
  world.clock.Advance(minutes(5));
  EXPECT_EQ(world.count(), 1u);
}

TEST(AlertManager, AcknowledgedAlertsAreSilentUntilTheyResolve) {
  World world;
  world.Start();
  const Labels labels{{"alertname", "X"}};
  world.Fire(labels, kStart + hours(9));
  const auto id = world.manager->Acknowledge(FingerprintOf(labels), "me", "on it", hours(24));
  ASSERT_TRUE(id.ok());
  world.clock.Advance(hours(1));
  EXPECT_EQ(world.count(), 0u);
  world.Resolve(labels);
  EXPECT_EQ(world.manager->FindSilence(*id)->StateAt(world.clock.Now()), SilenceState::kExpired);
  world.clock.Advance(hours(1));
  world.Fire(labels, world.clock.Now() + hours(1));
  world.clock.Advance(minutes(1));
  EXPECT_EQ(world.count(), 1u);
}

TEST(AlertManager, InhibitedAlertsWaitForTheirSource) {
  World world;
  world.config->inhibit_rules.push_back(
      {"", {MatcherOf("sev=high")}, {MatcherOf("sev=low")}, {"dc"}});
  world.Start();
  const Labels high{{"alertname", "H"}, {"sev", "high"}, {"dc", "1"}};
  world.Fire({{"alertname", "L"}, {"sev", "low"}, {"dc", "1"}}, kStart + hours(9));
  world.Fire(high, kStart + hours(9));
  world.clock.Advance(minutes(1));
  ASSERT_EQ(world.count(), 1u);
  EXPECT_EQ(Body(world.transport->sent[0])["commonLabels"]["alertname"], "H");
  world.Resolve(high);
  world.clock.Advance(minutes(10));
  EXPECT_EQ(world.count(), 3u);
}

TEST(AlertManager, MuteIntervalsHoldAGroupBack) {
  World world;
  TimeInterval morning;
  morning.times = {{9 * 60, 11 * 60}};
  world.config->time_intervals.push_back({"morning", {morning}});
  RouteConfig child;
  child.matchers = {MatcherOf("k=1")};
  child.mute_time_intervals = {"morning"};
  world.config->route.routes.push_back(child);
  world.Start();
  world.Fire({{"alertname", "X"}, {"k", "1"}}, kStart + hours(9));
  world.clock.Advance(minutes(59));
  EXPECT_EQ(world.count(), 0u);
  EXPECT_EQ(world.manager->Groups({})[0].alerts[0].muted_by, std::vector<std::string>{"morning"});
  AlertFilter unmuted;
  unmuted.muted = false;
  EXPECT_TRUE(world.manager->Groups(unmuted).empty());
  world.clock.Advance(minutes(6));
  EXPECT_EQ(world.count(), 1u);
}

TEST(AlertManager, AReloadKeepsAlertsAndTheLog) {
  World world;
  world.Start();
  world.Fire({{"alertname", "X"}}, kStart + hours(9));
  world.clock.Advance(minutes(1));
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(world.manager->Apply(world.config, world.transport).ok());
    world.clock.Advance(minutes(7));
  }
  EXPECT_EQ(world.count(), 1u);
  auto other = std::make_shared<Config>(*world.config);
  other->route.receiver = "other";
  other->receivers[0].name = "other";
  ASSERT_TRUE(world.manager->Apply(other, world.transport).ok());
  world.clock.Advance(minutes(1));
  EXPECT_EQ(world.count(), 2u);
}

TEST(AlertManager, RefusesBrokenTemplatesAndKeepsTheOldConfiguration) {
  World world;
  world.Start();
  auto broken = std::make_shared<Config>(*world.config);
  broken->templates.push_back({"broken.tmpl", "{{ define \"x\" }}{{ .A "});
  EXPECT_FALSE(world.manager->Apply(broken, world.transport).ok());
  world.Fire({{"alertname", "X"}}, kStart + hours(9));
  world.clock.Advance(minutes(1));
  EXPECT_EQ(world.count(), 1u);
}

TEST(AlertManager, InClassicModeNamesKeepToTheOldAlphabet) {
  World world;
  world.config->matcher_syntax = MatcherSyntax::kClassic;
  world.Start();
  PostedAlert alert;
  alert.labels = Labels{{"alertname", "A"}, {"st\303\244dte", "x"}};
  EXPECT_FALSE(world.manager->Post({alert}).ok());
  Silence silence;
  silence.matchers = {Matcher::Equal("st\303\244dte", "x")};
  silence.starts_at = world.clock.Now();
  silence.ends_at = world.clock.Now() + hours(1);
  EXPECT_FALSE(world.manager->SetSilence(silence).ok());

  world.config->matcher_syntax = MatcherSyntax::kUtf8;
  world.Start();
  EXPECT_TRUE(world.manager->Post({alert}).ok());
  EXPECT_TRUE(world.manager->SetSilence(silence).ok());
}

TEST(AlertManager, TakesTheValidAlertsOfAMixedPost) {
  World world;
  world.Start();
  PostedAlert good;
  good.labels = {{"alertname", "Good"}};
  PostedAlert reversed = good;
  reversed.labels = {{"alertname", "Rev"}};
  reversed.starts_at = kStart;
  reversed.ends_at = kStart - minutes(1);
  const auto posted = world.manager->Post({good, reversed, PostedAlert{}});
  ASSERT_FALSE(posted.ok());
  EXPECT_EQ(posted.error().message(),
            "start time must be before end time\nat least one label pair required");
  ASSERT_EQ(world.manager->Alerts({}).size(), 1u);
}

TEST(AlertManager, RemembersWhatHappened) {
  World world;
  world.Start();
  world.Fire({{"alertname", "X"}}, kStart + hours(9));
  world.clock.Advance(minutes(1));
  world.Resolve({{"alertname", "X"}});
  world.clock.Advance(minutes(6));
  const auto events = world.manager->ReadHistory({}, 100);
  ASSERT_TRUE(events.ok());
  std::vector<HistoryEvent::Kind> kinds;
  for (const HistoryEvent& event : *events) kinds.push_back(event.kind);
  using Kind = HistoryEvent::Kind;
  EXPECT_EQ(kinds,
            (std::vector<Kind>{Kind::kFiring, Kind::kNotified, Kind::kResolved, Kind::kNotified}));
  EXPECT_EQ((*events)[1].receiver, "default/webhook[0]");
}

// 10,000 alerts against 100 rules: an index, not a product.
TEST(AlertManager, InhibitionDoesNotGrowWithTheSquare) {
  World world;
  for (int i = 0; i < 100; ++i) {
    const std::string n = std::to_string(i);
    world.config->inhibit_rules.push_back(
        {"",
         {MatcherOf("sev=critical"), MatcherOf("rule=\"" + n + "\"")},
         {MatcherOf("sev=warning"), MatcherOf("rule=\"" + n + "\"")},
         {"cluster"}});
  }
  world.config->route.group_by.reset();
  world.Start();
  std::vector<PostedAlert> alerts;
  for (int i = 0; i < 10'000; ++i) {
    PostedAlert alert;
    const std::string rule = std::to_string(i % 100);
    const std::string cluster = std::to_string(i / 200);
    const std::string number = std::to_string(i);
    alert.labels = {{"alertname", "A"},
                    {"n", number},
                    {"rule", rule},
                    {"cluster", cluster},
                    {"sev", i % 200 < 100 ? "critical" : "warning"}};
    alert.ends_at = kStart + hours(9);
    alerts.push_back(alert);
  }
  ASSERT_TRUE(world.manager->Post(std::move(alerts)).ok());
  world.clock.Advance(minutes(1));
  ASSERT_EQ(world.count(), 1u);
  EXPECT_EQ(Body(world.transport->sent[0])["alerts"].size(), 5'000u);
}

}  // namespace
}  // namespace meerkat::alerting
