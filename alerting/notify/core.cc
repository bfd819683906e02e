#include "alerting/notify/core.h"

#include <algorithm>
#include <set>

#include "base/quote.h"
#include "base/sha256.h"
#include "base/utf8.h"

namespace meerkat::alerting {
namespace {

Error Invalid(std::string message) {
  return {Code::kInvalid, std::move(message)};
}

Result<> CheckNames(const Labels& labels, MatcherSyntax syntax) {
  for (const Label label : labels) {
    if (!IsLabelName(label.name, syntax)) return Invalid("invalid name " + Quote(label.name));
    if (!IsValidUtf8(label.value)) {
      return Invalid("invalid value " + Quote(label.value));
    }
  }
  return {};
}

Result<> Validate(const Alert& alert, MatcherSyntax syntax) {
  if (alert.ends_at < alert.starts_at) return Invalid("start time must be before end time");
  if (alert.labels.empty()) return Invalid("at least one label pair required");
  if (auto names = CheckNames(alert.labels, syntax); !names) {
    return std::move(names).error().Within("invalid label set");
  }
  if (auto names = CheckNames(alert.annotations, syntax); !names) {
    return std::move(names).error().Within("invalid annotations");
  }
  return {};
}

// Of real time, which the clock of a test does not tell.
class SecondsOf {
 public:
  double passed() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

double HashOf(std::string_view text) {
  const Sha256Digest digest = Sha256(text);
  std::uint64_t hash = 0;
  // 48 bits: a double holds them exactly.
  for (std::size_t i = 0; i < 6; ++i) hash = hash << 8 | digest[i];
  return static_cast<double>(hash);
}

}  // namespace

AlertManager::Core::Core(AlertManagerWorld world, AlertManagerOptions options)
    : monitor_(std::make_shared<Monitor>()),
      world_(std::move(world)),
      options_(std::move(options)),
      metrics_(world_.metrics, options_.receiver_in_metrics),
      clock_(world_.clock, monitor_),
      started_(world_.clock.Now()),
      silences_(world_.store, {options_.max_silences, options_.max_silence_bytes},
                options_.retention, world_.random),
      history_(world_.store, options_.retention),
      alerts_(world_.store, options_.alerts_per_name),
      log_(world_.store, options_.retention) {}

Result<> AlertManager::Core::Load() {
  constexpr Millis kGrace = std::chrono::minutes(5);
  if (auto loaded = silences_.Load(); !loaded) return loaded;
  if (auto loaded = log_.Load(); !loaded) return loaded;
  return alerts_.Load(clock_.Now(), kGrace);
}

Result<> AlertManager::Core::Apply(std::shared_ptr<const Config> config,
                                   std::shared_ptr<Transport> transport) {
  const Timestamp now = clock_.Now();
  auto tree = std::make_shared<const RoutingTree>(config->route);
  auto inhibitor = std::make_shared<Inhibitor>(config->inhibit_rules);
  auto pipeline = Pipeline::Make(
      {clock_, silences_, log_, gate_, history_, metrics_, world_.logger, world_.read_file,
       world_.random, options_.external_url, options_.hostname, world_.zone, world_.notifiers},
      *config, tree, inhibitor,
      std::make_shared<MonitoredTransport>(std::move(transport), monitor_));
  if (!pipeline) return std::move(pipeline).error();

  // Its groups must be gone before their last flushes end.
  dispatcher_ = nullptr;
  if (pipeline_ != nullptr) {
    pipeline_->Retire();
    old_pipelines_.push_back(pipeline_);
  }
  std::erase_if(old_pipelines_, [](const auto& old) { return old.expired(); });
  config_ = std::move(config);
  silences_.set_syntax(config_->matcher_syntax);
  tree_ = std::move(tree);
  inhibitor_ = std::move(inhibitor);
  pipeline_ = std::move(*pipeline);
  dispatcher_ = std::make_unique<Dispatcher>(
      clock_, tree_, started_ + options_.start_delay,
      [this](Flush flush, std::function<void(FlushResult)> done)
          NO_THREAD_SAFETY_ANALYSIS { RunFlush(std::move(flush), std::move(done)); });
  alerts_.ForEach([this, now](const AlertPtr& alert) NO_THREAD_SAFETY_ANALYSIS {
    inhibitor_->Update(alert, now);
    dispatcher_->Insert(alert);
  });

  if (collection_timer_ == nullptr) ScheduleCollection();
  if (maintenance_timer_ == nullptr) ScheduleMaintenance();
  metrics_.config_successful.Set(1);
  metrics_.config_success_time.Set(static_cast<double>(ToMillis(now)) / 1000);
  metrics_.config_hash.Set(HashOf(config_->text));
  std::size_t integrations = 0;
  const std::set<std::string> routed = tree_->Receivers();
  for (const ReceiverConfig& receiver : config_->receivers) {
    integrations += receiver.integrations.size();
    if (routed.contains(receiver.name)) metrics_.Add(receiver);
  }
  metrics_.integrations.Set(static_cast<double>(integrations));
  metrics_.receivers.Set(static_cast<double>(config_->receivers.size()));
  metrics_.inhibition_rules.Set(static_cast<double>(config_->inhibit_rules.size()));
  metrics_.aggregation_groups.Set(static_cast<double>(dispatcher_->group_count()));
  return {};
}

void AlertManager::Core::RunFlush(Flush flush, std::function<void(FlushResult)> done) {
  for (const Alert& alert : flush.alerts) {
    if (alert.ends_at == kZeroTime || !alerts_.NoteEnd(alert.fingerprint, flush.now)) continue;
    if (const AlertPtr ended = alerts_.Find(alert.fingerprint)) {
      NoteChange(ended, HistoryEvent::Kind::kResolved);
      inhibitor_->Remove(*ended);
    }
  }
  WriteState();
  pipeline_->Run(std::move(flush), std::move(done));
  metrics_.aggregation_groups.Set(static_cast<double>(dispatcher_->group_count()));
}

Result<> AlertManager::Core::Post(std::vector<PostedAlert> posted) {
  const SecondsOf processing;
  const Timestamp now = clock_.Now();
  const Millis resolve_timeout =
      config_ == nullptr ? Millis(std::chrono::minutes(5)) : config_->resolve_timeout;
  const MatcherSyntax syntax =
      config_ == nullptr ? MatcherSyntax::kFallback : config_->matcher_syntax;
  std::string errors;
  std::vector<AlertPtr> taken;
  for (PostedAlert& post : posted) {
    Alert alert;
    alert.labels = std::move(post.labels);
    alert.annotations = std::move(post.annotations);
    alert.generator_url = std::move(post.generator_url);
    alert.updated_at = now;
    alert.ends_at = post.ends_at;
    alert.starts_at = post.starts_at != kZeroTime ? post.starts_at
                      : post.ends_at != kZeroTime ? post.ends_at
                                                  : now;
    if (alert.ends_at == kZeroTime) {
      alert.timeout = true;
      alert.ends_at = now + resolve_timeout;
    }
    (alert.ends_at > now ? metrics_.received_firing : metrics_.received_resolved).Add();
    if (const auto valid = Validate(alert, syntax); !valid) {
      metrics_.invalid.Add();
      if (!errors.empty()) errors += '\n';
      errors += valid.error().message();
      continue;
    }
    alert.fingerprint = FingerprintOf(alert.labels);
    const auto change = alerts_.Put(std::move(alert), now);
    if (change.alert == nullptr) {
      metrics_.limited.Add();
      continue;
    }
    if (change.began) NoteChange(change.alert, HistoryEvent::Kind::kFiring);
    if (change.ended) NoteChange(change.alert, HistoryEvent::Kind::kResolved);
    taken.push_back(change.alert);
  }
  WriteState();
  // All sources are known before the first target is looked at.
  if (dispatcher_ != nullptr) {
    for (const AlertPtr& alert : taken) inhibitor_->Update(alert, now);
    for (const AlertPtr& alert : taken) dispatcher_->Insert(alert);
    metrics_.aggregation_groups.Set(static_cast<double>(dispatcher_->group_count()));
  }
  metrics_.processing.Observe(processing.passed());
  if (!errors.empty()) return Invalid(std::move(errors));
  return {};
}

void AlertManager::Core::NoteChange(const AlertPtr& alert, HistoryEvent::Kind kind) {
  HistoryEvent event;
  event.kind = kind;
  event.at = clock_.Now();
  event.labels = alert->labels;
  history_.Add(std::move(event));
  if (kind != HistoryEvent::Kind::kResolved) return;
  std::vector<std::string> over;
  for (const auto& [id, silence] : silences_.all()) {
    if (silence.until_resolved && AllMatch(silence.matchers, alert->labels)) over.push_back(id);
  }
  for (const std::string& id : over) {
    if (!silences_.Expire(id, clock_.Now())) metrics_.state_write_errors.Add();
  }
}

void AlertManager::Core::WriteState() {
  auto written = alerts_.Write();
  if (written) written = history_.Write();
  if (written) return;
  metrics_.state_write_errors.Add();
  world_.logger.Error("Alert state not stored", {{"err", written.error().message()}});
}

void AlertManager::Core::ScheduleCollection() {
  collection_timer_ =
      clock_.CallAt(clock_.Now() + options_.gc_interval, [this]() NO_THREAD_SAFETY_ANALYSIS {
        const auto gone =
            alerts_.Collect(clock_.Now(), [this](const Alert& alert) NO_THREAD_SAFETY_ANALYSIS {
              return dispatcher_->Holds(alert);
            });
        for (const AlertPtr& alert : gone) inhibitor_->Remove(*alert);
        WriteState();
        ScheduleCollection();
      });
}

void AlertManager::Core::ScheduleMaintenance() {
  maintenance_timer_ = clock_.CallAt(clock_.Now() + options_.maintenance_interval,
                                     [this]() NO_THREAD_SAFETY_ANALYSIS {
                                       const Timestamp now = clock_.Now();
                                       const SecondsOf collecting;
                                       silences_.Collect(now);
                                       metrics_.silence_gc_seconds.Observe(collecting.passed());
                                       metrics_.silence_maintenance.Add();
                                       const SecondsOf collecting_log;
                                       log_.Collect(now);
                                       metrics_.log_gc_seconds.Observe(collecting_log.passed());
                                       metrics_.log_maintenance.Add();
                                       history_.Collect(now);
                                       ScheduleMaintenance();
                                     });
}

void AlertManager::Core::Stop() {
  monitor_->alive = false;
  collection_timer_ = nullptr;
  maintenance_timer_ = nullptr;
  dispatcher_ = nullptr;
  gate_.Clear();
  if (pipeline_ != nullptr) pipeline_->Stop();
  for (const auto& old : old_pipelines_) {
    if (const auto pipeline = old.lock()) pipeline->Stop();
  }
}

Result<std::string> AlertManager::Core::Acknowledge(Fingerprint fingerprint, std::string created_by,
                                                    std::string comment, Millis at_most) {
  const Timestamp now = clock_.Now();
  const AlertPtr alert = alerts_.Find(fingerprint);
  if (alert == nullptr || alert->ResolvedAt(now)) {
    return Error(Code::kNotFound, "no such firing alert: " + FingerprintText(fingerprint));
  }
  Silence silence;
  for (const Label label : alert->labels) {
    silence.matchers.push_back(Matcher::Equal(std::string(label.name), std::string(label.value)));
  }
  silence.starts_at = now;
  silence.ends_at = now + at_most;
  silence.created_by = std::move(created_by);
  silence.comment = std::move(comment);
  silence.until_resolved = true;
  return silences_.Set(std::move(silence), now);
}

}  // namespace meerkat::alerting
