#include "server/commands/check_config.h"

#include <unistd.h>

#include <cerrno>
#include <ostream>
#include <system_error>

#include "base/duration.h"
#include "base/letter_case.h"
#include "base/quote.h"
#include "server/commands/arguments.h"
#include "server/commands/check_alertmanager.h"
#include "server/commands/check_rules.h"
#include "server/config/prometheus_config.h"
#include "server/config/sd_file.h"
#include "server/config/yaml_reader.h"
#include "server/dashboards/dashboard_json.h"
#include "server/scrape/target.h"

namespace meerkat::commands {
namespace {

struct Options {
  bool syntax_only = false;
  bool agent = false;
  bool ignore_unknown = false;
  LintSettings lint;
  std::vector<std::string> files;
};

Error Invalid(std::string text) {
  return {Code::kInvalid, std::move(text)};
}

constexpr FlagRule kFlags[] = {
    {"syntax-only", '\0', false, "", "Do not look at the files that the configuration names."},
    {"lint", '\0', true, "duplicate-rules",
     "What to look for: all, duplicate-rules, too-long-scrape-interval or none."},
    {"lint-fatal", '\0', false, "", "Exit with 3 when something was found."},
    {"agent", '\0', false, "", "Check for agent mode."},
    {"ignore-unknown-fields", '\0', false, "", "Accept keys of rule groups that nobody knows."},
    kLookbackFlag,
    kExperimentalFlag,
    kFeatureFlag};

Result<Options> ParseArguments(std::span<const std::string> args, Streams streams) {
  const auto arguments = Arguments::Parse(args, kFlags, "CONFIG-FILES…");
  if (!arguments) return arguments.error();
  if (auto there = CheckFilesExist(arguments->words()); !there) return there.error();
  Options options;
  options.syntax_only = arguments->On("syntax-only");
  options.agent = arguments->On("agent");
  options.ignore_unknown = arguments->On("ignore-unknown-fields");
  options.lint.fatal = arguments->On("lint-fatal");
  const std::string lint = arguments->Value("lint", "duplicate-rules");
  ReadLint(lint, options.lint, streams.out);
  const auto lookback = arguments->Duration("query.lookback-delta", options.lint.lookback_delta);
  if (!lookback) return lookback.error();
  options.lint.lookback_delta = *lookback;
  options.files = arguments->words();
  return options;
}

Result<> CheckFileExists(const std::string& path, std::string_view what) {
  if (path.empty() || access(path.c_str(), F_OK) == 0) return {};
  return Invalid("error checking " + std::string(what) + " " + Quote(path) + ": stat " + path +
                 ": " + ToLower(std::generic_category().message(errno)));
}

Result<> CheckTls(const net::TlsConfig& tls, bool syntax_only) {
  if (!tls.cert_file.empty() && tls.key.file.empty()) {
    return Invalid("client cert file " + Quote(tls.cert_file) +
                   " specified without client key "
                   "file");
  }
  if (!tls.key.file.empty() && tls.cert_file.empty()) {
    return Invalid("client key file " + Quote(tls.key.file) +
                   " specified without client cert "
                   "file");
  }
  if (syntax_only) return {};
  if (auto checked = CheckFileExists(tls.cert_file, "client cert file"); !checked) return checked;
  if (auto checked = CheckFileExists(tls.key.file, "client key file"); !checked) return checked;
  return CheckFileExists(tls.ca_file, "ca file");
}

Result<> CheckGroups(const scrape::ScrapeConfig& job,
                     const std::vector<discovery::TargetGroup>& groups) {
  for (const discovery::TargetGroup& group : groups) {
    for (const Labels& target : group.targets) {
      const auto outcome = scrape::MakeTarget(job, target, group.labels);
      if (!outcome.error.empty()) return Invalid(outcome.error);
    }
  }
  return {};
}

Result<> CheckSdFiles(const discovery::FileSd& sd, const scrape::ScrapeConfig* job,
                      Streams streams) {
  for (const std::string& pattern : sd.files) {
    const auto paths = config::Glob(pattern);
    if (paths.empty()) {
      streams.out << "  WARNING: file " << Quote(pattern) << " for file_sd in "
                  << (job != nullptr ? "scrape job " + Quote(job->job_name) : "alertmanager config")
                  << " does not exist\n";
    }
    for (const std::string& path : paths) {
      auto groups = config::ReadTargetFile(path);
      if (!groups) {
        return Invalid("checking SD file " + Quote(path) + ": " + groups.error().message());
      }
      if (job == nullptr) continue;
      if (auto checked = CheckGroups(*job, *groups); !checked) return checked;
    }
  }
  return {};
}

Result<> CheckJob(const scrape::ScrapeConfig& job, bool syntax_only, Streams streams) {
  if (!syntax_only && job.http.authorization) {
    auto checked = CheckFileExists(job.http.authorization->credentials.file,
                                   "authorization credentials or bearer token file");
    if (!checked) return checked;
  }
  if (auto checked = CheckTls(job.http.tls, syntax_only); !checked) return checked;
  for (const discovery::SdConfig& sd : job.service_discovery) {
    Result<> checked;
    if (const auto* const files = std::get_if<discovery::FileSd>(&sd)) {
      if (!syntax_only) checked = CheckSdFiles(*files, &job, streams);
    } else if (const auto* const fixed = std::get_if<discovery::StaticSd>(&sd)) {
      checked = CheckGroups(job, fixed->groups);
    } else if (const auto* const kubernetes = std::get_if<discovery::KubernetesSd>(&sd)) {
      checked = CheckTls(kubernetes->http.tls, syntax_only);
    }
    if (!checked) return checked;
  }
  return {};
}

// The rule files a configuration names. A plain name must exist; a pattern may match nothing.
Result<std::vector<std::string>> RuleFiles(const config::PrometheusConfig& config) {
  std::vector<std::string> files;
  for (const std::string& pattern : config.rule_files) {
    const auto paths = config::Glob(pattern);
    if (paths.empty() && pattern.find('*') == std::string::npos) {
      return Invalid(Quote(pattern) + " does not point to an existing file");
    }
    files.insert(files.end(), paths.begin(), paths.end());
  }
  return files;
}

struct Checked {
  std::vector<std::string> rule_files;
  std::vector<scrape::ScrapeConfig> jobs;
};

Result<Checked> CheckOne(const std::string& file, const Options& options, Streams streams) {
  streams.out << "Checking " << file << "\n";
  auto config = config::LoadPrometheusConfig(file, {.agent = options.agent,
                                                    .ignore_unknown_keys = options.ignore_unknown,
                                                    .follow_includes = !options.syntax_only,
                                                    .environment = {}});
  if (!config) return std::move(config).error();
  for (const std::string& warning : config->warnings) {
    streams.out << "  WARNING: " << warning << "\n";
  }
  Checked checked{.rule_files = {}, .jobs = config->AllScrapeConfigs()};
  if (!options.syntax_only) {
    auto rules = RuleFiles(*config);
    if (!rules) return std::move(rules).error();
    checked.rule_files = *std::move(rules);
  }
  for (const scrape::ScrapeConfig& job : checked.jobs) {
    if (auto good = CheckJob(job, options.syntax_only, streams); !good) {
      return std::move(good).error();
    }
  }
  if (options.syntax_only) return checked;
  for (const config::AlertmanagerConfig& alertmanager : config->alerting.alertmanagers) {
    for (const discovery::SdConfig& sd : alertmanager.service_discovery) {
      const auto* const files = std::get_if<discovery::FileSd>(&sd);
      if (files == nullptr) continue;
      if (auto good = CheckSdFiles(*files, nullptr, streams); !good) return std::move(good).error();
    }
  }
  return checked;
}

// The command line of `check rules` for the rule files of a configuration.
std::vector<std::string> RuleArguments(const Options& options,
                                       const std::vector<std::string>& files) {
  std::vector<std::string> args = {options.lint.duplicate_rules ? "--lint=duplicate-rules"
                                                                : "--lint=none"};
  if (options.lint.fatal) args.emplace_back("--lint-fatal");
  if (options.ignore_unknown) args.emplace_back("--ignore-unknown-fields");
  args.insert(args.end(), files.begin(), files.end());
  return args;
}

enum class FileKind : unsigned char { kPrometheus, kAlertmanager, kDashboard };

// What a file is for, by its top keys. What cannot be read is taken for a prometheus.yml, whose
// reader then says what is wrong with it.
FileKind KindOf(const std::string& file) {
  const auto text = config::ReadFile(file);
  if (!text) return FileKind::kPrometheus;
  bool routes = false;
  bool panels = false;
  bool scrapes = false;
  const auto look = [&](config::YamlMap& map) {
    map.ForEachKey([&](std::string_view key, const config::YamlValue&) {
      routes = routes || key == "route" || key == "receivers";
      panels = panels || key == "panels" || key == "schemaVersion" || key == "dashboard";
      scrapes = scrapes || key == "scrape_configs" || key == "alerting" || key == "rule_files" ||
                key == "remote_write" || key == "remote_read";
    });
  };
  if (!config::ReadYamlMap(file, *text, look, {.ignore_unknown_keys = true}) || scrapes) {
    return FileKind::kPrometheus;
  }
  return panels ? FileKind::kDashboard : routes ? FileKind::kAlertmanager : FileKind::kPrometheus;
}

bool CheckDashboard(const std::string& file, Streams streams) {
  streams.out << "Checking " << file << "\n";
  const auto text = config::ReadFile(file);
  const auto dashboard =
      text ? server::ReadDashboard(*text) : Result<server::DashboardSummary>(text.error());
  if (!dashboard) {
    streams.err << "  FAILED: " << dashboard.error().message() << "\n";
  } else {
    streams.out << " SUCCESS: " << file << " is the dashboard " << Quote(dashboard->title) << "\n";
  }
  streams.out << "\n";
  return dashboard.ok();
}

bool LintJobs(const std::vector<scrape::ScrapeConfig>& jobs, const LintSettings& lint,
              Streams streams) {
  if (!lint.too_long_scrape_interval) return false;
  bool found = false;
  for (const scrape::ScrapeConfig& job : jobs) {
    if (job.scrape_interval < lint.lookback_delta) continue;
    streams.err << "  FAILED: too long scrape interval found, data point will be marked as stale - "
                   "job: "
                << job.job_name << ", interval: " << FormatDuration(job.scrape_interval) << "\n";
    found = true;
  }
  return found;
}

}  // namespace

void ReadLint(const std::string& words, LintSettings& lint, std::ostream& out) {
  lint.duplicate_rules = false;
  lint.too_long_scrape_interval = false;
  std::size_t at = 0;
  while (at <= words.size()) {
    const std::size_t comma = std::min(words.find(',', at), words.size());
    const std::string word = words.substr(at, comma - at);
    const bool all = word == "all";
    if (!all && word != "none" && word != "duplicate-rules" && word != "too-long-scrape-interval") {
      out << "WARNING: unknown lint option: " << Quote(word) << "\n";
    }
    lint.duplicate_rules = lint.duplicate_rules || all || word == "duplicate-rules";
    lint.too_long_scrape_interval =
        lint.too_long_scrape_interval || all || word == "too-long-scrape-interval";
    at = comma + 1;
  }
}

int CheckConfig(std::span<const std::string> args, Streams streams) {
  const auto options = ParseArguments(args, streams);
  if (!options) return Misused(streams, options.error());
  bool errors = false;
  bool lints = false;
  for (const std::string& file : options->files) {
    const FileKind kind = KindOf(file);
    if (kind == FileKind::kAlertmanager) {
      errors = CheckAlertmanager({&file, 1}, streams) != 0 || errors;
      continue;
    }
    if (kind == FileKind::kDashboard) {
      errors = !CheckDashboard(file, streams) || errors;
      continue;
    }
    const auto checked = CheckOne(file, *options, streams);
    if (!checked) {
      streams.err << "  FAILED: " << checked.error().message() << "\n";
      errors = true;
    } else {
      if (!checked->rule_files.empty()) {
        streams.out << "  SUCCESS: " << checked->rule_files.size() << " rule files found\n";
      }
      streams.out << " SUCCESS: " << file << " is valid prometheus config file syntax\n";
    }
    streams.out << "\n";
    if (!checked || options->syntax_only) continue;
    lints = LintJobs(checked->jobs, options->lint, streams) || lints;
    if (checked->rule_files.empty()) continue;
    const int verdict = CheckRules(RuleArguments(*options, checked->rule_files), streams);
    errors = errors || verdict == 1;
    lints = lints || verdict == 3;
  }
  if (errors) return 1;
  return lints && options->lint.fatal ? 3 : 0;
}

std::vector<Command> ConfigCommands() {
  return {{"check config", "CONFIG-FILES…",
           "Check prometheus.yml, alertmanager.yml and dashboard files and the files they name.",
           CheckConfig, kFlags}};
}

}  // namespace meerkat::commands
