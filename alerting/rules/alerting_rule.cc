#include "alerting/rules/alerting_rule.h"

#include <algorithm>
#include <set>

namespace meerkat::alerting {
namespace {

// Resolved alerts are told again for this long, in case the first notice got lost.
constexpr Millis kResolvedRetention = std::chrono::minutes(15);
constexpr std::string_view kAlertName = "alertname";

Labels AlertsLabels(const ActiveAlert& alert, const std::string& rule) {
  LabelsBuilder builder(alert.labels);
  builder.Set(kMetricName, "ALERTS").Set(kAlertName, rule).Set("alertstate", NameOf(alert.state));
  return builder.Build();
}

bool IsDue(const ActiveAlert& alert, Timestamp at, Millis resend_delay) {
  if (alert.state == AlertState::kPending) return false;
  if (alert.resolved_at > alert.last_sent_at) return true;
  return alert.last_sent_at + resend_delay < at;
}

}  // namespace

std::string_view NameOf(AlertState state) {
  switch (state) {
    case AlertState::kInactive:
      return "inactive";
    case AlertState::kPending:
      return "pending";
    case AlertState::kFiring:
      return "firing";
  }
  return "";
}

Labels ForStateLabels(const ActiveAlert& alert, const std::string& rule) {
  LabelsBuilder builder(alert.labels);
  builder.Set(kMetricName, "ALERTS_FOR_STATE").Set(kAlertName, rule);
  return builder.Build();
}

Result<ActiveAlert> AlertingRule::MakeAlert(const promql::VectorSample& sample, Timestamp at,
                                            const ExpandFn& expand_template,
                                            const Logger& log) const {
  const auto expand = [&](std::string_view text) {
    auto expanded = expand_template(config_->alert, text, sample, at);
    if (expanded) return std::move(*expanded);
    log.Warn("Expanding alert template failed",
             {{"alert", config_->alert}, {"err", expanded.error().message()}});
    return "<error expanding template: " + expanded.error().message() + ">";
  };
  ActiveAlert alert;
  LabelsBuilder labels(sample.labels);
  labels.Delete(kMetricName);
  for (const auto& [name, text] : config_->labels) labels.Set(name, expand(text));
  labels.Set(kAlertName, config_->alert);
  alert.labels = labels.Build();
  std::vector<std::pair<std::string, std::string>> annotations;
  for (const auto& [name, text] : config_->annotations)
    annotations.emplace_back(name, expand(text));
  std::vector<Label> views;
  for (const auto& [name, text] : annotations) views.push_back({name, text});
  alert.annotations = Labels::FromSorted(views);
  alert.active_at = at;
  alert.value = sample.value;
  return alert;
}

Result<AlertingRule::Evaluated> AlertingRule::Step(const promql::Vector& result, Timestamp at,
                                                   Millis query_offset, std::uint64_t limit,
                                                   const ExpandFn& expand, const Logger& log) {
  std::map<std::uint64_t, ActiveAlert> present;
  for (const promql::VectorSample& sample : result) {
    auto alert = MakeAlert(sample, at, expand, log);
    if (!alert) return std::move(alert).error();
    const std::uint64_t hash = alert->labels.hash();
    if (!present.emplace(hash, std::move(*alert)).second) {
      return Error(Code::kExecution,
                   "vector contains metrics with the same labelset after applying alert labels");
    }
  }

  for (auto& [hash, alert] : present) {
    const auto known = active_.find(hash);
    if (known != active_.end() && known->second.state != AlertState::kInactive) {
      known->second.value = alert.value;
      known->second.annotations = alert.annotations;
    } else {
      active_[hash] = alert;
    }
  }

  Evaluated evaluated;
  std::uint64_t active = 0;
  for (auto it = active_.begin(); it != active_.end();) {
    ActiveAlert& alert = it->second;
    if (!present.contains(it->first)) {
      bool keep = false;
      if (alert.state == AlertState::kFiring && config_->keep_firing > Millis(0)) {
        if (alert.keep_firing_since == kZeroTime) alert.keep_firing_since = at;
        keep = at - alert.keep_firing_since < config_->keep_firing;
      }
      const bool forgotten =
          alert.resolved_at != kZeroTime && at - alert.resolved_at > kResolvedRetention;
      if (alert.state == AlertState::kPending || forgotten) {
        it = active_.erase(it);
        continue;
      }
      if (alert.state != AlertState::kInactive && !keep) {
        alert.state = AlertState::kInactive;
        alert.resolved_at = at;
      }
      if (!keep) {
        ++it;
        continue;
      }
    } else {
      alert.keep_firing_since = kZeroTime;
    }
    ++active;
    if (alert.state == AlertState::kPending && at - alert.active_at >= config_->hold) {
      alert.state = AlertState::kFiring;
      alert.fired_at = at;
    }
    if (restored_) {
      const Timestamp stored_at = at - query_offset;
      const double since = static_cast<double>(
          std::chrono::floor<std::chrono::seconds>(alert.active_at).time_since_epoch().count());
      evaluated.samples.push_back({AlertsLabels(alert, config_->alert), stored_at, 1, nullptr});
      evaluated.samples.push_back(
          {ForStateLabels(alert, config_->alert), stored_at, since, nullptr});
    }
    ++it;
  }
  if (limit > 0 && active > limit) {
    active_.clear();
    return Error(Code::kExecution, "exceeded limit of " + std::to_string(limit) + " with " +
                                       std::to_string(active) + " alerts");
  }
  return evaluated;
}

std::vector<Alert> AlertingRule::TakeDue(Timestamp at, Millis resend_delay, Millis interval,
                                         const std::string& generator_url) {
  std::vector<Alert> due;
  for (auto& [hash, active] : active_) {
    if (!IsDue(active, at, resend_delay)) continue;
    active.last_sent_at = at;
    // Four chances to renew it before the alert manager takes it for resolved.
    active.valid_until = at + 4 * std::max(interval, resend_delay);
    Alert alert;
    alert.labels = active.labels;
    alert.annotations = active.annotations;
    alert.generator_url = generator_url;
    alert.starts_at = active.fired_at;
    alert.ends_at = active.resolved_at != kZeroTime ? active.resolved_at : active.valid_until;
    due.push_back(std::move(alert));
  }
  return due;
}

AlertState AlertingRule::state() const {
  AlertState highest = AlertState::kInactive;
  for (const auto& [hash, alert] : active_) highest = std::max(highest, alert.state);
  return highest;
}

}  // namespace meerkat::alerting
