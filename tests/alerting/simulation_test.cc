// A month of an alert manager's life in a second, from a seed: alerts flap, receivers fail,
// silences come and go, the configuration is reloaded and the process restarts. What must always
// hold is checked against what the world itself knows.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "tests/alerting/world.h"

namespace meerkat::alerting {
namespace {

using nlohmann::json;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Millis kGroupWait = seconds(30);
constexpr Millis kGroupInterval = minutes(5);
constexpr Millis kRepeat = hours(4);
constexpr int kAlerts = 12;

// What one group's webhook was told, message by message.
struct Told {
  Timestamp at;
  std::string reason;
  std::set<std::string> firing;
  bool ok;
};

class Simulation {
 public:
  explicit Simulation(unsigned seed) : random_(seed) {
    world_.config->route.group_wait = kGroupWait;
    world_.config->route.group_interval = kGroupInterval;
    world_.config->route.repeat_interval = kRepeat;
    world_.config->route.group_by = {{"group"}};
    world_.config->inhibit_rules.push_back(
        {"", {MatcherOf("kind=source")}, {MatcherOf("kind=target")}, {"group"}});
    world_.transport->answer = [this](const Message& message) { return Answer(message); };
    world_.Start();
  }

  void Run(Millis length) {
    const Timestamp end = kStart + length;
    while (world_.clock.Now() < end) {
      Step();
      CheckAlertsAreTold();
    }
    // Everything ends; everybody hears of it.
    broken_ = false;
    for (int i = 0; i < kAlerts; ++i) SetFiring(i, false);
    world_.clock.Advance(minutes(20));
    CheckEverythingWasResolved();
    CheckNoDuplicates();
  }

  std::size_t messages() const { return messages_; }

 private:
  struct Known {
    bool firing = false;
    Timestamp since;  // it fires, is not muted, and the receiver works: since then
  };

  Labels LabelsOf(int i) const {
    const std::string name = "A" + std::to_string(i);
    const std::string group = "g" + std::to_string(i % 4);
    return {{"alertname", name},
            {"group", group},
            {"kind", i % 6 == 0   ? "source"
                     : i % 6 == 4 ? "target"
                                  : "plain"}};
  }

  Result<HttpResponse> Answer(const Message& message) {
    const json body = json::parse(std::get<HttpRequest>(message).body);
    Told told{world_.clock.Now(), body["notification_reason"], {}, !broken_};
    auto& group = told_[body["groupKey"]];
    // A flush decides who is muted; what it could not deliver at once is tried again unchanged.
    const bool is_retry = !group.empty() && !group.back().ok;
    for (const json& alert : body["alerts"]) {
      if (alert["status"] != "firing") continue;
      const std::string name = alert["labels"]["alertname"];
      told.firing.insert(name);
      EXPECT_FALSE(!is_retry && IsMuted(std::stoi(name.substr(1))))
          << name << " is muted and was told at " << FormatRfc3339(world_.clock.Now());
    }
    ++messages_;
    group.push_back(told);
    return HttpResponse{broken_ ? 503 : 200, "", ""};
  }

  void SetFiring(int i, bool firing) {
    if (known_[i].firing == firing) return;
    known_[i].firing = firing;
    world_.Fire(LabelsOf(i), firing ? world_.clock.Now() + hours(24 * 60) : world_.clock.Now());
  }

  bool IsSilenced(int i) const { return silenced_ == i; }
  bool IsMuted(int i) const {
    if (IsSilenced(i)) return true;
    if (i % 6 != 4) return false;
    for (int source = 0; source < kAlerts; source += 6) {
      if (source % 4 == i % 4 && known_[source].firing) return true;
    }
    return false;
  }

  void Step() {
    const auto chance = [this](int percent) { return static_cast<int>(random_() % 100) < percent; };
    if (chance(60)) SetFiring(static_cast<int>(random_() % kAlerts), chance(50));
    if (chance(5)) broken_ = !broken_;
    if (chance(1)) world_.Start();
    if (chance(1)) World::Must(world_.manager->Apply(world_.config, world_.transport));
    if (chance(10)) ToggleSilence();
    world_.clock.Advance(seconds(random_() % 1200));
  }

