#include "base/relabel.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/letter_case.h"
#include "base/md5.h"
#include "base/quote.h"

namespace meerkat {
namespace {

using Action = RelabelConfig::Action;

constexpr std::array<std::pair<Action, std::string_view>, 11> kActions = {{
    {Action::kReplace, "replace"},
    {Action::kKeep, "keep"},
    {Action::kDrop, "drop"},
    {Action::kKeepEqual, "keepequal"},
    {Action::kDropEqual, "dropequal"},
    {Action::kHashMod, "hashmod"},
    {Action::kLabelMap, "labelmap"},
    {Action::kLabelDrop, "labeldrop"},
    {Action::kLabelKeep, "labelkeep"},
    {Action::kLowercase, "lowercase"},
    {Action::kUppercase, "uppercase"},
}};

bool HasVariable(std::string_view text) {
  return text.find('$') != std::string_view::npos;
}

// A label name of the legacy alphabet in which $1, ${1}, $name and ${name} may stand.
bool IsLegacyTemplate(std::string_view text) {
  static const Regex* const kPattern =
      new Regex(*Regex::Compile(R"((?:(?:[a-zA-Z_]|\$(?:\{\w+\}|\w+))+\w*)+)"));
  return kPattern->Matches(text);
}

bool IsValidTemplate(NameScheme scheme, std::string_view text) {
  return scheme == NameScheme::kLegacy ? IsLegacyTemplate(text) : IsValidLabelName(scheme, text);
}

Error Invalid(std::string message) {
  return {Code::kInvalid, std::move(message)};
}

Result<> Check(const RelabelConfig& config) {
  static const RelabelConfig kDefaults;
  const auto is = [&config](std::initializer_list<Action> actions) {
    return std::ranges::find(actions, config.action) != actions.end();
  };
  const std::string action(RelabelActionName(config.action));
  const auto bad_target = [&] {
    return Invalid(Quote(config.target_label) + " is invalid 'target_label' for " + action +
                   " action");
  };
  const bool valid_target = IsValidLabelName(config.name_scheme, config.target_label);

  if (is({Action::kHashMod}) && config.modulus == 0) {
    return Invalid("relabel configuration for hashmod requires non-zero modulus");
  }
  if (is({Action::kReplace, Action::kKeepEqual, Action::kDropEqual, Action::kHashMod,
          Action::kLowercase, Action::kUppercase}) &&
      config.target_label.empty()) {
    return Invalid("relabel configuration for " + action + " action requires 'target_label' value");
  }
  if (is({Action::kReplace})) {
    const bool valid = HasVariable(config.target_label)
                           ? IsValidTemplate(config.name_scheme, config.target_label)
                           : valid_target;
    if (!valid) return bad_target();
  }
  if (is({Action::kLowercase, Action::kUppercase, Action::kKeepEqual, Action::kDropEqual})) {
    if (!valid_target) return bad_target();
    if (config.replacement != kDefaults.replacement) {
      return Invalid("'replacement' can not be set for " + action + " action");
    }
  }
  if (is({Action::kLabelMap}) && !IsValidTemplate(config.name_scheme, config.replacement)) {
    return Invalid(Quote(config.replacement) + " is invalid 'replacement' for " + action +
                   " action");
  }
  if (is({Action::kHashMod}) && !valid_target) return bad_target();

  const bool plain = config.modulus == kDefaults.modulus &&
                     config.separator == kDefaults.separator &&
                     config.replacement == kDefaults.replacement;
  if (is({Action::kKeepEqual, Action::kDropEqual}) && !(plain && config.regex == kDefaults.regex)) {
    return Invalid(action +
                   " action requires only 'source_labels' and `target_label`, and no other fields");
  }
  if (is({Action::kLabelDrop, Action::kLabelKeep}) &&
      !(plain && config.source_labels.empty() && config.target_label.empty())) {
    return Invalid(action + " action requires only 'regex', and no other fields");
  }
  return {};
}

std::uint64_t HashOf(std::string_view input) {
  const auto digest = Md5(input);
  std::uint64_t hash = 0;
  for (std::size_t i = 8; i < digest.size(); ++i) hash = hash << 8 | digest[i];
  return hash;
}

}  // namespace

std::string_view RelabelActionName(Action action) {
  for (const auto& [value, name] : kActions) {
    if (value == action) return name;
  }
  return "";
}

Result<Action> ParseRelabelAction(std::string_view name) {
  const std::string lower = ToLower(name);
  for (const auto& [value, known] : kActions) {
    if (lower == known) return value;
  }
  return Invalid("unknown relabel action " + Quote(name));
}

RelabelRule::RelabelRule(RelabelConfig config, Regex regex)
    : config_(std::move(config)),
      regex_(std::move(regex)),
      plain_target_(!HasVariable(config_.target_label)),
      plain_replacement_(!HasVariable(config_.replacement)) {}

Result<RelabelRule> RelabelRule::Make(RelabelConfig config) {
  auto regex = Regex::Compile(config.regex);
  if (!regex) return std::move(regex).error();
  if (auto checked = Check(config); !checked) return std::move(checked).error();
  return RelabelRule(std::move(config), *std::move(regex));
}

void RelabelRule::Replace(LabelsBuilder& labels, std::string_view input) const {
  if (plain_target_ && plain_replacement_) {
    // Without references there is nothing to capture: the usual "set this label".
    if (!regex_.Matches(input)) return;
    if (!IsValidLabelName(config_.name_scheme, config_.target_label)) return;
    labels.Set(config_.target_label, config_.replacement);
    return;
  }
  const auto groups = regex_.Groups(input);
  if (groups.empty()) return;
  const std::string target = regex_.Expand(config_.target_label, groups);
  if (!IsValidLabelName(config_.name_scheme, target)) return;
  labels.Set(target, regex_.Expand(config_.replacement, groups));
}

bool RelabelRule::Apply(LabelsBuilder& labels) const {
  std::string input;
  for (std::size_t i = 0; i < config_.source_labels.size(); ++i) {
    if (i > 0) input += config_.separator;
    input += labels.Get(config_.source_labels[i]);
  }
  switch (config_.action) {
    case Action::kReplace:
      Replace(labels, input);
      break;
    case Action::kKeep:
      return regex_.Matches(input);
    case Action::kDrop:
      return !regex_.Matches(input);
    case Action::kKeepEqual:
      return labels.Get(config_.target_label) == input;
    case Action::kDropEqual:
      return labels.Get(config_.target_label) != input;
    case Action::kHashMod:
      labels.Set(config_.target_label, std::to_string(HashOf(input) % config_.modulus));
      break;
    case Action::kLabelMap:
      for (const auto& [name, value] : std::vector(labels.pairs())) {
        if (regex_.Matches(name)) labels.Set(regex_.ReplaceAll(name, config_.replacement), value);
      }
      break;
    case Action::kLabelDrop:
    case Action::kLabelKeep:
      for (const auto& [name, value] : std::vector(labels.pairs())) {
        if (regex_.Matches(name) == (config_.action == Action::kLabelDrop)) labels.Delete(name);
      }
      break;
    case Action::kLowercase:
      labels.Set(config_.target_label, ToLower(input));
      break;
    case Action::kUppercase:
      labels.Set(config_.target_label, ToUpper(input));
      break;
  }
  return true;
}

bool Relabel(std::span<const RelabelRule> rules, LabelsBuilder& labels) {
  return std::ranges::all_of(rules, [&](const RelabelRule& rule) { return rule.Apply(labels); });
}

}  // namespace meerkat
