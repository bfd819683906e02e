#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/labels.h"
#include "base/name_scheme.h"
#include "base/regex.h"
#include "base/result.h"

namespace meerkat {

// One entry of relabel_configs as written.
struct RelabelConfig {
  enum class Action : unsigned char {
    kReplace,
    kKeep,
    kDrop,
    kKeepEqual,
    kDropEqual,
    kHashMod,
    kLabelMap,
    kLabelDrop,
    kLabelKeep,
    kLowercase,
    kUppercase,
  };

  std::vector<std::string> source_labels;
  std::string separator = ";";
  std::string regex = "(.*)";
  std::uint64_t modulus = 0;
  std::string target_label;
  std::string replacement = "$1";
  Action action = Action::kReplace;
  NameScheme name_scheme = NameScheme::kUtf8;

  bool operator==(const RelabelConfig&) const = default;
};

std::string_view RelabelActionName(RelabelConfig::Action action);
// In any case; kInvalid: `unknown relabel action "x"`.
Result<RelabelConfig::Action> ParseRelabelAction(std::string_view name);

// A rule that passed its checks, ready to run. Immutable. Threads: any.
class RelabelRule {
 public:
  // Refuses what upstream refuses, with its words.
  static Result<RelabelRule> Make(RelabelConfig config);

  const RelabelConfig& config() const { return config_; }
  // False: the labels are to be dropped.
  bool Apply(LabelsBuilder& labels) const;

  bool operator==(const RelabelRule& other) const { return config_ == other.config_; }

 private:
  RelabelRule(RelabelConfig config, Regex regex);
  void Replace(LabelsBuilder& labels, std::string_view input) const;

  RelabelConfig config_;
  Regex regex_;
  bool plain_target_;       // target_label holds no $
  bool plain_replacement_;  // neither does the replacement
};

// Runs `rules` in order; false as soon as one drops the labels.
bool Relabel(std::span<const RelabelRule> rules, LabelsBuilder& labels);

}  // namespace meerkat
