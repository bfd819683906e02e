#include <algorithm>
#include <set>

#include "base/quote.h"
#include "server/config/alertmanager_reader.h"

namespace meerkat::config {
namespace {

using alerting::MatcherSyntax;

void AddMatcher(const YamlValue& value, Matcher::Type type, std::string_view name,
                std::vector<Matcher>& matchers) {
  if (!alerting::IsLabelName(name, MatcherSyntax::kClassic)) {
    value.Fail("invalid label name " + Quote(name));
    return;
  }
  std::string text;
  if (type == Matcher::Type::kRegex && value.is_null()) {
    value.Fail("invalid regexp value for " + Quote(name));
    return;
  }
  value.Read(text);
  auto matcher = alerting::MakeMatcher(type, std::string(name), std::move(text));
  if (!matcher) return value.Fail(matcher.error().message());
  if (type == Matcher::Type::kRegex) {
    // Upstream keeps these with their anchors, and so they stand in group keys.
    const std::string anchored = "^(?:" + matcher->value() + ")$";
    matcher = alerting::MakeMatcher(type, std::string(name), anchored);
    if (!matcher) return value.Fail(matcher.error().message());
  }
  matchers.push_back(std::move(*matcher));
}

// `prefix`match, `prefix`match_re and `prefix`matchers, all of which must hold.
void MatcherFields(Fields& fields, const std::string& prefix, std::vector<Matcher>& matchers,
                   MatcherSyntax syntax) {
  YamlMap& map = fields.map();
  map.Entries(prefix + "match", [&](std::string_view name, const YamlValue& value) {
    AddMatcher(value, Matcher::Type::kEqual, name, matchers);
  });
  map.Entries(prefix + "match_re", [&](std::string_view name, const YamlValue& value) {
    AddMatcher(value, Matcher::Type::kRegex, name, matchers);
  });
  map.Each(prefix + "matchers", [&](const YamlValue& item) {
    std::string text;
    item.Read(text);
    auto parsed = alerting::ParseMatchers(text, syntax);
    if (!parsed) return item.Fail(parsed.error().message());
    std::move(parsed->begin(), parsed->end(), std::back_inserter(matchers));
  });
}

void GroupByField(Fields& fields, alerting::RouteConfig& route, MatcherSyntax syntax) {
  std::vector<std::string> names;
  if (!fields.Field("group_by", names)) return;
  std::set<std::string> seen;
  for (const std::string& name : names) {
    if (name == "...") {
      route.group_by_all = true;
      continue;
    }
    if (!alerting::IsLabelName(name, syntax)) {
      fields.Fail("group_by", "invalid label name " + Quote(name) + " in group_by list");
    }
    if (!seen.insert(name).second) {
      fields.Fail("group_by", "duplicated label " + Quote(name) + " in group_by");
    }
  }
  if (route.group_by_all && !seen.empty()) {
    fields.Fail("group_by",
                "cannot have wildcard group_by (`...`) and other labels at the same time");
  }
  // An empty list inherits, as a missing one does.
  if (!route.group_by_all && !names.empty()) route.group_by = std::move(names);
}

}  // namespace

void RouteFields(Fields& fields, alerting::RouteConfig& route, bool root,
                 alerting::MatcherSyntax syntax) {
  fields.Field("receiver", route.receiver);
  GroupByField(fields, route, syntax);
  MatcherFields(fields, "", route.matchers, syntax);
  fields.Field("mute_time_intervals", route.mute_time_intervals);
  fields.Field("active_time_intervals", route.active_time_intervals);
  fields.Field("continue", route.continue_matching);
  fields.Field("group_wait", route.group_wait);
  fields.Field("group_interval", route.group_interval);
  fields.Field("repeat_interval", route.repeat_interval);
  TemplatesField(fields, "labels", route.labels);
  if (route.group_interval == Millis(0)) {
    fields.Fail("group_interval", "group_interval cannot be zero");
  }
  if (route.repeat_interval == Millis(0)) {
    fields.Fail("repeat_interval", "repeat_interval cannot be zero");
  }
  for (const auto& [name, text] : route.labels) {
    if (const auto fault = TemplateFault(text); !fault.empty()) fields.Fail("labels", fault);
  }
  if (root) {
    if (route.receiver.empty()) {
      fields.Fail("receiver", "root route must specify a default receiver");
    }
    if (!route.matchers.empty()) {
      fields.Fail("matchers", "root route must not have any matchers");
    }
    if (!route.mute_time_intervals.empty()) {
      fields.Fail("mute_time_intervals", "root route must not have any mute time intervals");
    }
    if (!route.active_time_intervals.empty()) {
      fields.Fail("active_time_intervals", "root route must not have any active time intervals");
    }
    if (route.continue_matching) fields.Fail("continue", "cannot have continue in root route");
  }
  fields.Blocks<alerting::RouteConfig>("routes", route.routes,
                                       [syntax](Fields& child, alerting::RouteConfig& config) {
                                         RouteFields(child, config, false, syntax);
                                       });
}

void InhibitRuleFields(Fields& fields, alerting::InhibitRuleConfig& rule,
                       alerting::MatcherSyntax syntax) {
  fields.Field("name", rule.name);
  MatcherFields(fields, "source_", rule.source, syntax);
  MatcherFields(fields, "target_", rule.target, syntax);
  fields.Field("equal", rule.equal);
  for (const std::string& name : rule.equal) {
    if (!alerting::IsLabelName(name, syntax)) {
      fields.Fail("equal", "invalid label name " + Quote(name) + " in equal list");
    }
  }
}

}  // namespace meerkat::config
