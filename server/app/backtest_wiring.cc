#include "server/app/backtest_wiring.h"

#include <algorithm>
#include <optional>
#include <set>

#include "base/duration.h"
#include "base/quote.h"
#include "server/app/configuration.h"
#include "server/config/alertmanager_config.h"

namespace meerkat::app {
namespace {

using alerting::RuleConfig;
using alerting::RuleGroupConfig;

constexpr std::string_view kGivenName = "backtest";

// A single rule, or a list of them, becomes the file it would stand in.
std::string AsRuleFile(const std::string& text) {
  if (text.starts_with("groups:") || text.find("\ngroups:") != std::string::npos) return text;
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  const bool list = first != std::string::npos && text[first] == '-';
  std::string file = "groups:\n- name: " + std::string(kGivenName) + "\n  rules:\n";
  bool begun = list;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    const bool blank = line.find_first_not_of(" \t\r") == std::string::npos;
    file += (!begun && !blank ? "  - " : "    ") + line + "\n";
    begun = begun || !blank;
    at = end + 1;
  }
  return file;
}

Result<std::vector<RuleGroupConfig>> GivenRules(const web::BacktestQuestion& question,
                                                const BacktestSurroundings& surroundings) {
  const promql::ParseOptions& parse = surroundings.rules.engine()->options().parse;
  if (!question.yaml.empty()) {
    return RuleGroupsOf(kGivenName, AsRuleFile(question.yaml), surroundings.global, parse);
  }
  auto expression = promql::Parse(question.expr, parse);
  if (!expression) {
    return Error(Code::kInvalid, "invalid parameter \"expr\": " + expression.error().message());
  }
  RuleConfig rule;
  rule.alert = question.rule.empty() ? std::string(kGivenName) : question.rule;
  rule.query = promql::Print(**expression);
  rule.expression = std::move(*expression);
  rule.hold = question.hold;
  rule.keep_firing = question.keep_firing;
  rule.labels = question.labels;
  RuleGroupConfig group;
  group.name = group.file = kGivenName;
  group.interval = surroundings.global.evaluation_interval;
  group.query_offset = surroundings.global.rule_query_offset;
  group.rules.push_back(std::move(rule));
  return std::vector{std::move(group)};
}

// The group with nothing but the alerting rule that is asked for.
Result<RuleGroupConfig> FindRule(const std::vector<const RuleGroupConfig*>& groups,
                                 const web::BacktestQuestion& question) {
  const auto fits = [](const std::string& wanted, const std::string& name) {
    return wanted.empty() || wanted == name;
  };
  std::vector<std::pair<const RuleGroupConfig*, const RuleConfig*>> found;
  for (const RuleGroupConfig* group : groups) {
    if (!fits(question.group, group->name) || !fits(question.file, group->file)) continue;
    for (const RuleConfig& rule : group->rules) {
      if (!rule.alert.empty() && fits(question.rule, rule.alert)) found.emplace_back(group, &rule);
    }
  }
  if (found.empty()) {
    return Error(Code::kNotFound, question.rule.empty()
                                      ? "there is no alerting rule"
                                      : "there is no alerting rule " + Quote(question.rule));
  }
  if (found.size() > 1 && question.index) {
    if (*question.index >= found.size()) {
      return Error(Code::kNotFound,
                   "there are only " + std::to_string(found.size()) + " alerting rules like that");
    }
    found = {found[*question.index]};
  }
  if (found.size() > 1) {
    std::string names;
    for (const auto& [group, rule] : found)
      names += "\n  " + rule->alert + " of group " + group->name + " in " + group->file;
    return Error(Code::kInvalid, "several alerting rules fit:" + names);
  }
  RuleGroupConfig one = *found.front().first;
  one.rules = {*found.front().second};
  if (question.interval > Millis(0)) one.interval = question.interval;
  return one;
}

promql::Matrix AsMatrix(promql::Vector vector) {
  promql::Matrix matrix;
  for (promql::VectorSample& sample : vector) {
    promql::MatrixSeries& series = matrix.emplace_back();
    series.labels = std::move(sample.labels);
    if (sample.histogram != nullptr) {
      series.histograms.push_back({sample.time, std::move(sample.histogram)});
    } else {
      series.floats.push_back({sample.time, sample.value});
    }
  }
  return matrix;
}

}  // namespace

Result<web::BacktestAnswer> AnswerBacktest(const web::BacktestQuestion& question,
                                           const BacktestSurroundings& surroundings,
                                           const std::stop_token& stop) {
  std::vector<RuleGroupConfig> given;
  std::vector<const RuleGroupConfig*> groups;
  if (question.yaml.empty() && question.expr.empty()) {
    for (const auto& group : surroundings.loaded) groups.push_back(group.get());
  } else {
    auto read = GivenRules(question, surroundings);
    if (!read) return std::move(read).error();
    given = std::move(*read);
    for (const RuleGroupConfig& group : given) groups.push_back(&group);
  }
  auto group = FindRule(groups, question);
  if (!group) return std::move(group).error();

  const auto engine = surroundings.rules.engine();
  const Millis allowed = std::min(engine->options().timeout, question.timeout);
  const Timestamp deadline = surroundings.clock->Now() + allowed;
  std::set<std::string> warnings;
  alerting::BacktestWorld world;
  world.query = [&](const promql::Expr& expression, std::string_view text, Timestamp start,
                    Timestamp end, Millis step) -> Result<promql::Matrix> {
    promql::QueryOptions options;
    options.start = start;
    options.end = end;
    options.step = step;
    options.timeout = std::max(deadline - surroundings.clock->Now(), Millis(1));
    auto result = engine->Run(expression, text, options, stop);
    if (!result) return std::move(result).error();
    warnings.insert(result->warnings.begin(), result->warnings.end());
    if (auto* matrix = std::get_if<promql::Matrix>(&result->value)) return std::move(*matrix);
    auto vector = AsVector(std::move(result->value));
    if (!vector) return std::move(vector).error();
    return AsMatrix(std::move(*vector));
  };
  world.expand = RuleTemplates(surroundings.rules);
  world.relabel = surroundings.relabel;
  if (question.notifications) world.config = surroundings.alertmanager;
  world.zone = config::LoadZone;
  world.resend_delay = surroundings.resend_delay;
  world.go_on = [&]() -> Result<> {
    if (stop.stop_requested()) return Error(Code::kCanceled, "backtest was canceled");
    if (surroundings.clock->Now() < deadline) return {};
    return Error(Code::kTimeout, "backtest took longer than " + FormatDuration(allowed));
  };
  auto result = alerting::RunBacktest({*group, question.range}, world, {});
  if (!result) return std::move(result).error();
  return web::BacktestAnswer{
      std::move(*group), std::move(*result), {warnings.begin(), warnings.end()}};
}

}  // namespace meerkat::app
