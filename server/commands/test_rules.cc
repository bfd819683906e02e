#include "server/commands/test_rules.h"

#include <glob.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/html_text.h"
#include "base/regex.h"
#include "base/rfc3339.h"
#include "server/commands/rule_test_run.h"
#include "server/config/rule_files.h"
#include "server/config/rule_test_file.h"

namespace meerkat::commands {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::string run;  // alternatives of every --run
  bool debug = false;
  bool diff = false;
  bool ignore_unknown_keys = false;
  std::string junit;
  promql::EngineOptions engine;
  std::vector<std::string> files;
};

std::optional<std::string> ValueOf(std::string_view name, std::span<const std::string> args,
                                   std::size_t& i) {
  const std::string& arg = args[i];
  if (arg == name && i + 1 < args.size()) return args[++i];
  if (arg.starts_with(name) && arg.size() > name.size() && arg[name.size()] == '=') {
    return arg.substr(name.size() + 1);
  }
  return std::nullopt;
}

void Enable(std::string_view features, promql::EngineOptions& engine) {
  const auto has = [&](std::string_view name) {
    return features.find(name) != std::string_view::npos;
  };
  engine.parse.experimental_functions |= has("promql-experimental-functions");
  engine.parse.extended_range_selectors |= has("promql-extended-range-selectors");
  engine.parse.fill_modifiers |= has("promql-binop-fill-modifiers");
  engine.delayed_name_removal |= has("promql-delayed-name-removal");
}

std::optional<Arguments> ReadArguments(std::span<const std::string> args, std::ostream& err) {
  Arguments arguments;
  for (std::size_t i = 0; i < args.size(); ++i) {
    if (const auto run = ValueOf("--run", args, i)) {
      arguments.run += (arguments.run.empty() ? "" : "|") + *run;
    } else if (const auto features = ValueOf("--enable-feature", args, i)) {
      Enable(*features, arguments.engine);
    } else if (const auto junit = ValueOf("--junit", args, i)) {
      arguments.junit = *junit;
    } else if (args[i] == "--debug") {
      arguments.debug = true;
    } else if (args[i] == "--diff") {
      arguments.diff = true;
    } else if (args[i] == "--ignore-unknown-fields") {
      arguments.ignore_unknown_keys = true;
    } else if (args[i] == "--experimental") {
      continue;  // upstream asks for it before commands that are none of these
    } else if (args[i].starts_with("--") && args[i].size() > 2) {
      err << "error: unknown flag " << args[i].substr(0, args[i].find('=')) << "\n";
      return std::nullopt;
    } else if (args[i] != "--") {
      arguments.files.push_back(args[i]);
    }
  }
  if (arguments.files.empty()) {
    err << "error: required argument 'test-rule-file' not provided, try --help\n";
    return std::nullopt;
  }
  return arguments;
}

Result<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(file), {});
  if (!file) return Error(Code::kNotFound, "open " + path + ": no such file or directory");
  return text;
}

std::vector<std::string> Glob(const std::string& pattern) {
  std::vector<std::string> paths;
  glob_t found{};
  if (glob(pattern.c_str(), 0, nullptr, &found) == 0) {
    paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  }
  globfree(&found);
  return paths;
}

struct CaseResult {
  std::string name;
  std::vector<std::string> failures;
};
struct FileResult {
  std::string path;
  std::vector<CaseResult> cases;
  std::vector<std::string> errors;  // of all cases, and of the file itself
};

class Tester {
 public:
  Tester(const Arguments& arguments, std::optional<Regex> run, Streams streams)
      : arguments_(arguments), run_(std::move(run)), streams_(streams) {}

  FileResult Test(const std::string& path) {
    FileResult result{path, {}, {}};
    const Result<std::string> text = ReadFile(path);
    if (!text) {
      result.errors.push_back(text.error().message());
      return result;
    }
    const auto file = config::ReadRuleTestFile(path, *text, arguments_.ignore_unknown_keys);
    if (!file) {
      result.errors.push_back(file.error().message());
      return result;
    }
    const std::vector<std::string> rule_files = Resolve(*file, path);
    std::map<std::string, std::size_t> order;
    for (const std::string& group : file->group_eval_order) {
      if (!order.emplace(group, order.size()).second) {
        result.errors.push_back("group name repeated in evaluation order: " + group);
        return result;
      }
    }
    RuleTestOptions options{arguments_.engine, file->fuzzy_compare, arguments_.diff,
                            arguments_.debug ? &streams_.out : nullptr};
    for (std::size_t i = 0; i < file->tests.size(); ++i) {
      const config::RuleTestGroup& test = file->tests[i];
      if (run_ && !run_->Matches(test.name)) continue;
      CaseResult& one = result.cases.emplace_back();
      one.name = test.name.empty() ? "unnamed#" + std::to_string(i) : test.name;
      auto groups =
          ReadGroups(rule_files, test.interval.value_or(file->evaluation_interval), one.failures);
      if (one.failures.empty()) {
        Sort(groups, order);
        one.failures =
            RunRuleTest(test, one.name, file->evaluation_interval, std::move(groups), options);
      }
      result.errors.insert(result.errors.end(), one.failures.begin(), one.failures.end());
    }
    return result;
  }

 private:
  // Globs are relative to the test file.
  std::vector<std::string> Resolve(const config::RuleTestFile& file, const std::string& path) {
    std::vector<std::string> paths;
    for (const std::string& pattern : file.rule_files) {
      const std::string whole = fs::path(pattern).is_absolute()
                                    ? pattern
                                    : (fs::path(path).parent_path() / pattern).string();
      const std::vector<std::string> found = Glob(whole);
      if (found.empty()) streams_.err << "  WARNING: no file match pattern " << whole << "\n";
      paths.insert(paths.end(), found.begin(), found.end());
    }
    return paths;
  }

