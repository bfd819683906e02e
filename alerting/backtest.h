#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alerting/config.h"
#include "alerting/rules.h"

// What would have happened: an alerting rule over stored history, and who would have been told.
namespace meerkat::alerting {

// All of it is called on the thread that runs the backtest.
struct BacktestWorld {
  // A range query; with step 0 an instant one at `start`, as a matrix too.
  std::function<Result<promql::Matrix>(const promql::Expr& expression, std::string_view text,
                                       Timestamp start, Timestamp end, Millis step)>
      query;
  // As RuleDoors have it.
  ExpandFn expand;
  // What relabeling makes of alerts before the alert manager sees them; empty: nothing.
  std::function<std::vector<Alert>(std::vector<Alert>)> relabel;
  // Whose tree, intervals and inhibition rules say who is told; null: nobody is asked for.
  std::shared_ptr<const Config> config;
  std::function<Result<std::shared_ptr<const Zone>>(const std::string& name)> zone;
  // Asked again and again; an error ends the backtest with it.
  std::function<Result<>()> go_on;
  Millis resend_delay = std::chrono::minutes(1);
};

struct BacktestLimits {
  std::uint64_t evaluations = 100'000;  // 69 days at one minute
  std::uint64_t samples = 20'000'000;   // that the expression gave
  std::size_t instances = 1'000;        // alerts that are told apart in the answer
  std::size_t notifications = 10'000;   // that are told in the answer
};

struct BacktestRequest {
  RuleGroupConfig group;  // its only rule is the alert
  TimeRange range;        // both ends are given
};

// One alert over the whole range.
struct BacktestInstance {
  struct Phase {
    AlertState state = AlertState::kPending;  // or kFiring
    Timestamp from;                           // may lie before the range
    std::optional<Timestamp> to;              // none: it lasts beyond the range
    double value = 0;                         // of the expression where it began
  };
  Labels labels;
  Labels annotations;  // as they were last
  std::vector<Phase> phases;
};

struct BacktestNotification {
  Timestamp at;
  std::string receiver;
  std::string integration;  // "email[0]"
  std::string reason;
  Labels group_labels;
  std::vector<std::size_t> firing;    // places among the instances
  std::vector<std::size_t> resolved;  // the same
};

struct Backtest {
  std::uint64_t evaluations = 0;
  std::uint64_t samples = 0;
  Timestamp first_evaluation = kZeroTime;  // before the range by `for` and `keep_firing_for`
  std::vector<BacktestInstance> instances;
  std::vector<BacktestNotification> notifications;
  // Evaluations that failed, and the first ones' times and texts.
  std::uint64_t failures = 0;
  std::vector<std::pair<Timestamp, std::string>> failed;
  bool instances_cut = false;
  bool notifications_cut = false;
};

// Evaluates at every tick of the group within the range, and for so long before it as the rule
// needs to know what is pending or kept firing at its start. An alert that holds since before that
// counts as new there. Alerts of other rules inhibit as ALERTS has them stored. Silences are not
// looked at: they answer alerts that were told. Errors: kInvalid for a request that is too long,
// what `query` and `go_on` give.
Result<Backtest> RunBacktest(const BacktestRequest& request, const BacktestWorld& world,
                             const BacktestLimits& limits);

}  // namespace meerkat::alerting
