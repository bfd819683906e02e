#include "server/commands/check_rules.h"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <vector>

#include "base/labels.h"
#include "base/quote.h"
#include "server/config/rule_files.h"

namespace meerkat::commands {
namespace {

struct Arguments {
  bool lint_duplicates = true;
  bool lint_fatal = false;
  bool ignore_unknown_keys = false;
  promql::ParseOptions parse;
  std::vector<std::string> files;
};

std::string ReadAll(std::istream& in) {
  return std::string(std::istreambuf_iterator<char>(in), {});
}

// The value of `--name=value` or `--name value`.
std::optional<std::string> ValueOf(std::string_view name, std::span<const std::string> args,
                                   std::size_t& i) {
  const std::string& arg = args[i];
  if (arg == name && i + 1 < args.size()) return args[++i];
  if (arg.starts_with(name) && arg.size() > name.size() && arg[name.size()] == '=') {
    return arg.substr(name.size() + 1);
  }
  return std::nullopt;
}

void ReadLint(std::string_view list, Arguments& arguments, std::ostream& err) {
  arguments.lint_duplicates = false;
  while (true) {
    const std::size_t comma = list.find(',');
    const std::string_view word = list.substr(0, comma);
    if (word == "all" || word == "duplicate-rules") {
      arguments.lint_duplicates = true;
    } else if (word != "none") {
      err << "WARNING: unknown lint option: " << Quote(word) << "\n";
    }
    if (comma == std::string_view::npos) return;
    list.remove_prefix(comma + 1);
  }
}

std::optional<Arguments> ReadArguments(std::span<const std::string> args, std::ostream& err) {
  Arguments arguments;
  for (std::size_t i = 0; i < args.size(); ++i) {
    if (const auto lint = ValueOf("--lint", args, i)) {
      ReadLint(*lint, arguments, err);
    } else if (const auto features = ValueOf("--enable-feature", args, i)) {
      arguments.parse.experimental_functions |=
          features->find("promql-experimental-functions") != std::string::npos;
      arguments.parse.extended_range_selectors |=
          features->find("promql-extended-range-selectors") != std::string::npos;
      arguments.parse.fill_modifiers |=
          features->find("promql-binop-fill-modifiers") != std::string::npos;
    } else if (args[i] == "--lint-fatal" || args[i] == "--no-lint-fatal") {
      arguments.lint_fatal = args[i] == "--lint-fatal";
    } else if (args[i] == "--ignore-unknown-fields" || args[i] == "--no-ignore-unknown-fields") {
      arguments.ignore_unknown_keys = args[i] == "--ignore-unknown-fields";
    } else if (args[i] == "--experimental") {
      continue;  // upstream asks for it before commands that are none of these
    } else if (args[i].starts_with("--") && args[i].size() > 2) {
      err << "error: unknown flag " << args[i].substr(0, args[i].find('=')) << "\n";
      return std::nullopt;
    } else if (args[i] != "--") {
      arguments.files.push_back(args[i]);
    }
  }
  return arguments;
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

class Checker {
 public:
  Checker(const Arguments& arguments, Streams streams) : arguments_(arguments), streams_(streams) {}

  void Check(const std::string& path, std::string_view text) {
    const config::RuleFileOptions options{.ignore_unknown_keys = arguments_.ignore_unknown_keys,
                                          .parse = arguments_.parse};
    const config::RuleFileOutcome outcome = config::ReadRuleFile(path, text, options);
    if (!outcome.errors.empty()) {
      failed_ = true;
      streams_.err << "  FAILED:\n";
      for (const std::string& error : outcome.errors) streams_.err << error << "\n";
      return;
    }
    const auto duplicates =
        arguments_.lint_duplicates ? DuplicatesOf(outcome.file) : std::vector<RuleIdentity>();
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
    return findings_ && arguments_.lint_fatal ? 3 : 0;
  }

 private:
  const Arguments& arguments_;
  Streams streams_;
  bool failed_ = false;
  bool findings_ = false;
};

}  // namespace

int CheckRules(std::span<const std::string> args, Streams streams) {
  const auto arguments = ReadArguments(args, streams.err);
  if (!arguments) return 2;
  // All files must be there before the first is looked at.
  std::vector<std::string> texts;
  for (const std::string& path : arguments->files) {
    std::ifstream file(path, std::ios::binary);
    std::string text = file ? ReadAll(file) : std::string();
    if (!file) {
      streams.err << "error: path '" << path << "' does not exist, try --help\n";
      return 1;
    }
    texts.push_back(std::move(text));
  }
  Checker checker(*arguments, streams);
  if (texts.empty()) {
    streams.out << "Checking standard input\n";
    checker.Check("standard input", ReadAll(streams.in));
  }
  for (std::size_t i = 0; i < texts.size(); ++i) {
    streams.out << "Checking " << arguments->files[i] << "\n";
    checker.Check(arguments->files[i], texts[i]);
  }
  return checker.ExitCode();
}

}  // namespace meerkat::commands
