#include "server/config/relabel_config.h"

#include <span>

namespace meerkat::config {
namespace {

void RuleFields(Fields& fields, RelabelConfig& config) {
  fields.FlowList("source_labels", config.source_labels);
  if (fields.reading()) {
    // Null is no name either, but upstream never looks at it.
    fields.map().Each("source_labels", [](const YamlValue& name) {
      if (!name.is_null() && name.text().empty()) name.Fail("\"\" is not a valid label name");
    });
  }
  fields.Field("separator", config.separator);
  // Printed only when it was written down, which equality with the default stands for.
  fields.Field("regex", config.regex,
               config.regex == RelabelConfig{}.regex ? Show::kNever : Show::kAlways);
  fields.Field("modulus", config.modulus);
  fields.Field("target_label", config.target_label);
  fields.Field("replacement", config.replacement);
  std::string action(RelabelActionName(config.action));
  if (fields.Field("action", action, Show::kAlways)) {
    auto parsed = ParseRelabelAction(action);
    if (parsed) {
      config.action = *parsed;
    } else {
      fields.Fail("action", parsed.error().message());
    }
  }
}

}  // namespace

void RelabelFields(Fields& fields, std::string_view key, std::vector<RelabelRule>& rules,
                   std::string_view null_item) {
  std::vector<RelabelConfig> configs;
  if (!fields.reading()) {
    for (const RelabelRule& rule : rules) configs.push_back(rule.config());
  }
  fields.Blocks<RelabelConfig>(
      key, configs,
      [&rules](Fields& item, RelabelConfig& config) {
        RuleFields(item, config);
        if (!item.reading()) return;
        auto rule = RelabelRule::Make(config);
        if (rule) {
          rules.push_back(*std::move(rule));
        } else {
          item.Fail("", rule.error().message());
        }
      },
      null_item);
}

void RemakeRules(Fields& fields, const YamlPath& place, NameScheme scheme,
                 std::vector<RelabelRule>& rules) {
  for (std::size_t i = 0; i < rules.size(); ++i) {
    RelabelConfig config = rules[i].config();
    config.name_scheme = scheme;
    if (auto made = RelabelRule::Make(std::move(config))) {
      rules[i] = *std::move(made);
    } else {
      fields.FailAt(Below(place, i), made.error().message());
    }
  }
}

}  // namespace meerkat::config
