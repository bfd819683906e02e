#include "server/app/rule_provider.h"

#include <algorithm>

namespace meerkat::app {
namespace {

double Seconds(Millis duration) {
  return static_cast<double>(duration.count()) / 1000;
}

std::optional<Timestamp> Given(Timestamp t) {
  return t == kZeroTime ? std::nullopt : std::optional<Timestamp>(t);
}

web::RuleInfo Show(const alerting::RuleStatus& status) {
  const alerting::RuleConfig& config = *status.config;
  web::RuleInfo info;
  info.alerting = !config.alert.empty();
  info.name = info.alerting ? config.alert : config.record;
  info.query = config.query;
  LabelsBuilder labels;
  for (const auto& [name, value] : config.labels) labels.Set(name, value);
  info.labels = labels.Build();
  switch (status.health) {
    case alerting::RuleHealth::kUnknown:
      info.health = "unknown";
      break;
    case alerting::RuleHealth::kGood:
      info.health = "ok";
      break;
    case alerting::RuleHealth::kBad:
      info.health = "err";
      break;
  }
  info.last_error = status.last_error;
  info.evaluation_time = status.evaluation_seconds;
  info.last_evaluation = Given(status.last_evaluation);
  if (!info.alerting) return info;
  info.state = status.state ? alerting::NameOf(*status.state) : "unknown";
  info.duration = Seconds(config.hold);
  info.keep_firing_for = Seconds(config.keep_firing);
  info.annotations.assign(config.annotations.begin(), config.annotations.end());
  for (const alerting::ActiveAlertStatus& alert : status.alerts) {
    web::AlertInfo& shown = info.alerts.emplace_back();
    shown.labels = alert.labels;
    for (const Label annotation : alert.annotations)
      shown.annotations.emplace_back(annotation.name, annotation.value);
    shown.state = alerting::NameOf(alert.state);
    shown.active_at = alert.active_at;
    shown.keep_firing_since = Given(alert.keep_firing_since);
    shown.value = alert.value;
  }
  return info;
}

}  // namespace

std::vector<web::RuleGroupInfo> RuleProvider::Groups() const {
  std::vector<web::RuleGroupInfo> groups;
  for (const alerting::RuleGroupStatus& status : schedule_.Status()) {
    web::RuleGroupInfo& group = groups.emplace_back();
    group.name = status.config->name;
    group.file = status.config->file;
    group.interval = Seconds(status.config->interval);
    group.limit = static_cast<std::int64_t>(status.config->limit);
    group.evaluation_time = status.evaluation_seconds;
    group.last_evaluation = Given(status.last_evaluation);
    for (const alerting::RuleStatus& rule : status.rules) group.rules.push_back(Show(rule));
  }
  std::stable_sort(
      groups.begin(), groups.end(),
      [](const web::RuleGroupInfo& a, const web::RuleGroupInfo& b) { return a.file < b.file; });
  return groups;
}

}  // namespace meerkat::app
