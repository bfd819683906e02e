#include "server/commands/check_rules.h"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>
#include <vector>

#include "base/labels.h"
#include "base/quote.h"
#include "server/commands/arguments.h"
#include "server/config/rule_files.h"

namespace meerkat::commands {
namespace {

constexpr FlagRule kFlags[] = {
    {"lint", '\0', true, "duplicate-rules", "What to look for: all, duplicate-rules or none."},
    {"lint-fatal", '\0', false, "", "Exit with 3 when something was found."},
    {"ignore-unknown-fields", '\0', false, "", "Accept keys of rule groups that nobody knows."},
    kLookbackFlag,
    kExperimentalFlag,
    kFeatureFlag};

struct Settings {
  bool lint_duplicates = true;
  bool lint_fatal = false;
  bool ignore_unknown_keys = false;
  promql::ParseOptions parse;
  std::vector<std::string> files;
};

std::string ReadAll(std::istream& in) {
  return std::string(std::istreambuf_iterator<char>(in), {});
}

void ReadLint(std::string_view list, Settings& settings, std::ostream& out) {
  settings.lint_duplicates = false;
  while (true) {
    const std::size_t comma = list.find(',');
    const std::string_view word = list.substr(0, comma);
    if (word == "all" || word == "duplicate-rules") {
      settings.lint_duplicates = true;
    } else if (word != "none") {
      out << "WARNING: unknown lint option: " << Quote(word) << "\n";
    }
    if (comma == std::string_view::npos) return;
    list.remove_prefix(comma + 1);
  }
}

Settings SettingsOf(const Arguments& arguments, std::ostream& out) {
  Settings settings;
  if (arguments.Has("lint")) ReadLint(arguments.Value("lint"), settings, out);
  settings.lint_fatal = arguments.On("lint-fatal");
  settings.ignore_unknown_keys = arguments.On("ignore-unknown-fields");
  for (const std::string& features : arguments.Values("enable-feature")) {
    const auto has = [&](std::string_view name) {
      return features.find(name) != std::string::npos;
    };
    settings.parse.experimental_functions |= has("promql-experimental-functions");
    settings.parse.extended_range_selectors |= has("promql-extended-range-selectors");
    settings.parse.fill_modifiers |= has("promql-binop-fill-modifiers");
  }
  settings.files = arguments.words();
  return settings;
}

// Rules that write the same series, each told once, in order of name and labels.
struct RuleIdentity {
  std::string metric;
  Labels labels;
  auto operator<=>(const RuleIdentity&) const = default;
};

std::vector<RuleIdentity> DuplicatesOf(const config::RuleFile& file) {
  std::vector<RuleIdentity> rules;
  for (const config::RuleGroupEntry& group : file.groups) {
    for (const config::RuleEntry& rule : group.rules) {
      LabelsBuilder labels;
      for (const auto& [name, value] : group.labels) labels.Set(name, value);
      for (const auto& [name, value] : rule.labels) labels.Set(name, value);
      rules.push_back({rule.name(), labels.Build()});
    }
  }
  std::ranges::sort(rules);
  std::vector<RuleIdentity> duplicates;
  for (std::size_t i = 1; i < rules.size(); ++i) {
    const bool known = !duplicates.empty() && duplicates.back() == rules[i];
    if (rules[i] == rules[i - 1] && !known) duplicates.push_back(rules[i]);
  }
  return duplicates;
}

constexpr std::string_view kStandardInput = "standard input";

class Checker {
 public:
  Checker(const Settings& settings, Streams streams) : settings_(settings), streams_(streams) {}

  void Check(const std::string& path, std::string_view text) {
    const config::RuleFileOptions options{.ignore_unknown_keys = settings_.ignore_unknown_keys,
                                          .parse = settings_.parse};
    const config::RuleFileOutcome outcome = config::ReadRuleFile(path, text, options);
    if (!outcome.errors.empty()) {
      failed_ = true;
      streams_.err << "  FAILED:\n";
      // Upstream names no file where there is none.
      const std::string unnamed = std::string(kStandardInput) + ": ";
      for (std::string_view error : outcome.errors) {
        if (error.starts_with(unnamed)) error.remove_prefix(unnamed.size());
        streams_.err << error << "\n";
      }
      return;
    }
    const auto duplicates =
        settings_.lint_duplicates ? DuplicatesOf(outcome.file) : std::vector<RuleIdentity>();
    if (duplicates.empty()) {
      std::size_t rules = 0;
      for (const auto& group : outcome.file.groups) rules += group.rules.size();
      streams_.out << "  SUCCESS: " << rules << " rules found\n";
    } else {
      findings_ = true;
      streams_.err << "  FAILED:\nlint error " << duplicates.size()
                   << " duplicate rule(s) found.\n";
      for (const RuleIdentity& duplicate : duplicates) {
        streams_.err << "Metric: " << duplicate.metric << "\nLabel(s):\n";
        for (const Label label : duplicate.labels) {
          streams_.err << "\t" << label.name << ": " << label.value << "\n";
        }
      }
      streams_.err << "Might cause inconsistency while recording expressions\n";
    }
    streams_.out << "\n";
  }

  int ExitCode() const {
    if (failed_) return 1;
    return findings_ && settings_.lint_fatal ? 3 : 0;
  }

 private:
  const Settings& settings_;
  Streams streams_;
  bool failed_ = false;
  bool findings_ = false;
};

}  // namespace

std::span<const FlagRule> CheckRulesFlags() {
  return kFlags;
}

int CheckRules(std::span<const std::string> args, Streams streams) {
  const auto arguments = Arguments::Parse(args, kFlags, "[RULE-FILES…]");
  if (!arguments) return Misused(streams, arguments.error());
  if (auto there = CheckFilesExist(arguments->words()); !there) {
    return Misused(streams, there.error());
  }
  const Settings settings = SettingsOf(*arguments, streams.out);
  // All files must be there before the first is looked at.
  std::vector<std::string> texts;
  for (const std::string& path : settings.files) {
    std::ifstream file(path, std::ios::binary);
    std::string text = file ? ReadAll(file) : std::string();
    if (!file) {
      return Misused(streams, Error(Code::kInvalid, "path '" + path + "' does not exist"));
    }
    texts.push_back(std::move(text));
  }
  Checker checker(settings, streams);
  if (texts.empty()) {
    streams.out << "Checking " << kStandardInput << "\n";
    checker.Check(std::string(kStandardInput), ReadAll(streams.in));
  }
  for (std::size_t i = 0; i < texts.size(); ++i) {
    streams.out << "Checking " << settings.files[i] << "\n";
    checker.Check(settings.files[i], texts[i]);
  }
  return checker.ExitCode();
}

}  // namespace meerkat::commands