  void ToggleSilence() {
    if (silenced_ >= 0) {
      World::Must(world_.manager->ExpireSilence(silence_id_));
      silenced_ = -1;
      return;
    }
    silenced_ = static_cast<int>(random_() % kAlerts);
    Silence silence;
    silence.matchers = {Matcher::Equal("alertname", "A" + std::to_string(silenced_))};
    silence.starts_at = world_.clock.Now();
    silence.ends_at = world_.clock.Now() + hours(24 * 60);
    const auto id = world_.manager->SetSilence(silence);
    ASSERT_TRUE(id.ok());
    silence_id_ = *id;
  }

  // A firing alert that nothing holds back is in the last message of its group after one interval.
  void CheckAlertsAreTold() {
    const Timestamp now = world_.clock.Now();
    for (int i = 0; i < kAlerts; ++i) {
      const bool due = known_[i].firing && !IsMuted(i) && !broken_;
      if (!due) {
        known_[i].since = Timestamp();
      } else if (known_[i].since == Timestamp()) {
        known_[i].since = now;
      } else if (now - known_[i].since > kGroupInterval + kGroupWait + seconds(5)) {
        const auto& group = told_["{}:{group=\"g" + std::to_string(i % 4) + "\"}"];
        const auto last =
            std::find_if(group.rbegin(), group.rend(), [](const Told& told) { return told.ok; });
        ASSERT_NE(last, group.rend());
        EXPECT_TRUE(last->firing.contains("A" + std::to_string(i)))
            << "A" << i << " is not known at " << FormatRfc3339(now);
      }
    }
  }

  void CheckEverythingWasResolved() {
    for (const auto& [key, messages] : told_) {
      const auto last = std::find_if(messages.rbegin(), messages.rend(),
                                     [](const Told& told) { return told.ok; });
      if (last != messages.rend()) EXPECT_TRUE(last->firing.empty()) << key;
    }
    EXPECT_TRUE(world_.manager->Alerts({}).empty());
    EXPECT_TRUE(world_.manager->Groups({}).empty());
  }

  // Only news are told before the repeat interval has passed.
  void CheckNoDuplicates() {
    for (const auto& [key, messages] : told_) {
      const Told* before = nullptr;
      for (const Told& told : messages) {
        if (!told.ok) continue;
        if (before != nullptr && told.reason == "repeat interval elapsed") {
          EXPECT_GE(told.at - before->at, kRepeat - seconds(1)) << key;
        }
        if (before != nullptr && told.reason == "new alerts added") {
          EXPECT_FALSE(std::includes(before->firing.begin(), before->firing.end(),
                                     told.firing.begin(), told.firing.end()))
              << key << " at " << FormatRfc3339(told.at);
        }
        // A restart or reload begins nothing anew; only a log entry that has expired does.
        if (before != nullptr && told.reason == "first notification") {
          EXPECT_TRUE(before->firing.empty() || told.at - before->at > 2 * kRepeat)
              << key << " at " << FormatRfc3339(told.at);
        }
        if (before == nullptr) EXPECT_EQ(told.reason, "first notification") << key;
        // Nobody hears that something ended without having heard that it began.
        if (told.firing.empty()) {
          EXPECT_TRUE(before != nullptr && !before->firing.empty())
              << key << " at " << FormatRfc3339(told.at);
        }
        before = &told;
      }
    }
  }

  std::mt19937 random_;
  std::map<std::string, std::vector<Told>> told_;  // by group key
  std::array<Known, kAlerts> known_{};
  bool broken_ = false;
  int silenced_ = -1;
  std::string silence_id_;
  std::size_t messages_ = 0;
  World world_;
};

class Month : public ::testing::TestWithParam<unsigned> {};

TEST_P(Month, NobodyIsForgottenAndNobodyIsToldTwice) {
  Simulation simulation(GetParam());
  simulation.Run(hours(24 * 30));
  EXPECT_GT(simulation.messages(), 1000u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Month, ::testing::Range(1u, 4u));

}  // namespace
}  // namespace meerkat::alerting
