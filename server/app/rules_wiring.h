#pragma once

#include <functional>
#include <memory>

#include "alerting/rules.h"
#include "base/labels.h"
#include "base/metrics.h"
#include "promql/engine.h"

namespace meerkat::app {

// What rules need of the rest, given as functions because a reload replaces what they answer.
struct RuleSurroundings {
  explicit RuleSurroundings(Registry& counts) : registry(counts) {}

  Registry& registry;  // outlives every function made from this
  std::function<std::shared_ptr<const promql::Engine>()> engine;
  std::function<Labels()> external_labels;
  // Hears of every query of a rule; `error` is "" for an answer.
  std::function<void(const alerting::RuleGroupConfig& group, std::string_view text,
                     const promql::QueryOptions& options, const promql::QueryStats& stats,
                     std::string_view error)>
      log_query;
  std::string external_url;  // as the flag completes it, with a slash at its end
};

// The query and template doors of rules: queries go to the engine, templates may query as well.
std::function<Result<promql::Vector>(const alerting::RuleGroupConfig&, const promql::Expr&,
                                     std::string_view, Timestamp)>
RuleQuery(const RuleSurroundings& surroundings);
std::function<Result<std::string>(std::string_view, std::string_view, const promql::VectorSample&,
                                  Timestamp)>
RuleTemplates(const RuleSurroundings& surroundings);

// What a rule makes of a query's value: a scalar is one sample without labels. kExecution for a
// matrix or string.
Result<promql::Vector> AsVector(promql::Value value);

}  // namespace meerkat::app
