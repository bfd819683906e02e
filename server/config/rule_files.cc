#include "server/config/rule_files.h"

#include <set>
#include <utility>

#include "alerting/template.h"
#include "base/quote.h"
#include "base/utf8.h"
#include "server/config/yaml_reader.h"

namespace meerkat::config {
namespace {

std::string Text(YamlPosition position) {
  return std::to_string(position.line) + ":" + std::to_string(position.column) + ": ";
}

class RuleFileReader {
 public:
  RuleFileReader(std::string_view path, const RuleFileOptions& options)
      : path_(path), options_(options) {
    outcome_.file.path = path;
  }

  RuleFileOutcome Read(std::string_view text) {
    const YamlOptions yaml{.ignore_unknown_keys = options_.ignore_unknown_keys};
    const auto read = ReadYamlMap(
        path_, text,
        [this](YamlMap& top) {
          top.Each("groups", [this](const YamlValue& item) {
            // Upstream's reader of rule files leaves nulls out of lists.
            if (!item.is_null()) ReadGroup(item);
          });
        },
        yaml);
    // What is wrong with the form hides what is wrong with the content.
    if (!read) outcome_.errors = {read.error().message()};
    return std::move(outcome_);
  }

 private:
  void Fail(const std::string& where, const std::string& reason) {
    outcome_.errors.push_back(path_ + ": " + where + reason);
  }

  void ReadGroup(const YamlValue& item) {
    RuleGroupEntry& group = outcome_.file.groups.emplace_back();
    YamlPosition name_position = item.position();
    std::vector<std::pair<std::string, std::string>> rule_errors;
    item.Block([&](YamlMap& map) {
      if (const auto name = map.Find("name")) {
        name->Read(group.name);
        name_position = name->position();
      }
      map.Read("interval", group.interval);
      map.Read("query_offset", group.query_offset);
      map.Read("limit", group.limit);
      map.Read("labels", group.labels);
      map.Each("rules", [&](const YamlValue& rule) {
        if (!rule.is_null()) ReadRule(group, rule, rule_errors);
      });
    });
    if (group.name.empty()) {
      Fail(Text(name_position), "Groupname must not be empty");
    } else if (!names_.insert(group.name).second) {
      Fail(Text(name_position),
           "groupname: " + Quote(group.name) + " is repeated in the same file");
    }
    for (const std::string& reason : LabelErrors(group.labels)) Fail(Text(name_position), reason);
    for (auto& [where, reason] : rule_errors) Fail(where, reason);
  }

  void ReadRule(RuleGroupEntry& group, const YamlValue& item,
                std::vector<std::pair<std::string, std::string>>& errors) {
    RuleEntry& rule = group.rules.emplace_back();
    std::optional<YamlPosition> record, alert, expr;
    const auto read = [](YamlMap& map, std::string_view key, std::string& into,
                         std::optional<YamlPosition>& position) {
      if (const auto value = map.Find(key)) {
        value->Read(into);
        position = value->position();
      }
    };
    item.Block([&](YamlMap& map) {
      read(map, "record", rule.record, record);
      read(map, "alert", rule.alert, alert);
      read(map, "expr", rule.expr, expr);
      map.Read("for", rule.hold);
      map.Read("keep_firing_for", rule.keep_firing);
      map.Read("labels", rule.labels);
      map.Read("annotations", rule.annotations);
    });
    const std::string whole = Text(item.position());
    const std::string at_record = record ? Text(*record) : whole;
    const std::string at_expr = expr ? Text(*expr) : whole;
    const auto fail = [&](const std::string& where, const std::string& reason) {
      errors.emplace_back(where, "group " + Quote(group.name) + ", rule " +
                                     std::to_string(group.rules.size()) + ", " +
                                     Quote(rule.name()) + ": " + reason);
    };

    if (!rule.record.empty() && !rule.alert.empty()) {
      fail(at_record + Text(*alert), "only one of 'record' and 'alert' must be set");
    }
    if (rule.record.empty() && rule.alert.empty()) {
      fail(whole, "one of 'record' or 'alert' must be set");
    }
    if (rule.expr.empty()) {
      fail(at_expr, "field 'expr' must be set in rule");
    } else if (auto parsed = promql::Parse(rule.expr, options_.parse)) {
      rule.expression = *std::move(parsed);
    } else {
      fail(at_expr, "could not parse expression: " + parsed.error().message());
    }
    if (!rule.record.empty())
      CheckRecording(rule, [&](const std::string& reason) { fail(at_record, reason); });
    for (const std::string& reason : LabelErrors(rule.labels)) fail("", reason);
    for (const auto& [name, text] : rule.annotations) {
      if (!IsValidLabelName(options_.names, name)) fail("", "invalid annotation name: " + name);
    }
    if (!rule.alert.empty())
      CheckTemplates(rule, [&](const std::string& reason) { fail("", reason); });
  }

  template <typename Fail>
  void CheckRecording(const RuleEntry& rule, const Fail& fail) const {
    if (!rule.annotations.empty()) fail("invalid field 'annotations' in recording rule");
    if (rule.hold.count() != 0) fail("invalid field 'for' in recording rule");
    if (rule.keep_firing.count() != 0) fail("invalid field 'keep_firing_for' in recording rule");
    if (!IsValidMetricName(options_.names, rule.record)) {
      fail("invalid recording rule name: " + rule.record);
    }
    // Legal in UTF-8 names, but nearly always a selector in the wrong place.
    if (rule.record.find_first_of("{}") != std::string::npos) {
      fail("braces present in the recording rule name; should it be in expr?: " + rule.record);
    }
  }

  std::vector<std::string> LabelErrors(const std::map<std::string, std::string>& labels) const {
    std::vector<std::string> errors;
    for (const auto& [name, value] : labels) {
      if (!IsValidLabelName(options_.names, name) || name == kMetricName) {
        errors.push_back("invalid label name: " + name);
      }
      if (!IsValidUtf8(value)) errors.push_back("invalid label value: " + value);
    }
    return errors;
  }

  template <typename Fail>
  static void CheckTemplates(const RuleEntry& rule, const Fail& fail) {
    const auto check = [&](const char* kind, const std::map<std::string, std::string>& texts) {
      for (const auto& [name, text] : texts) {
        const auto parsed = alerting::templates::CheckRuleTemplate(rule.alert, text);
        if (!parsed) fail(kind + Quote(name) + ": " + parsed.error().message());
      }
    };
    check("label ", rule.labels);
    check("annotation ", rule.annotations);
  }

  const std::string path_;
  const RuleFileOptions& options_;
  std::set<std::string> names_;
  RuleFileOutcome outcome_;
};

}  // namespace

RuleFileOutcome ReadRuleFile(std::string_view path, std::string_view text,
                             const RuleFileOptions& options) {
  return RuleFileReader(path, options).Read(text);
}

}  // namespace meerkat::config
