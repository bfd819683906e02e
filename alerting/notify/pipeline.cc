#include "alerting/notify/pipeline.h"

#include <algorithm>

#include "alerting/receivers/templates.h"

namespace meerkat::alerting {

// A flush on its way through the integrations of its receiver.
struct Pipeline::Progress {
  Flush flush;
  std::map<std::string, std::string> route_labels;
  std::size_t pending = 0;  // integrations that have not ended
  FlushResult result;
  std::function<void(FlushResult)> done;

  void EndOne(bool ok) {
    result.ok = result.ok && ok;
    if (--pending == 0) done(std::move(result));
  }
};

Pipeline::Pipeline(World world, const Config& config, std::shared_ptr<const RoutingTree> tree,
                   std::shared_ptr<const Inhibitor> inhibitor, std::shared_ptr<Transport> transport)
    : world_(std::move(world)),
      tree_(std::move(tree)),
      inhibitor_(std::move(inhibitor)),
      transport_(std::move(transport)) {
  for (const NamedIntervals& named : config.time_intervals) intervals_[named.name] = named;
}

Result<std::shared_ptr<Pipeline>> Pipeline::Make(World world, const Config& config,
                                                 std::shared_ptr<const RoutingTree> tree,
                                                 std::shared_ptr<const Inhibitor> inhibitor,
                                                 std::shared_ptr<Transport> transport) {
  const auto now = [&clock = world.clock] { return clock.Now(); };
  auto templates = TemplateSet::Make(config.templates, MakeTemplateWorld(now, world.zone));
  if (!templates) return std::move(templates).error();
  std::shared_ptr<Pipeline> pipeline(new Pipeline(std::move(world), config, std::move(tree),
                                                  std::move(inhibitor), std::move(transport)));
  pipeline->templates_ = std::move(*templates);
  const NotifierContext context{pipeline->templates_, pipeline->world_.read_file,
                                pipeline->world_.random, pipeline->world_.hostname};
  for (const ReceiverConfig& receiver : config.receivers) {
    auto& channels = pipeline->receivers_[receiver.name];
    for (const Integration& integration : receiver.integrations) {
      const auto& own = pipeline->world_.notifiers;
      channels.push_back({IntegrationName(integration.config), integration.index,
                          integration.send_resolved,
                          own ? own(integration) : MakeNotifier(integration, context)});
    }
  }
  return pipeline;
}

std::vector<std::string> Pipeline::MutedBy(const Route& route, Timestamp now) {
  const auto holds = [this, now](const std::string& name) {
    const auto found = intervals_.find(name);
    return found != intervals_.end() && found->second.Contains(now);
  };
  const auto& active = route.active_time_intervals;
  if (!active.empty() && std::none_of(active.begin(), active.end(), holds)) {
    world_.metrics.suppressed_by_active_interval.Add();
    return active;
  }
  std::vector<std::string> muted;
  for (const std::string& name : route.mute_time_intervals) {
    if (holds(name)) muted.push_back(name);
  }
  if (!muted.empty()) world_.metrics.suppressed_by_mute_interval.Add();
  return muted;
}

void Pipeline::RemoveMuted(std::vector<Alert>& alerts, Timestamp now) {
  const auto began = std::chrono::steady_clock::now();
  const std::size_t asked = alerts.size();
  const auto silenced = std::erase_if(alerts, [this, now](const Alert& alert) {
    return !world_.silences.MutedBy(alert.labels, now).empty();
  });
  // One look at the clock for all: the questions are shorter than that.
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  world_.metrics.silence_queries.Add(static_cast<double>(asked));
  world_.metrics.silence_query_seconds.Observe(took.count());
  world_.metrics.suppressed_by_silence.Add(static_cast<double>(silenced));
}

void Pipeline::Run(Flush flush, std::function<void(FlushResult)> done) {
  const auto inhibited = std::erase_if(flush.alerts, [this, &flush](const Alert& alert) {
    return inhibitor_->InhibitedBy(alert.labels, flush.now).has_value();
  });
  world_.metrics.suppressed_by_inhibition.Add(static_cast<double>(inhibited));

  auto progress = std::make_shared<Progress>();
  progress->result.ok = true;
  if (!flush.alerts.empty()) {
    progress->result.muted_by = MutedBy(*flush.route, flush.now);
    if (progress->result.muted_by.empty()) RemoveMuted(flush.alerts, flush.now);
  }
  const auto receiver = receivers_.find(flush.route->receiver);
  if (flush.alerts.empty() || !progress->result.muted_by.empty() || receiver == receivers_.end() ||
      receiver->second.empty()) {
    return done(std::move(progress->result));
  }

  progress->flush = std::move(flush);
  progress->done = std::move(done);
  // One more than there are, so that none that ends at once ends it all.
  progress->pending = receiver->second.size() + 1;
  for (const Channel& channel : receiver->second) RunChannel(channel, progress);
  progress->EndOne(true);
}

void Pipeline::RunChannel(const Channel& channel, const std::shared_ptr<Progress>& progress) {
  const Flush& flush = progress->flush;
  GroupState state;
  state.now = flush.now;
  state.repeat_interval = flush.route->repeat_interval;
  state.send_resolved = channel.send_resolved;
  for (const Alert& alert : flush.alerts) {
    (alert.ends_at == kZeroTime ? state.firing : state.resolved).push_back(alert.fingerprint);
  }
  std::sort(state.firing.begin(), state.firing.end());
  std::sort(state.resolved.begin(), state.resolved.end());

  const std::string key =
      NotificationLog::Key(flush.group_key, flush.route->receiver, channel.name, channel.index);
  auto again = [self = shared_from_this(), &channel, progress] {
    self->RunChannel(channel, progress);
  };
  if (!world_.gate.Enter(key, std::move(again))) return;
  const auto began = std::chrono::steady_clock::now();
  const LogEntry* known = world_.log.Find(key);
  world_.metrics.log_queries.Add();
  world_.metrics.log_query_seconds.Observe(
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
  const auto reason = Decide(known, state);
  if (!reason) {
    world_.gate.Leave(key);
    return progress->EndOne(true);
  }
  if (!channel.send_resolved && state.firing.empty()) {
    // Nobody wants to hear of it, but the log must know that it is over.
    return OnSent(channel, progress, state, *reason, {true, {}, 0, {}});
  }

  auto what = std::make_shared<Notification>();
  what->receiver = flush.route->receiver;
  what->group_key = flush.group_key;
  what->group_labels = flush.group_labels;
  what->reason = *reason;
  what->external_url = world_.external_url;
  what->now = flush.now;
  if (known != nullptr) what->memory = known->memory;
  for (const Alert& alert : flush.alerts) {
    if (channel.send_resolved || alert.ends_at == kZeroTime) what->alerts.push_back(alert);
  }
  std::map<std::string, std::string> route_labels;
  Renderer renderer(*templates_, *what);
  for (const auto& [name, text] : flush.route->labels) route_labels[name] = renderer.Text(text);
  what->route_labels = std::move(route_labels);

  // The retry itself is the key under which it is kept until it ends.
  auto slot = std::make_shared<const Retry*>(nullptr);
  auto done = [self = shared_from_this(), &channel, progress, state, reason = *reason,
               slot](RetryResult result) {
    self->running_.erase(*slot);
    self->OnSent(channel, progress, state, reason, std::move(result));
  };
  auto retry = std::make_shared<Retry>(
      Retry::Needs{world_.clock, transport_, channel.notifier,
                   world_.metrics.Of(channel.name, flush.route->receiver), world_.random},
      std::move(what), flush.deadline, std::move(done));
  *slot = retry.get();
  running_[retry.get()] = retry;
  retry->Start();
}

void Pipeline::OnSent(const Channel& channel, const std::shared_ptr<Progress>& progress,
                      const GroupState& state, NotificationReason reason, RetryResult result) {
  const Flush& flush = progress->flush;
  const std::string& receiver = flush.route->receiver;
  const std::string integration = channel.name + "[" + std::to_string(channel.index) + "]";
  if (result.attempts > 0) {
    HistoryEvent event;
    event.kind = result.sent ? HistoryEvent::Kind::kNotified : HistoryEvent::Kind::kNotifyFailed;
    event.at = world_.clock.Now();
    event.labels = flush.group_labels;
    event.receiver = receiver + "/" + integration;
    event.reason = ReasonText(reason);
    event.error = result.error;
    event.firing = static_cast<std::int64_t>(state.firing.size());
    event.resolved = static_cast<std::int64_t>(state.resolved.size());
    world_.history.Add(std::move(event));
    if (!world_.history.Write()) world_.metrics.state_write_errors.Add();
  }
  const std::string key =
      NotificationLog::Key(flush.group_key, receiver, channel.name, channel.index);
  if (!result.sent) {
    world_.logger.Error("Notify for alerts failed",
                        {{"num_alerts", std::to_string(flush.alerts.size())},
                         {"err", receiver + "/" + integration + ": " + result.error}});
    world_.gate.Leave(key);
    return progress->EndOne(false);
  }
  if (result.attempts > 1) {
    world_.logger.Info("Notify success", {{"receiver", receiver},
                                          {"integration", integration},
                                          {"aggrGroup", flush.group_key},
                                          {"attempts", std::to_string(result.attempts)}});
  }
  if (auto stored = world_.log.Record(key, state, world_.clock.Now(), std::move(result.memory));
      !stored) {
    world_.metrics.state_write_errors.Add();
    world_.logger.Error("Notification log not stored", {{"err", stored.error().message()}});
  }
  world_.gate.Leave(key);
  progress->EndOne(true);
}

void Pipeline::Retire() {
  // Each one that ends here leaves the map.
  const auto running = running_;
  for (const auto& [address, retry] : running) retry->Retire();
}

}  // namespace meerkat::alerting
