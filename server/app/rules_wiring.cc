#include "server/app/rules_wiring.h"

#include "alerting/template.h"
#include "promql/histogram_buckets.h"

namespace meerkat::app {
namespace {

namespace templates = alerting::templates;

Result<promql::Vector> Answer(Result<promql::QueryResult> result) {
  if (!result) return std::move(result).error();
  return AsVector(std::move(result->value));
}

}  // namespace

Result<promql::Vector> AsVector(promql::Value value) {
  if (auto* vector = std::get_if<promql::Vector>(&value)) return std::move(*vector);
  if (const auto* scalar = std::get_if<promql::Scalar>(&value)) {
    return promql::Vector{{Labels(), scalar->time, scalar->value, nullptr}};
  }
  return Error(Code::kExecution, "rule result is not a vector or scalar");
}

std::function<Result<promql::Vector>(const alerting::RuleGroupConfig&, const promql::Expr&,
                                     std::string_view, Timestamp)>
RuleQuery(const RuleSurroundings& surroundings) {
  return [surroundings](const alerting::RuleGroupConfig& group, const promql::Expr& expression,
                        std::string_view text, Timestamp at) {
    promql::QueryOptions options;
    options.start = options.end = at;
    auto result = surroundings.engine()->Run(expression, text, options);
    const promql::QueryStats none;
    surroundings.log_query(group, text, options, result ? result->stats : none,
                           result ? "" : std::string_view(result.error().message()));
    return Answer(std::move(result));
  };
}

std::function<Result<std::string>(std::string_view, std::string_view, const promql::VectorSample&,
                                  Timestamp)>
RuleTemplates(const RuleSurroundings& surroundings) {
  Counter& expansions = surroundings.registry.counter(
      "prometheus_template_text_expansions_total", "The total number of template text expansions.");
  Counter& failures =
      surroundings.registry.counter("prometheus_template_text_expansion_failures_total",
                                    "The total number of template text expansion failures.");
  return [surroundings, &expansions, &failures](std::string_view alert, std::string_view text,
                                                const promql::VectorSample& sample, Timestamp at) {
    templates::RuleWorld world;
    world.query = [&surroundings](std::string_view query, Timestamp time) {
      promql::QueryOptions options;
      options.start = options.end = time;
      return Answer(surroundings.engine()->Run(query, options));
    };
    world.now = at;
    world.external_url = surroundings.external_url;
    while (world.external_url.ends_with('/')) world.external_url.pop_back();
    templates::RuleData data;
    data.labels = sample.labels;
    data.external_labels = surroundings.external_labels();
    data.value = sample.histogram
                     ? templates::Value::String(promql::FormatHistogram(*sample.histogram))
                     : templates::Value::Float(sample.value);
    auto expanded = templates::ExpandRuleTemplate(alert, text, data, world);
    expansions.Add();
    if (!expanded) failures.Add();
    return expanded;
  };
}

}  // namespace meerkat::app
