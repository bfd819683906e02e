#include "alerting/notify/rehearsal.h"

#include "alerting/receivers/notifier.h"

namespace meerkat::alerting {
namespace {

// Marks alerts that only inhibit; the first route takes them to nobody. No label of a user begins
// like this one, and inhibition rules compare only the labels they name.
constexpr std::string_view kSourceLabel = "__backtest_source__";
constexpr std::string_view kNobody = "__backtest_nobody__";

class NoTransport : public Transport {
 public:
  void Send(Message, std::function<void(Result<HttpResponse>)>) override {}
};

std::vector<PostedAlert> Posted(const std::vector<Alert>& alerts) {
  std::vector<PostedAlert> posted;
  for (const Alert& alert : alerts) {
    posted.push_back(
        {alert.labels, alert.annotations, alert.starts_at, alert.ends_at, alert.generator_url});
  }
  return posted;
}

}  // namespace

// Takes everything and keeps nothing.
class Rehearsal::Oblivion : public StateStore {
 public:
  Result<> Write(std::vector<Change>) override { return {}; }
  Result<std::optional<std::string>> Read(std::string_view) const override {
    return std::optional<std::string>();
  }
  Result<> Scan(std::string_view,
                const std::function<bool(std::string_view, std::string_view)>&) const override {
    return {};
  }
};

class Rehearsal::Recorder : public Notifier {
 public:
  Recorder(std::string integration, std::vector<Told>& into)
      : integration_(std::move(integration)), into_(into) {}

  void Notify(DeliveryPtr delivery) override {
    const Notification& what = delivery->what();
    Told entry{delivery->now,
               what.receiver,
               integration_,
               std::string(ReasonText(what.reason)),
               what.group_labels,
               {},
               {}};
    for (const Alert& alert : what.alerts) {
      (alert.ends_at == kZeroTime ? entry.firing : entry.resolved).push_back(alert.labels);
    }
    into_.push_back(std::move(entry));
    delivery->done(Outcome::Sent());
  }

 private:
  const std::string integration_;
  std::vector<Told>& into_;
};

Rehearsal::Rehearsal(Timestamp start) : clock_(start), store_(std::make_unique<Oblivion>()) {}
Rehearsal::~Rehearsal() = default;

Result<std::unique_ptr<Rehearsal>> Rehearsal::Make(
    const Config& config,
    std::function<Result<std::shared_ptr<const Zone>>(const std::string& name)> zone,
    Timestamp start) {
  std::unique_ptr<Rehearsal> rehearsal(new Rehearsal(start));
  auto copy = std::make_shared<Config>(config);
  copy->templates.clear();
  copy->receivers.push_back({std::string(kNobody), {}, {}});
  RouteConfig nobody;
  nobody.receiver = kNobody;
  nobody.matchers = {Matcher::Equal(std::string(kSourceLabel), "true")};
  copy->route.routes.insert(copy->route.routes.begin(), std::move(nobody));

  AlertManagerWorld world{rehearsal->clock_,
                          *rehearsal->store_,
                          rehearsal->registry_,
                          Logger::Silent(),
                          [](const std::string&) { return Result<std::string>(std::string()); },
                          [&seed = rehearsal->seed_] {
                            return seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
                          },
                          std::move(zone)};
  world.notifiers = [&told = rehearsal->told](const Integration& integration) {
    std::string name(IntegrationName(integration.config));
    name += "[" + std::to_string(integration.index) + "]";
    return std::make_unique<Recorder>(std::move(name), told);
  };
  rehearsal->manager_ = std::make_unique<AlertManager>(std::move(world), AlertManagerOptions());
  if (auto applied = rehearsal->manager_->Apply(std::move(copy), std::make_shared<NoTransport>());
      !applied) {
    return std::move(applied).error();
  }
  return rehearsal;
}

void Rehearsal::Post(const std::vector<Alert>& alerts) {
  // What it refuses is what the real one refuses: such an alert is told to nobody.
  (void)manager_->Post(Posted(alerts)).ok();
}

void Rehearsal::PostSources(const std::vector<Alert>& alerts) {
  auto posted = Posted(alerts);
  for (PostedAlert& alert : posted) {
    LabelsBuilder labels(alert.labels);
    labels.Set(kSourceLabel, "true");
    alert.labels = labels.Build();
  }
  (void)manager_->Post(std::move(posted)).ok();
}

}  // namespace meerkat::alerting
