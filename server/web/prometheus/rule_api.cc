#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "base/json_writer.h"
#include "base/number.h"
#include "base/quote.h"
#include "base/rfc3339.h"
#include "base/sha256.h"
#include "promql/parser.h"
#include "server/web/prometheus/answer.h"
#include "server/web/prometheus/api.h"
#include "server/web/prometheus/parameters.h"

namespace meerkat::web {
namespace {

void WriteLabels(JsonWriter& json, const Labels& labels) {
  std::string text;
  AppendLabels(text, labels);
  json.Raw(text);
}

void WriteAnnotations(JsonWriter& json,
                      const std::vector<std::pair<std::string, std::string>>& annotations) {
  json.BeginObject();
  for (const auto& [name, value] : annotations) json.Key(name).String(value);
  json.EndObject();
}

void Write(JsonWriter& json, const AlertInfo& alert) {
  json.BeginObject();
  json.Key("labels");
  WriteLabels(json, alert.labels);
  json.Key("annotations");
  WriteAnnotations(json, alert.annotations);
  json.Key("state").String(alert.state);
  if (alert.active_at) json.Key("activeAt").String(FormatRfc3339(*alert.active_at));
  if (alert.keep_firing_since) {
    json.Key("keepFiringSince").String(FormatRfc3339(*alert.keep_firing_since));
  }
  json.Key("value").String(FormatFloat(alert.value, 'e'));
  json.EndObject();
}

void Write(JsonWriter& json, const RuleInfo& rule, bool with_alerts) {
  json.BeginObject();
  if (rule.alerting) json.Key("state").String(rule.state);
  json.Key("name").String(rule.name);
  json.Key("query").String(rule.query);
  if (rule.alerting) {
    json.Key("duration").Double(rule.duration);
    json.Key("keepFiringFor").Double(rule.keep_firing_for);
  }
  if (rule.alerting || !rule.labels.empty()) {
    json.Key("labels");
    WriteLabels(json, rule.labels);
  }
  if (rule.alerting) {
    json.Key("annotations");
    WriteAnnotations(json, rule.annotations);
    json.Key("alerts");
    if (with_alerts) {
      json.BeginArray();
      for (const AlertInfo& alert : rule.alerts) Write(json, alert);
      json.EndArray();
    } else {
      json.Null();
    }
  }
  json.Key("health").String(rule.health);
  if (!rule.last_error.empty()) json.Key("lastError").String(rule.last_error);
  json.Key("evaluationTime").Double(rule.evaluation_time);
  json.Key("lastEvaluation").String(FormatRfc3339(rule.last_evaluation.value_or(kZeroTime)));
  json.Key("type").String(rule.alerting ? "alerting" : "recording");
  json.EndObject();
}

struct Filters {
  std::vector<std::string> names, groups, files;
  std::vector<std::vector<Matcher>> matchers;
  bool alerting = true;
  bool recording = true;
  bool with_alerts = true;

