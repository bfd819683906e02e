// /api/v1/rules/backtest, meerkat's own: an alerting rule over stored history.
#include <optional>
#include <string>

#include "base/duration.h"
#include "base/json_writer.h"
#include "base/number.h"
#include "base/quote.h"
#include "base/rfc3339.h"
#include "server/web/prometheus/answer.h"
#include "server/web/prometheus/api.h"
#include "server/web/prometheus/parameters.h"

namespace meerkat::web {
namespace {

constexpr Millis kDefaultRange = std::chrono::hours(24);

void WriteLabels(JsonWriter& json, std::string_view key, const Labels& labels) {
  std::string text;
  AppendLabels(text, labels);
  json.Key(key).Raw(text);
}

double Seconds(Millis duration) {
  return static_cast<double>(duration.count()) / 1000;
}

void WriteRule(JsonWriter& json, const alerting::RuleGroupConfig& group) {
  const alerting::RuleConfig& rule = group.rules.front();
  json.Key("rule").BeginObject();
  json.Key("name").String(rule.alert);
  json.Key("group").String(group.name);
  json.Key("file").String(group.file);
  json.Key("query").String(rule.query);
  json.Key("duration").Double(Seconds(rule.hold));
  json.Key("keepFiringFor").Double(Seconds(rule.keep_firing));
  json.Key("interval").Double(Seconds(group.interval));
  json.EndObject();
}

void WriteInstance(JsonWriter& json, const alerting::BacktestInstance& instance) {
  json.BeginObject();
  WriteLabels(json, "labels", instance.labels);
  WriteLabels(json, "annotations", instance.annotations);
  json.Key("phases").BeginArray();
  for (const auto& phase : instance.phases) {
    json.BeginObject();
    json.Key("state").String(alerting::NameOf(phase.state));
    json.Key("from").String(FormatRfc3339(phase.from));
    if (phase.to) json.Key("to").String(FormatRfc3339(*phase.to));
    json.Key("value").String(FormatFloat(phase.value, 'e'));
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
}

void WriteNotification(JsonWriter& json, const alerting::BacktestNotification& told) {
  const auto places = [&json](std::string_view key, const std::vector<std::size_t>& list) {
    json.Key(key).BeginArray();
    for (const std::size_t place : list) json.Int(static_cast<std::int64_t>(place));
    json.EndArray();
  };
  json.BeginObject();
  json.Key("at").String(FormatRfc3339(told.at));
  json.Key("receiver").String(told.receiver);
  json.Key("integration").String(told.integration);
  json.Key("status").String(told.firing.empty() ? "resolved" : "firing");
  json.Key("reason").String(told.reason);
  WriteLabels(json, "groupLabels", told.group_labels);
  places("firing", told.firing);
  places("resolved", told.resolved);
  json.EndObject();
}

std::string Write(const BacktestQuestion& question, const BacktestAnswer& answer) {
  const alerting::Backtest& result = answer.result;
  std::string data;
  JsonWriter json(data);
  json.BeginObject();
  WriteRule(json, answer.group);
  json.Key("start").String(FormatRfc3339(question.range.min));
  json.Key("end").String(FormatRfc3339(question.range.max));
  json.Key("firstEvaluation").String(FormatRfc3339(result.first_evaluation));
  json.Key("evaluations").Int(static_cast<std::int64_t>(result.evaluations));
  json.Key("samples").Int(static_cast<std::int64_t>(result.samples));
  json.Key("instances").BeginArray();
  for (const auto& instance : result.instances) WriteInstance(json, instance);
  json.EndArray();
  json.Key("notifications").BeginArray();
  for (const auto& told : result.notifications) WriteNotification(json, told);
  json.EndArray();
  json.Key("failures").Int(static_cast<std::int64_t>(result.failures));
  json.Key("failed").BeginArray();
  for (const auto& [at, error] : result.failed) {
    json.BeginObject();
    json.Key("at").String(FormatRfc3339(at));
    json.Key("error").String(error);
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  return data;
}

// The question that a form asks; the error is the answer.
std::optional<net::Response> Read(const net::Params& form, Timestamp now,
                                  BacktestQuestion& question) {
  question.rule = form.Get("rule");
  question.group = form.Get("group");
  question.file = form.Get("file");
  question.yaml = form.Get("yaml");
  question.expr = form.Get("expr");
  if (question.rule.empty() && question.yaml.empty() && question.expr.empty())
    return Fail(ErrorType::kBadData, "one of rule, yaml and expr must be given");
  question.range.max = now;
  if (const auto text = form.Get("end"); !text.empty()) {
    const auto end = Moment::Parse(text);
    if (!end) return FailParameter("end", end.error().message());
    question.range.max = end->stored();
  }
  question.range.min = question.range.max - kDefaultRange;
  if (const auto text = form.Get("start"); !text.empty()) {
    const auto start = Moment::Parse(text);
    if (!start) return FailParameter("start", start.error().message());
    question.range.min = start->stored();
  }
  if (question.range.max < question.range.min)
    return FailParameter("end", "end timestamp must not be before start time");
  // Rules are evaluated at times that are stored, far from both ends of what a number holds.
  if (question.range.min < FromMillis(0) || question.range.max > now + kDefaultRange * 366)
    return FailParameter("start", "there is no history at that time");
  const std::pair<std::string_view, Millis*> durations[] = {
      {"for", &question.hold},
      {"keep_firing_for", &question.keep_firing},
      {"interval", &question.interval},
      {"timeout", &question.timeout}};
  for (const auto& [name, into] : durations) {
    const auto text = form.Get(name);
    if (text.empty()) continue;
    const auto duration = ParseDurationParameter(text);
    if (!duration) return FailParameter(name, duration.error().message());
    if (duration->count() < 0) return FailParameter(name, "must not be negative");
    *into = ToWholeMillis(*duration);
  }
  for (const std::string& label : form.All("label[]")) {
    const auto equals = label.find('=');
    if (equals == std::string::npos || equals == 0)
      return FailParameter("label[]", "expected NAME=VALUE, got " + Quote(label));
    question.labels[label.substr(0, equals)] = label.substr(equals + 1);
  }
  question.notifications = form.Get("notifications") != "false";
  if (const auto text = form.Get("index"); !text.empty()) {
    const auto index = ParseInteger(text);
    if (!index || *index < 0) return FailParameter("index", "expected a number from 0");
    question.index = static_cast<std::size_t>(*index);
  }
  return std::nullopt;
}

}  // namespace

net::Response Backtest(const Doors& doors, const net::Request& request,
                       const std::stop_token& stop) {
  if (!doors.backtest) return Fail(ErrorType::kUnavailable, "rules are not evaluated here");
  const net::Params form = request.Form();
  if (!form.error().empty())
    return Fail(ErrorType::kBadData, "error parsing form values: " + form.error());
  BacktestQuestion question;
  if (auto refusal = Read(form, doors.clock->Now(), question)) return std::move(*refusal);
  auto answer = doors.backtest(question, stop);
  if (!answer) return Fail(answer.error());
  Notes notes;
  notes.warnings = std::move(answer->warnings);
  if (answer->result.instances_cut)
    notes.warnings.emplace_back("there are more alerts than are shown");
  if (answer->result.notifications_cut)
    notes.warnings.emplace_back("there are more notifications than are shown");
  return Succeed(Write(question, *answer), notes);
}

}  // namespace meerkat::web
