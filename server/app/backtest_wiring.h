#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <vector>

#include "alerting/alertmanager.h"
#include "alerting/rules.h"
#include "promql/engine.h"
#include "server/app/rules_wiring.h"
#include "server/config/prometheus_config.h"
#include "server/web/doors.h"

namespace meerkat::app {

// What a backtest needs of the running server, as it is when it begins.
struct BacktestSurroundings {
  explicit BacktestSurroundings(RuleSurroundings of_rules) : rules(std::move(of_rules)) {}

  RuleSurroundings rules;
  std::vector<std::shared_ptr<const alerting::RuleGroupConfig>> loaded;
  config::GlobalConfig global;  // what rules without a group of their own go by
  std::function<std::vector<alerting::Alert>(const std::vector<alerting::Alert>&)> relabel;
  std::shared_ptr<const alerting::Config> alertmanager;
  Millis resend_delay{0};
  const Clock* clock = nullptr;
};

// Finds or reads the rule that is asked for and tries it over history. kNotFound: no such rule;
// kInvalid: a rule that does not read, a range too long; kTimeout, kCanceled.
Result<web::BacktestAnswer> AnswerBacktest(const web::BacktestQuestion& question,
                                           const BacktestSurroundings& surroundings,
                                           const std::stop_token& stop);

}  // namespace meerkat::app
