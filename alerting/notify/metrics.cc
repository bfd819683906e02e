#include "alerting/notify/metrics.h"

namespace meerkat::alerting {
namespace {

constexpr const char* kIntegrations[] = {
    "discord",   "email",    "incidentio", "jira",     "mattermost", "msteams",
    "msteamsv2", "opsgenie", "pagerduty",  "pushover", "rocketchat", "slack",
    "sns",       "telegram", "victorops",  "webex",    "webhook",    "wechat"};

const std::vector<double> kQueryBounds = {.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10};

Counter& Suppressed(Registry& registry, const char* reason) {
  return registry.counter("alertmanager_notifications_suppressed_total",
                          "The total number of notifications suppressed for being silenced, "
                          "inhibited, outside of active time intervals or within muted ones.",
                          {{"reason", reason}});
}

Counter& Received(Registry& registry, const char* status) {
  return registry.counter("alertmanager_alerts_received_total",
                          "The total number of received alerts.",
                          {{"status", status}, {"version", "v2"}});
}

}  // namespace

AlertmanagerMetrics::AlertmanagerMetrics(Registry& registry, bool by_receiver)
    : received_firing(Received(registry, "firing")),
      received_resolved(Received(registry, "resolved")),
      invalid(registry.counter("alertmanager_alerts_invalid_total",
                               "The total number of received alerts that were invalid.",
                               {{"version", "v2"}})),
      limited(registry.counter("alertmanager_alerts_limited_total",
                               "Alerts refused because their name has too many already.")),
      suppressed_by_silence(Suppressed(registry, "silence")),
      suppressed_by_inhibition(Suppressed(registry, "inhibition")),
      suppressed_by_mute_interval(Suppressed(registry, "mute_time_interval")),
      suppressed_by_active_interval(Suppressed(registry, "active_time_interval")),
      log_queries(registry.counter("alertmanager_nflog_queries_total",
                                   "Number of notification log queries.")),
      log_query_seconds(registry.histogram("alertmanager_nflog_query_duration_seconds",
                                           "Duration of notification log query evaluation.",
                                           kQueryBounds)),
      log_gc_seconds(
          registry.summary("alertmanager_nflog_gc_duration_seconds",
                           "Duration of the last notification log garbage collection cycle.")),
      log_maintenance(registry.counter("alertmanager_nflog_maintenance_total",
                                       "How many maintenances were executed for the "
                                       "notification log.")),
      silence_queries(registry.counter("alertmanager_silences_queries_total",
                                       "How many silence queries were received.")),
      silence_query_seconds(registry.histogram("alertmanager_silences_query_duration_seconds",
                                               "Duration of silence query evaluation.",
                                               kQueryBounds)),
      silence_gc_seconds(
          registry.summary("alertmanager_silences_gc_duration_seconds",
                           "Duration of the last silence garbage collection cycle.")),
      silence_maintenance(registry.counter("alertmanager_silences_maintenance_total",
                                           "How many maintenances were executed for silences.")),
      state_write_errors(registry.counter("alertmanager_state_write_errors_total",
                                          "Changes of alerts, silences or the notification log "
                                          "that could not be stored.")),
      config_successful(registry.gauge("alertmanager_config_last_reload_successful",
                                       "Whether the last configuration reload attempt was "
                                       "successful.")),
      config_success_time(
          registry.gauge("alertmanager_config_last_reload_success_timestamp_seconds",
                         "Timestamp of the last successful configuration reload.")),
      config_hash(registry.gauge("alertmanager_config_hash",
                                 "Hash of the currently loaded alertmanager configuration.")),
      receivers(registry.gauge("alertmanager_receivers", "Number of configured receivers.")),
      integrations(
          registry.gauge("alertmanager_integrations", "Number of configured integrations.")),
      inhibition_rules(registry.gauge("alertmanager_inhibition_rules",
                                      "Number of configured inhibition rules.")),
      aggregation_groups(registry.gauge("alertmanager_dispatcher_aggregation_groups",
                                        "Number of active aggregation groups.")),
      processing(registry.summary("alertmanager_dispatcher_alert_processing_duration_seconds",
                                  "Summary of latencies for the processing of alerts.")),
      registry_(registry),
      by_receiver_(by_receiver) {
  // What cannot happen here is there all the same: alerts of the mixin ask for it.
  for (const auto& [name, help] : std::initializer_list<std::pair<const char*, const char*>>{
           {"alertmanager_nflog_query_errors_total",
            "Number of notification log received queries that failed."},
           {"alertmanager_nflog_maintenance_errors_total",
            "How many maintenances were executed for the notification log that failed."},
           {"alertmanager_silences_query_errors_total",
            "How many silence received queries did not succeed."},
           {"alertmanager_silences_gc_errors_total",
            "How many silence garbage collection cycles failed."},
           {"alertmanager_silences_maintenance_errors_total",
            "How many maintenances were executed for silences that failed."},
           {"alertmanager_dispatcher_aggregation_group_limit_reached_total",
            "Number of times when dispatcher failed to create new aggregation group due to "
            "limit."}}) {
    registry.counter(name, help);
  }
  registry.gauge("alertmanager_cluster_enabled",
                 "Indicates whether the clustering is enabled or not.");
  if (by_receiver_) return;
  for (const char* name : kIntegrations) Of(name, "");
}

AlertmanagerMetrics::ForIntegration& AlertmanagerMetrics::Of(const std::string& integration,
                                                             const std::string& receiver) {
  const auto key = std::pair(integration, by_receiver_ ? receiver : "");
  if (const auto known = notifications_.find(key); known != notifications_.end()) {
    return known->second;
  }
  std::vector<Label> labels = {{"integration", integration}};
  if (by_receiver_) labels.push_back({"receiver_name", receiver});
  const Labels all = Labels::From(labels);
  ForIntegration metrics{
      registry_.counter("alertmanager_notifications_total",
                        "The total number of attempted notifications.", all),
      {},
      registry_.counter("alertmanager_notification_requests_total",
                        "The total number of attempted notification requests.", all),
      registry_.counter("alertmanager_notification_requests_failed_total",
                        "The total number of failed notification requests.", all),
      registry_.histogram("alertmanager_notification_latency_seconds",
                          "The latency of notifications in seconds.", {1, 5, 10, 15, 20}, all)};
  labels.push_back({"reason", ""});
  for (std::size_t i = 0; i < metrics.failed.size(); ++i) {
    labels.back().value = kFailureReasons[i];
    metrics.failed[i] =
        &registry_.counter("alertmanager_notifications_failed_total",
                           "The total number of failed notifications.", Labels::From(labels));
  }
  return notifications_.emplace(key, metrics).first->second;
}

void AlertmanagerMetrics::Add(const ReceiverConfig& receiver) {
  for (const Integration& integration : receiver.integrations) {
    Of(IntegrationName(integration.config), receiver.name);
  }
}

}  // namespace meerkat::alerting
