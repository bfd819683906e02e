#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "alerting/rules.h"

namespace meerkat::alerting {

// One alert of a rule, from pending to resolved.
struct ActiveAlert {
  Labels labels;
  Labels annotations;
  AlertState state = AlertState::kPending;
  double value = 0;
  Timestamp active_at = kZeroTime;
  Timestamp fired_at = kZeroTime;
  Timestamp resolved_at = kZeroTime;
  Timestamp last_sent_at = kZeroTime;
  Timestamp valid_until = kZeroTime;
  Timestamp keep_firing_since = kZeroTime;
};

// The state machine of an alerting rule: pure, but for the query and the templates it is given.
// Threads: the caller's lock.
class AlertingRule {
 public:
  explicit AlertingRule(const RuleConfig& config) : config_(&config) {}

  struct Evaluated {
    promql::Vector samples;  // ALERTS and ALERTS_FOR_STATE to store
  };
  // Moves every alert one evaluation on. `result` is what the expression gave at `at` - offset; the
  // samples carry that earlier time. kExecution: two alerts with the same labels, or more than
  // `limit`.
  Result<Evaluated> Step(const promql::Vector& result, Timestamp at, Millis query_offset,
                         std::uint64_t limit, const ExpandFn& expand, const Logger& log);

  // Alerts that are due to be told: firing ones every `resend_delay`, resolved ones once and then
  // again as often.
  std::vector<Alert> TakeDue(Timestamp at, Millis resend_delay, Millis interval,
                             const std::string& generator_url);

  AlertState state() const;
  const std::map<std::uint64_t, ActiveAlert>& active() const { return active_; }
  std::map<std::uint64_t, ActiveAlert>& active() { return active_; }

  // ALERTS series are written only once the state of the time before the restart is known.
  bool restored() const { return restored_; }
  void set_restored() { restored_ = true; }

  const RuleConfig& config() const { return *config_; }
  void TakeStateFrom(AlertingRule& old) {
    active_ = std::move(old.active_);
    restored_ = old.restored_;
  }

 private:
  Result<ActiveAlert> MakeAlert(const promql::VectorSample& sample, Timestamp at,
                                const ExpandFn& expand, const Logger& log) const;

  const RuleConfig* config_;
  std::map<std::uint64_t, ActiveAlert> active_;  // by hash of the labels
  bool restored_ = false;
};

// The series that keeps an alert's activation over a restart: ALERTS_FOR_STATE with its labels.
Labels ForStateLabels(const ActiveAlert& alert, const std::string& rule);

}  // namespace meerkat::alerting
