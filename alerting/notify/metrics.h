#pragma once

#include <array>
#include <map>
#include <string>
#include <utility>

#include "alerting/config.h"
#include "alerting/receivers/notifier.h"
#include "base/metrics.h"

namespace meerkat::alerting {

// What the alert manager counts about itself, under upstream's names. All children exist from the
// start, so that a rate() over the first failure works.
class AlertmanagerMetrics {
 public:
  // `by_receiver`: notifications are counted by receiver beside their kind, from the time that Add
  // or Of first names one.
  AlertmanagerMetrics(Registry& registry, bool by_receiver);

  struct ForIntegration {
    Counter& notifications;
    std::array<Counter*, std::size(kFailureReasons)> failed;
    Counter& requests;
    Counter& requests_failed;
    BucketHistogram& latency;  // seconds
  };
  ForIntegration& Of(const std::string& integration, const std::string& receiver);
  // Makes what counts the notifications to one receiver.
  void Add(const ReceiverConfig& receiver);

  Counter& received_firing;
  Counter& received_resolved;
  Counter& invalid;
  Counter& limited;
  Counter& suppressed_by_silence;
  Counter& suppressed_by_inhibition;
  Counter& suppressed_by_mute_interval;
  Counter& suppressed_by_active_interval;
  Counter& log_queries;
  BucketHistogram& log_query_seconds;
  Summary& log_gc_seconds;
  Counter& log_maintenance;
  Counter& silence_queries;
  BucketHistogram& silence_query_seconds;
  Summary& silence_gc_seconds;
  Counter& silence_maintenance;
  Counter& state_write_errors;
  Gauge& config_successful;
  Gauge& config_success_time;  // seconds
  Gauge& config_hash;
  Gauge& receivers;
  Gauge& integrations;
  Gauge& inhibition_rules;
  Gauge& aggregation_groups;
  Summary& processing;  // seconds

 private:
  Registry& registry_;
  const bool by_receiver_;
  std::map<std::pair<std::string, std::string>, ForIntegration> notifications_;  // kind, receiver
};

}  // namespace meerkat::alerting
