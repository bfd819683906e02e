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
#include "server/commands/arguments.h"
#include "server/commands/rule_test_run.h"
#include "server/config/rule_files.h"
#include "server/config/rule_test_file.h"

namespace meerkat::commands {
namespace {

namespace fs = std::filesystem;

constexpr FlagRule kFlags[] = {
    {"run", '\0', true, "REGEX", "Only test groups with such a name; may be repeated."},
    {"diff", '\0', false, "", "Show what is missing and what is too much in colours."},
    {"debug", '\0', false, "", "Say which group runs."},
    {"junit", '\0', true, "FILE", "Also write the results as JUnit XML."},
    {"ignore-unknown-fields", '\0', false, "", "Accept keys of test files that nobody knows."},
    kExperimentalFlag,
    kFeatureFlag};

struct Settings {
  std::string run;  // alternatives of every --run
  bool debug = false;
  bool diff = false;
  bool ignore_unknown_keys = false;
  std::string junit;
  promql::EngineOptions engine;
  std::vector<std::string> files;
};

void Enable(std::string_view features, promql::EngineOptions& engine) {
  const auto has = [&](std::string_view name) {
    return features.find(name) != std::string_view::npos;
  };
  engine.parse.experimental_functions |= has("promql-experimental-functions");
  engine.parse.extended_range_selectors |= has("promql-extended-range-selectors");
  engine.parse.fill_modifiers |= has("promql-binop-fill-modifiers");
  engine.delayed_name_removal |= has("promql-delayed-name-removal");
}

Settings SettingsOf(const Arguments& arguments) {
  Settings settings;
  for (const std::string& run : arguments.Values("run")) {
    settings.run += (settings.run.empty() ? "" : "|") + run;
  }
  for (const std::string& features : arguments.Values("enable-feature")) {
    Enable(features, settings.engine);
  }
  settings.junit = arguments.Value("junit");
  settings.debug = arguments.On("debug");
  settings.diff = arguments.On("diff");
  settings.ignore_unknown_keys = arguments.On("ignore-unknown-fields");
  settings.files = arguments.words();
  return settings;
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
  Tester(const Settings& settings, std::optional<Regex> run, Streams streams)
      : settings_(settings), run_(std::move(run)), streams_(streams) {}

  FileResult Test(const std::string& path) {
    FileResult result{path, {}, {}};
    const Result<std::string> text = ReadFile(path);
    if (!text) {
      result.errors.push_back(text.error().message());
      return result;
    }
    const auto file = config::ReadRuleTestFile(path, *text, settings_.ignore_unknown_keys);
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
    RuleTestOptions options{settings_.engine, file->fuzzy_compare, settings_.diff,
                            settings_.debug ? &streams_.out : nullptr};
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
    const config::RuleFileOptions options{.ignore_unknown_keys = settings_.ignore_unknown_keys,
                                          .parse = settings_.engine.parse};
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

  const Settings& settings_;
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

std::span<const FlagRule> TestRulesFlags() {
  return kFlags;
}

int TestRules(std::span<const std::string> args, Streams streams) {
  const auto arguments = Arguments::Parse(args, kFlags, "TEST-RULE-FILE…");
  if (!arguments) return Misused(streams, arguments.error());
  const Settings settings = SettingsOf(*arguments);
  std::optional<Regex> run;
  if (!settings.run.empty()) {
    auto regex = Regex::Compile(settings.run, Regex::Flavor::kUnanchored);
    if (!regex) {
      return Misused(streams, std::move(regex).error().Within("--run"));
    }
    run = *std::move(regex);
  }
  if (auto there = CheckFilesExist(settings.files); !there) return Misused(streams, there.error());
  Tester tester(settings, std::move(run), streams);
  std::vector<FileResult> results;
  bool failed = false;
  for (const std::string& path : settings.files) {
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
  if (!settings.junit.empty()) {
    std::ofstream file(settings.junit, std::ios::binary);
    WriteJunit(file, results);
    if (!file.flush()) {
      streams.err << "error: cannot write " << settings.junit << "\n";
      return 1;
    }
  }
  return failed ? 1 : 0;
}

}  // namespace meerkat::commands
