#pragma once

#include <memory>
#include <string>
#include <vector>

#include "alerting/alertmanager.h"
#include "alerting/notify/alert_store.h"
#include "alerting/notify/log.h"
#include "alerting/notify/metrics.h"
#include "alerting/notify/monitor.h"
#include "alerting/notify/pipeline.h"

namespace meerkat::alerting {

// The alert manager behind its lock: the public methods of AlertManager, one to one.
class AlertManager::Core {
 public:
  Core(AlertManagerWorld world, AlertManagerOptions options);

  Result<> Load() REQUIRES(monitor_->mu);
  Result<> Apply(std::shared_ptr<const Config> config, std::shared_ptr<Transport> transport)
      REQUIRES(monitor_->mu);
  Result<> Post(std::vector<PostedAlert> alerts) REQUIRES(monitor_->mu);
  std::vector<AlertView> Alerts(const AlertFilter& filter) const REQUIRES(monitor_->mu);
  std::vector<GroupView> Groups(const AlertFilter& filter) const REQUIRES(monitor_->mu);
  Result<std::string> Acknowledge(Fingerprint alert, std::string created_by, std::string comment,
                                  Millis at_most) REQUIRES(monitor_->mu);
  // Ends everything; nothing of it runs any more.
  void Stop() REQUIRES(monitor_->mu);

  struct StateCounts {
    double active = 0;
    double suppressed = 0;
  };
  StateCounts CountAlerts() const REQUIRES(monitor_->mu);
  double CountSilences(SilenceState state) const REQUIRES(monitor_->mu);

  const std::shared_ptr<Monitor> monitor_;
  const AlertManagerWorld world_;
  const AlertManagerOptions options_;
  AlertmanagerMetrics metrics_;
  MonitoredClock clock_;
  const Timestamp started_;

  std::shared_ptr<const Config> config_ GUARDED_BY(monitor_->mu);
  Silences silences_ GUARDED_BY(monitor_->mu);
  History history_ GUARDED_BY(monitor_->mu);

 private:
  void RunFlush(Flush flush, std::function<void(FlushResult)> done) REQUIRES(monitor_->mu);
  void ScheduleCollection() REQUIRES(monitor_->mu);
  void ScheduleMaintenance() REQUIRES(monitor_->mu);
  void NoteChange(const AlertPtr& alert, HistoryEvent::Kind kind) REQUIRES(monitor_->mu);
  void WriteState() REQUIRES(monitor_->mu);
  AlertView View(const AlertPtr& alert, Timestamp now) const REQUIRES(monitor_->mu);
  bool Shows(const AlertView& view, const AlertFilter& filter) const REQUIRES(monitor_->mu);
  bool ReceiverShown(const std::string& receiver, const AlertFilter& filter) const
      REQUIRES(monitor_->mu);

  AlertStore alerts_ GUARDED_BY(monitor_->mu);
  NotificationLog log_ GUARDED_BY(monitor_->mu);
  DeliveryGate gate_ GUARDED_BY(monitor_->mu);
  std::shared_ptr<const RoutingTree> tree_ GUARDED_BY(monitor_->mu);
  std::shared_ptr<Inhibitor> inhibitor_ GUARDED_BY(monitor_->mu);
  std::shared_ptr<Pipeline> pipeline_ GUARDED_BY(monitor_->mu);
  std::unique_ptr<Dispatcher> dispatcher_ GUARDED_BY(monitor_->mu);
  // Those of earlier configurations that may still have a flush under way.
  std::vector<std::weak_ptr<Pipeline>> old_pipelines_ GUARDED_BY(monitor_->mu);
  std::unique_ptr<Timer> collection_timer_ GUARDED_BY(monitor_->mu);
  std::unique_ptr<Timer> maintenance_timer_ GUARDED_BY(monitor_->mu);
};

}  // namespace meerkat::alerting
