#include "alerting/alertmanager.h"

#include "alerting/notify/core.h"

namespace meerkat::alerting {

AlertManager::AlertManager(AlertManagerWorld world, AlertManagerOptions options)
    : core_(std::make_shared<Core>(std::move(world), std::move(options))) {
  Registry& registry = core_->world_.metrics;
  // The registry may be asked when the alert manager is gone already.
  const auto read = [weak = std::weak_ptr<Core>(core_)](auto count) {
    return [weak, count]() -> double {
      const auto core = weak.lock();
      if (core == nullptr) return 0;
      MutexLock lock(core->monitor_->mu);
      return count(*core);
    };
  };
  const auto alerts = [&](const char* state, auto count) {
    registry.gauge_function("alertmanager_alerts", "How many alerts by state.", read(count),
                            {{"state", state}});
  };
  alerts("active",
         [](const Core& core) NO_THREAD_SAFETY_ANALYSIS { return core.CountAlerts().active; });
  alerts("suppressed",
         [](const Core& core) NO_THREAD_SAFETY_ANALYSIS { return core.CountAlerts().suppressed; });
  alerts("unprocessed", [](const Core&) { return 0.0; });
  const auto silences = [&](const char* name, SilenceState state) {
    registry.gauge_function("alertmanager_silences", "How many silences by state.",
                            read([state](const Core& core) NO_THREAD_SAFETY_ANALYSIS {
                              return core.CountSilences(state);
                            }),
                            {{"state", name}});
  };
  silences("active", SilenceState::kActive);
  silences("pending", SilenceState::kPending);
  silences("expired", SilenceState::kExpired);
}

AlertManager::~AlertManager() {
  MutexLock lock(core_->monitor_->mu);
  core_->Stop();
}

Result<> AlertManager::Load() {
  MutexLock lock(core_->monitor_->mu);
  return core_->Load();
}

Result<> AlertManager::Apply(std::shared_ptr<const Config> config,
                             std::shared_ptr<Transport> transport) {
  MutexLock lock(core_->monitor_->mu);
  return core_->Apply(std::move(config), std::move(transport));
}

void AlertManager::NoteFailedReload() {
  core_->metrics_.config_successful.Set(0);
}

std::shared_ptr<const Config> AlertManager::config() const {
  MutexLock lock(core_->monitor_->mu);
  return core_->config_;
}

Timestamp AlertManager::started() const {
  return core_->started_;
}

Result<> AlertManager::Post(std::vector<PostedAlert> alerts) {
  MutexLock lock(core_->monitor_->mu);
  return core_->Post(std::move(alerts));
}

std::vector<AlertView> AlertManager::Alerts(const AlertFilter& filter) const {
  MutexLock lock(core_->monitor_->mu);
  return core_->Alerts(filter);
}

std::vector<GroupView> AlertManager::Groups(const AlertFilter& filter) const {
  MutexLock lock(core_->monitor_->mu);
  return core_->Groups(filter);
}

Result<std::string> AlertManager::SetSilence(Silence silence) {
  MutexLock lock(core_->monitor_->mu);
  return core_->silences_.Set(std::move(silence), core_->clock_.Now());
}

Result<> AlertManager::ExpireSilence(std::string_view id) {
  MutexLock lock(core_->monitor_->mu);
  return core_->silences_.Expire(id, core_->clock_.Now());
}

std::optional<Silence> AlertManager::FindSilence(std::string_view id) const {
  MutexLock lock(core_->monitor_->mu);
  const Silence* silence = core_->silences_.Find(id);
  if (silence == nullptr) return std::nullopt;
  return *silence;
}

std::vector<Silence> AlertManager::AllSilences() const {
  MutexLock lock(core_->monitor_->mu);
  std::vector<Silence> out;
  for (const auto& [id, silence] : core_->silences_.all()) out.push_back(silence);
  return out;
}

Result<std::string> AlertManager::Acknowledge(Fingerprint alert, std::string created_by,
                                              std::string comment, Millis at_most) {
  MutexLock lock(core_->monitor_->mu);
  return core_->Acknowledge(alert, std::move(created_by), std::move(comment), at_most);
}

Result<std::vector<HistoryEvent>> AlertManager::ReadHistory(TimeRange range,
                                                            std::size_t limit) const {
  MutexLock lock(core_->monitor_->mu);
  return core_->history_.Read(range, limit);
}

Timestamp AlertManager::Now() const {
  return core_->clock_.Now();
}

}  // namespace meerkat::alerting