  std::vector<alerting::RuleGroupConfig> ReadGroups(const std::vector<std::string>& paths,
                                                    Millis interval,
                                                    std::vector<std::string>& errors) const {
    std::vector<alerting::RuleGroupConfig> groups;
    const config::RuleFileOptions options{.ignore_unknown_keys = arguments_.ignore_unknown_keys,
                                          .parse = arguments_.engine.parse};
    for (const std::string& path : paths) {
      const Result<std::string> text = ReadFile(path);
      if (!text) {
        errors.push_back(text.error().message());
        return {};
      }
      const config::RuleFileOutcome outcome = config::ReadRuleFile(path, *text, options);
      if (!outcome.errors.empty()) {
        errors = outcome.errors;
        return {};
      }
      for (const config::RuleGroupEntry& entry : outcome.file.groups) {
        groups.push_back(ToGroup(entry, path, interval));
      }
    }
    return groups;
  }

  static alerting::RuleGroupConfig ToGroup(const config::RuleGroupEntry& entry,
                                           const std::string& path, Millis interval) {
    alerting::RuleGroupConfig group;
    group.name = entry.name;
    group.file = path;
    group.interval = entry.interval.value_or(interval);
    group.query_offset = entry.query_offset.value_or(Millis(0));
    group.limit = entry.limit > 0 ? static_cast<std::uint64_t>(entry.limit) : 0;
    for (const config::RuleEntry& from : entry.rules) {
      alerting::RuleConfig& rule = group.rules.emplace_back();
      rule.record = from.record;
      rule.alert = from.alert;
      rule.expression = from.expression;
      rule.query = promql::Print(*from.expression);
      rule.hold = from.hold;
      rule.keep_firing = from.keep_firing;
      rule.labels = from.labels;
      rule.labels.insert(entry.labels.begin(), entry.labels.end());  // the rule's own win
      rule.annotations = from.annotations;
    }
    return group;
  }

  // Groups of group_eval_order first, in its order; the others behind them, by file and name.
  static void Sort(std::vector<alerting::RuleGroupConfig>& groups,
                   const std::map<std::string, std::size_t>& order) {
    std::ranges::stable_sort(groups, {}, &alerting::RuleGroupConfig::key);
    std::ranges::stable_sort(groups, {}, [&](const alerting::RuleGroupConfig& group) {
      const auto found = order.find(group.name);
      return found == order.end() ? order.size() : found->second;
    });
  }

  const Arguments& arguments_;
  const std::optional<Regex> run_;
  Streams streams_;
};

// As Go's xml.EscapeText, which keeps line breaks and tabs from being folded.
std::string XmlEscape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') {
      out += "&#xA;";
    } else if (c == '\t') {
      out += "&#x9;";
    } else if (c == '\r') {
      out += "&#xD;";
    } else if (const std::string_view entity = HtmlEntity(c); !entity.empty()) {
      out += entity;
    } else {
      out += c;
    }
  }
  return out;
}

void WriteJunit(std::ostream& out, const std::vector<FileResult>& files) {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  std::string stamp = FormatRfc3339(Timestamp(now.time_since_epoch()));
  stamp.pop_back();  // without the zone
  out << "<testsuites>";
  for (const FileResult& file : files) {
    std::size_t failures = 0;
    for (const CaseResult& one : file.cases) failures += one.failures.size();
    const std::size_t errors = file.errors.size() - failures;
    out << "<testsuite name=\"" << XmlEscape(file.path) << "\" tests=\"" << file.cases.size()
        << "\" failures=\"" << failures << "\" errors=\"" << errors
        << "\" skipped=\"0\" timestamp=\"" << stamp << "\">";
    for (const CaseResult& one : file.cases) {
      out << "<testcase name=\"" << XmlEscape(one.name) << "\">";
      for (const std::string& failure : one.failures) {
        out << "<failure>" << XmlEscape(failure) << "</failure>";
      }
      out << "</testcase>";
    }
    out << "</testsuite>";
  }
  out << "</testsuites>";
}

}  // namespace

int TestRules(std::span<const std::string> args, Streams streams) {
  const auto arguments = ReadArguments(args, streams.err);
  if (!arguments) return 2;
  std::optional<Regex> run;
  if (!arguments->run.empty()) {
    auto regex = Regex::Compile(arguments->run, Regex::Flavor::kUnanchored);
    if (!regex) {
      streams.err << "error: --run: " << regex.error().message() << "\n";
      return 2;
    }
    run = *std::move(regex);
  }
  for (const std::string& path : arguments->files) {
    if (!fs::exists(path)) {
      streams.err << "error: path '" << path << "' does not exist, try --help\n";
      return 1;
    }
  }
  Tester tester(*arguments, std::move(run), streams);
  std::vector<FileResult> results;
  bool failed = false;
  for (const std::string& path : arguments->files) {
    const FileResult& result = results.emplace_back(tester.Test(path));
    if (result.errors.empty()) {
      streams.out << "  SUCCESS\n";
    } else {
      failed = true;
      streams.err << "  FAILED:\n";
      for (const std::string& error : result.errors) {
        streams.err << error << "\n";
        streams.out << "\n";
      }
    }
    streams.out << "\n";
  }
  if (!arguments->junit.empty()) {
    std::ofstream file(arguments->junit, std::ios::binary);
    WriteJunit(file, results);
    if (!file.flush()) {
      streams.err << "error: cannot write " << arguments->junit << "\n";
      return 1;
    }
  }
  return failed ? 1 : 0;
}

}  // namespace meerkat::commands
