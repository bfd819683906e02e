#include "server/config/relabel_config.h"

#include <span>

namespace meerkat::config {
namespace {

void RuleFields(Fields& fields, RelabelConfig& config) {
  fields.FlowList("source_labels", config.source_labels);
  for (const std::string& name : config.source_labels) {
    if (name.empty()) fields.Fail("source_labels", "\"\" is not a valid label name");
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

Result<std::vector<RelabelRule>> WithScheme(const std::vector<RelabelRule>& rules,
                                            NameScheme scheme) {
  std::vector<RelabelRule> out;
  for (const RelabelRule& rule : rules) {
    RelabelConfig config = rule.config();
    config.name_scheme = scheme;
    auto made = RelabelRule::Make(std::move(config));
    if (!made) return std::move(made).error();
    out.push_back(*std::move(made));
  }
  return out;
}

}  // namespace meerkat::config
