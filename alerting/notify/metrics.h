#pragma once

#include <array>
#include <map>
#include <string>

#include "alerting/receivers/notifier.h"
#include "base/metrics.h"

namespace meerkat::alerting {

// What the alert manager counts about itself, under upstream's names. All children exist from the
// start, so that a rate() over the first failure works.
class AlertmanagerMetrics {
 public:
  explicit AlertmanagerMetrics(Registry& registry);

  struct ForIntegration {
    Counter& notifications;
    std::array<Counter*, std::size(kFailureReasons)> failed;
    Counter& requests;
    Counter& requests_failed;
    BucketHistogram& latency;  // seconds
  };
  ForIntegration& Of(const char* integration) { return by_integration_.at(integration); }

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
  std::map<std::string, ForIntegration, std::less<>> by_integration_;
};

}  // namespace meerkat::alerting
