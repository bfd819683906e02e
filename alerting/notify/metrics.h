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
  ForIntegration& Of(const char* integration) { return integrations_.at(integration); }

  Counter& received_firing;
  Counter& received_resolved;
  Counter& invalid;
  Counter& limited;
  Counter& suppressed_by_silence;
  Counter& suppressed_by_inhibition;
  Counter& suppressed_by_mute_interval;
  Counter& suppressed_by_active_interval;
  Counter& log_queries;
  Counter& state_write_errors;
  Gauge& config_successful;
  Gauge& config_success_time;  // seconds
  Gauge& config_hash;
  Gauge& receivers;
  Gauge& inhibition_rules;
  Gauge& aggregation_groups;
  BucketHistogram& processing;  // seconds

 private:
  std::map<std::string, ForIntegration, std::less<>> integrations_;
};

}  // namespace meerkat::alerting
