#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "alerting/alertmanager.h"
#include "base/manual_clock.h"

// A world of its own for the alert manager: time that moves when told, a store in memory that can
// survive it, and a transport that writes down what it gets.
namespace meerkat::alerting {

class MemoryStore : public StateStore {
 public:
  Result<> Write(std::vector<Change> changes) override {
    ++writes;
    for (Change& change : changes) {
      if (change.value) {
        entries[change.key] = std::move(*change.value);
      } else {
        entries.erase(change.key);
      }
    }
    return {};
  }
  Result<std::optional<std::string>> Read(std::string_view key) const override {
    const auto found = entries.find(key);
    if (found == entries.end()) return std::optional<std::string>();
    return std::optional<std::string>(found->second);
  }
  Result<> Scan(
      std::string_view prefix,
      const std::function<bool(std::string_view, std::string_view)>& visit) const override {
    for (auto at = entries.lower_bound(prefix); at != entries.end(); ++at) {
      if (!at->first.starts_with(prefix) || !visit(at->first, at->second)) break;
    }
    return {};
  }

  std::map<std::string, std::string, std::less<>> entries;
  std::size_t writes = 0;
};

struct SentMessage {
  Timestamp at;
  Message message;
  const HttpRequest& http() const { return std::get<HttpRequest>(message); }
  const Email& email() const { return std::get<Email>(message); }
};

class RecordingTransport : public Transport {
 public:
  explicit RecordingTransport(ManualClock& clock) : clock_(clock) {}

  void Send(Message message, std::function<void(Result<HttpResponse>)> done) override {
    auto response = answer ? answer(message) : Result<HttpResponse>(HttpResponse{200, "", ""});
    sent.push_back({clock_.Now(), std::move(message)});
    pending_.push_back(clock_.CallAt(clock_.Now() + latency,
                                     [done = std::move(done), response] { done(response); }));
  }

  // Answers that have not come yet never will: they hold on to the transport that holds them.
  void Hush() { pending_.clear(); }

  std::vector<SentMessage> sent;
  std::function<Result<HttpResponse>(const Message&)> answer;
  Millis latency{10};

 private:
  ManualClock& clock_;
  std::vector<std::unique_ptr<Timer>> pending_;
};

inline const Timestamp kStart = *ParseRfc3339("2026-01-05T10:00:00Z");  // a Monday

struct World {
  ManualClock clock{kStart};
  MemoryStore store;
  Registry metrics;
  std::shared_ptr<RecordingTransport> transport = std::make_shared<RecordingTransport>(clock);
  std::shared_ptr<Config> config = std::make_shared<Config>();
  AlertManagerOptions options;
  std::unique_ptr<AlertManager> manager;
  std::uint64_t seed = 1;

  World() {
    options.external_url = "http://am.example";
    config->route.receiver = "default";
    config->route.group_by = {{"alertname"}};
    config->route.group_wait = std::chrono::seconds(30);
    config->route.group_interval = std::chrono::minutes(5);
    config->route.repeat_interval = std::chrono::hours(4);
    AddWebhook("default");
  }
  ~World() {
    manager.reset();
    transport->Hush();
  }

  Integration& AddWebhook(const std::string& receiver) {
    WebhookConfig webhook;
    webhook.url.value = "http://hook/" + receiver;
    config->receivers.push_back({receiver, {}, {}});
    Integration integration;
    integration.config = webhook;
    config->receivers.back().integrations.push_back(integration);
    return config->receivers.back().integrations.back();
  }

  // Starts the alert manager, or a new one with the state of the old.
  void Start() {
    manager.reset();
    AlertManagerWorld world{
        clock,
        store,
        metrics,
        Logger::Silent(),
        [](const std::string& file) { return Result<std::string>(file); },
        [this] { return seed = seed * 6364136223846793005ULL + 1442695040888963407ULL; },
        [](const std::string&) {
          return Result<std::shared_ptr<const Zone>>(Error(Code::kNotFound, "no zones here"));
        }};
    manager = std::make_unique<AlertManager>(std::move(world), options);
    Must(manager->Load());
    Must(manager->Apply(config, transport));
  }

  void Fire(const Labels& labels, Timestamp ends = kZeroTime) {
    PostedAlert alert;
    alert.labels = labels;
    alert.ends_at = ends;
    if (ends != kZeroTime) alert.starts_at = ends - std::chrono::minutes(1);
    Must(manager->Post({alert}));
  }
  void Resolve(const Labels& labels) { Fire(labels, clock.Now()); }

  std::size_t count() const { return transport->sent.size(); }
  const HttpRequest& last() const { return transport->sent.back().http(); }

  static void Must(const Result<>& result) {
    if (!result) throw std::runtime_error(result.error().message());
  }
};

inline Matcher MatcherOf(const std::string& text) {
  auto matcher = ParseMatcher(text);
  if (!matcher) throw std::runtime_error(matcher.error().message());
  return std::move(*matcher);
}

}  // namespace meerkat::alerting