  static bool In(const std::vector<std::string>& list, const std::string& text) {
    return list.empty() || std::find(list.begin(), list.end(), text) != list.end();
  }
  bool Take(const RuleInfo& rule) const {
    if (rule.alerting ? !alerting : !recording) return false;
    if (!In(names, rule.name)) return false;
    if (matchers.empty()) return true;
    return std::any_of(matchers.begin(), matchers.end(), [&rule](const auto& set) {
      return std::all_of(set.begin(), set.end(),
                         [&rule](const Matcher& m) { return m.Matches(rule.labels); });
    });
  }
};

// The page a client asks for.
struct Page {
  std::optional<std::int64_t> limit;
  std::string token;
};

net::Response Rules(const Doors& doors, const net::Request& request) {
  const net::Params form = request.PlainForm();
  if (!form.error().empty()) {
    return Fail(ErrorType::kBadData, "error parsing form values: " + form.error());
  }
  Filters filters;
  filters.names = form.All("rule_name[]");
  filters.groups = form.All("rule_group[]");
  filters.files = form.All("file[]");
  auto matchers = ParseMatchers(form);
  if (!matchers) return Fail(ErrorType::kBadData, matchers.error().message());
  filters.matchers = std::move(*matchers);

  std::string type(request.query.Get("type"));
  for (char& c : type) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  if (!type.empty() && type != "alert" && type != "record") {
    return FailParameter("type", "not supported value " + Quote(type));
  }
  filters.alerting = type != "record";
  filters.recording = type != "alert";
  if (const auto text = form.Get("exclude_alerts"); !text.empty()) {
    const auto exclude = ParseBool(text);
    if (!exclude) {
      return FailParameter("exclude_alerts",
                           "error converting exclude_alerts: " + exclude.error().message());
    }
    filters.with_alerts = !*exclude;
  }

  Page page;
  page.token = form.Get("group_next_token");
  if (const auto text = form.Get("group_limit"); !text.empty()) {
    const auto number = ParseInteger(text, std::numeric_limits<std::int32_t>::max());
    if (!number) {
      return FailParameter(
          "group_limit",
          "group_limit needs to be a valid number: strconv.ParseInt: " + number.error().message());
    }
    page.limit = *number;
    if (*page.limit <= 0) {
      return FailParameter("group_limit", "group_limit needs to be greater than 0");
    }
  } else if (!page.token.empty()) {
    return FailParameter("group_next_token",
                         "group_limit needs to be present in order to paginate over the groups");
  }

  std::string data;
  JsonWriter json(data);
  json.BeginObject();
  json.Key("groups").BeginArray();
  std::string next_token;
  bool found = page.token.empty();
  std::int64_t taken = 0;
  const auto groups = doors.rules == nullptr ? std::vector<RuleGroupInfo>() : doors.rules->Groups();
  for (const RuleGroupInfo& group : groups) {
    if (page.limit) {
      const std::string token = Sha256Hex(group.file + ";" + group.name);
      if (!found && token != page.token) continue;
      found = true;
    }
    if (!Filters::In(filters.groups, group.name) || !Filters::In(filters.files, group.file)) {
      continue;
    }
    std::vector<const RuleInfo*> kept;
    for (const RuleInfo& rule : group.rules) {
      if (filters.Take(rule)) kept.push_back(&rule);
    }
    if (kept.empty()) continue;
    if (page.limit && taken == *page.limit) {
      next_token = Sha256Hex(group.file + ";" + group.name);
      break;
    }
    ++taken;
    json.BeginObject();
    json.Key("name").String(group.name);
    json.Key("file").String(group.file);
    json.Key("rules").BeginArray();
    for (const RuleInfo* rule : kept) Write(json, *rule, filters.with_alerts);
    json.EndArray();
    json.Key("interval").Double(group.interval);
    json.Key("limit").Int(group.limit);
    json.Key("evaluationTime").Double(group.evaluation_time);
    json.Key("lastEvaluation").String(FormatRfc3339(group.last_evaluation.value_or(kZeroTime)));
    json.EndObject();
  }
  json.EndArray();
  if (!next_token.empty()) json.Key("groupNextToken").String(next_token);
  json.EndObject();
  if (!found) {
    return FailParameter("group_next_token", "invalid group_next_token '" + page.token +
                                                 "'. were rule groups changed?");
  }
  return Succeed(data);
}

net::Response Alerts(const Doors& doors) {
  std::string data;
  JsonWriter json(data);
  json.BeginObject();
  json.Key("alerts").BeginArray();
  if (doors.rules != nullptr) {
    for (const RuleGroupInfo& group : doors.rules->Groups()) {
      for (const RuleInfo& rule : group.rules) {
        for (const AlertInfo& alert : rule.alerts) Write(json, alert);
      }
    }
  }
  json.EndArray();
  json.EndObject();
  return Succeed(data);
}

net::Response Alertmanagers(const Doors& doors) {
  const AlertmanagerUrls urls = doors.alertmanagers ? doors.alertmanagers() : AlertmanagerUrls();
  std::string data;
  JsonWriter json(data);
  const auto list = [&json](std::string_view key, const std::vector<std::string>& all) {
    json.Key(key).BeginArray();
    for (const std::string& url : all) {
      json.BeginObject();
      json.Key("url").String(url);
      json.EndObject();
    }
    json.EndArray();
  };
  json.BeginObject();
  list("activeAlertmanagers", urls.active);
  list("droppedAlertmanagers", urls.dropped);
  json.EndObject();
  return Succeed(data);
}

}  // namespace

std::vector<ApiRoute> RuleRoutes(const ApiContext& context) {
  const Doors& doors = context.doors;
  return {
      {{"GET"},
       "/rules",
       [&doors](const net::Request& r, std::stop_token) { return Rules(doors, r); }},
      {{"GET", "POST"},
       "/rules/backtest",
       [&doors](const net::Request& r, std::stop_token stop) { return Backtest(doors, r, stop); },
       net::Lane::kQuery},
      {{"GET"},
       "/alerts",
       [&doors](const net::Request&, std::stop_token) { return Alerts(doors); }},
      {{"GET"},
       "/alertmanagers",
       [&doors](const net::Request&, std::stop_token) { return Alertmanagers(doors); }},
  };
}

}  // namespace meerkat::web
