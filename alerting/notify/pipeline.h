#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "alerting/config.h"
#include "alerting/history.h"
#include "alerting/mute/inhibitor.h"
#include "alerting/mute/silences.h"
#include "alerting/notify/gate.h"
#include "alerting/notify/log.h"
#include "alerting/notify/metrics.h"
#include "alerting/notify/retry.h"
#include "alerting/receivers/notifier.h"
#include "alerting/route/dispatcher.h"
#include "base/log.h"

namespace meerkat::alerting {

// From a flushed group to delivered messages, for one configuration: inhibition, time intervals,
// silences, then for each integration of the receiver deduplication, sending with retries, and the
// log entry. Not thread-safe: the alert manager's lock guards it. Flushes under way keep it alive.
class Pipeline : public std::enable_shared_from_this<Pipeline> {
 public:
  // What outlives every configuration.
  struct World {
    Clock& clock;
    const Silences& silences;
    NotificationLog& log;
    DeliveryGate& gate;
    History& history;
    AlertmanagerMetrics& metrics;
    Logger logger;
    SecretReader read_file;
    std::function<std::uint64_t()> random;
    std::string external_url;
    std::string hostname;
    std::function<Result<std::shared_ptr<const Zone>>(const std::string& name)> zone;
    std::function<std::unique_ptr<Notifier>(const Integration& integration)> notifiers;
  };

  static Result<std::shared_ptr<Pipeline>> Make(World world, const Config& config,
                                                std::shared_ptr<const RoutingTree> tree,
                                                std::shared_ptr<const Inhibitor> inhibitor,
                                                std::shared_ptr<Transport> transport);

  // `done` runs exactly once, now or later. A muted group counts as told.
  void Run(Flush flush, std::function<void(FlushResult)> done);
  // Another configuration has taken over: what is under way ends with its present attempt.
  void Retire();
  // Abandons what is under way. Without it a flush and its pipeline keep each other alive.
  void Stop() { running_.clear(); }

 private:
  struct Channel {     // one integration
    std::string name;  // "email"
    std::size_t index = 0;
    bool send_resolved = true;
    std::shared_ptr<Notifier> notifier;
  };
  struct Progress;

  Pipeline(World world, const Config& config, std::shared_ptr<const RoutingTree> tree,
           std::shared_ptr<const Inhibitor> inhibitor, std::shared_ptr<Transport> transport);
  std::vector<std::string> MutedBy(const Route& route, Timestamp now);
  void RemoveMuted(std::vector<Alert>& alerts, Timestamp now);
  void RunChannel(const Channel& channel, const std::shared_ptr<Progress>& progress);
  void OnSent(const Channel& channel, const std::shared_ptr<Progress>& progress,
              const GroupState& state, NotificationReason reason, RetryResult result);

  World world_;
  const std::shared_ptr<const RoutingTree> tree_;  // owns the routes of flushes under way
  const std::shared_ptr<const Inhibitor> inhibitor_;
  const std::shared_ptr<Transport> transport_;
  std::shared_ptr<const TemplateSet> templates_;
  std::map<std::string, std::vector<Channel>, std::less<>> receivers_;
  std::map<std::string, NamedIntervals, std::less<>> intervals_;
  std::map<const Retry*, std::shared_ptr<Retry>> running_;
};

}  // namespace meerkat::alerting
