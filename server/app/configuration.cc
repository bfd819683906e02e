#include "server/app/configuration.h"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/duration.h"
#include "base/number.h"
#include "base/quote.h"
#include "server/config/fields.h"
#include "server/config/rule_files.h"
#include "server/net/url.h"

extern "C" const char meerkat_embedded_default_rules[];
extern "C" const char meerkat_embedded_default_rules_end[];

namespace meerkat::app {
namespace {

constexpr std::string_view kDefaultRulesName = "embedded/rules.yml";

Result<std::vector<alerting::RuleGroupConfig>> ReadRules(const config::PrometheusConfig& prometheus,
                                                         const promql::ParseOptions& parse) {
  std::vector<alerting::RuleGroupConfig> groups;
  for (const std::string& pattern : prometheus.rule_files) {
    for (const std::string& file : config::Glob(pattern)) {
      auto text = config::ReadFile(file);
      if (!text) return std::move(text).error();
      auto added = RuleGroupsOf(file, *text, prometheus.global, parse);
      if (!added) return std::move(added).error();
      std::move(added->begin(), added->end(), std::back_inserter(groups));
    }
  }
  return groups;
}

}  // namespace

Result<std::vector<alerting::RuleGroupConfig>> RuleGroupsOf(std::string_view path,
                                                            std::string_view text,
                                                            const config::GlobalConfig& global,
                                                            const promql::ParseOptions& parse) {
  std::vector<alerting::RuleGroupConfig> groups;
  config::RuleFileOptions options;
  options.parse = parse;
  if (global.name_scheme) options.names = *global.name_scheme;
  config::RuleFileOutcome outcome = config::ReadRuleFile(path, text, options);
  if (!outcome.errors.empty()) {
    std::string all;
    for (const std::string& line : outcome.errors) all += (all.empty() ? "" : "; ") + line;
    return Error(Code::kInvalid, std::move(all));
  }
  for (config::RuleGroupEntry& entry : outcome.file.groups) {
    alerting::RuleGroupConfig& group = groups.emplace_back();
    group.name = std::move(entry.name);
    group.file = path;
    group.interval = entry.interval.value_or(Millis(0));
    if (group.interval == Millis(0)) group.interval = global.evaluation_interval;
    group.query_offset = entry.query_offset.value_or(global.rule_query_offset);
    group.limit = entry.limit > 0 ? static_cast<std::uint64_t>(entry.limit) : 0;
    for (config::RuleEntry& from : entry.rules) {
      alerting::RuleConfig& rule = group.rules.emplace_back();
      rule.record = std::move(from.record);
      rule.alert = std::move(from.alert);
      rule.query = promql::Print(*from.expression);
      rule.expression = std::move(from.expression);
      rule.hold = from.hold;
      rule.keep_firing = from.keep_firing;
      rule.labels = std::move(from.labels);
      rule.labels.insert(entry.labels.begin(), entry.labels.end());  // the rule's own win
      rule.annotations = std::move(from.annotations);
    }
  }
  return groups;
}

namespace {

// What was pushed comes in as it would from a Pushgateway scraped with honor_labels.
Result<> AddPushJob(const std::string& self_address, config::PrometheusConfig& prometheus) {
  std::string name = "pushgateway";
  for (const scrape::ScrapeConfig& job : prometheus.AllScrapeConfigs()) {
    if (job.scheme == "builtin" && job.metrics_path == kPushPagePath) return {};
    if (job.job_name == name) name += "-builtin";
  }
  const std::string text =
      "global: {scrape_interval: " + FormatDuration(prometheus.global.scrape_interval) +
      ", scrape_timeout: " + FormatDuration(prometheus.global.scrape_timeout) +
      "}\nscrape_configs: [{job_name: " + name +
      ", scheme: builtin, honor_labels: true, metrics_path: " + std::string(kPushPagePath) +
      ", static_configs: [{targets: [\"" + self_address + "\"]}]}]\n";
  auto job = config::ParsePrometheusConfig("push receiver", text);
  if (!job) return std::move(job).error();
  prometheus.scrape_configs.push_back(std::move(job->scrape_configs.front()));
  return {};
}

Result<Configuration> ReadConfiguration(const Flags& flags, const std::string& self_address) {
  Configuration configuration;
  const promql::ParseOptions parse = ParseOptionsOf(flags);
  if (flags.text("config.file").empty()) {
    configuration.prometheus = config::DefaultConfig(self_address, WatchListFile(flags).string());
    const std::string_view text(meerkat_embedded_default_rules,
                                static_cast<std::size_t>(meerkat_embedded_default_rules_end -
                                                         meerkat_embedded_default_rules));
    auto added = RuleGroupsOf(kDefaultRulesName, text, configuration.prometheus.global, parse);
    if (!added) return std::move(added).error();
    configuration.rules = std::move(*added);
    return configuration;
  }
  config::LoadOptions options;
  options.agent = flags.on("agent");
  options.expand_env = flags.on("config.expand-env");
  auto prometheus = config::LoadPrometheusConfig(flags.text("config.file"), options);
  if (!prometheus) return std::move(prometheus).error();
  configuration.prometheus = std::move(*prometheus);
  auto rules = ReadRules(configuration.prometheus, parse);
  if (!rules) return std::move(rules).error();
  configuration.rules = std::move(*rules);
  return configuration;
}

}  // namespace

std::filesystem::path WatchListFile(const Flags& flags) {
  return std::filesystem::path(flags.text("storage.tsdb.path")) / "setup" / "targets.json";
}

std::filesystem::path OwnAlertmanagerFile(const Flags& flags) {
  return std::filesystem::path(flags.text("storage.tsdb.path")) / "setup" / "alertmanager.yml";
}

bool HasPushReceiver(const Flags& flags) {
  return flags.on("web.enable-push-receiver") || !flags.list("push.listen-address").empty();
}

std::string HostName() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

Result<Configuration> LoadConfiguration(const Flags& flags, const std::string& self_address) {
  auto configuration = ReadConfiguration(flags, self_address);
  if (!configuration || !HasPushReceiver(flags)) return configuration;
  if (auto done = AddPushJob(self_address, configuration->prometheus); !done) {
    return std::move(done).error();
  }
  return configuration;
}

std::uint64_t FingerprintOf(const Flags& flags) {
  std::uint64_t fingerprint = 0;
  const auto add = [&fingerprint](const std::string& file) {
    const auto text = config::ReadFile(file);
    const std::string content = file + (text ? "\n" + *text : " " + text.error().message());
    fingerprint = fingerprint * 31 + std::hash<std::string_view>()(content);
  };
  for (const char* const flag : {"config.file", "alertmanager.config.file"}) {
    if (!flags.text(flag).empty()) add(flags.text(flag));
  }
  if (flags.text("config.file").empty()) return fingerprint;
  config::LoadOptions options;
  options.follow_includes = false;
  options.expand_env = flags.on("config.expand-env");
  const auto config = config::LoadPrometheusConfig(flags.text("config.file"), options);
  if (!config) return fingerprint;  // what it names counts once it can be read
  for (const auto* const patterns : {&config->rule_files, &config->scrape_config_files}) {
    for (const std::string& pattern : *patterns) {
      for (const std::string& file : config::Glob(pattern)) add(file);
    }
  }
  return fingerprint;
}

Result<alerting::MatcherSyntax> MatcherSyntaxOf(const Flags& flags) {
  // Of the others one counts notifications by receiver (ReceiverInMetrics).
  static constexpr std::string_view kKnown[] = {
      "classic-mode",    "utf8-strict-mode",     "alert-names-in-metrics",
      "auto-gomemlimit", "group-key-in-metrics", "receiver-name-in-metrics",
      "event-recorder"};
  bool classic = false;
  bool strict = false;
  for (const std::string& feature : flags.list("alertmanager.enable-feature")) {
    if (std::find(std::begin(kKnown), std::end(kKnown), feature) == std::end(kKnown)) {
      return Error(Code::kInvalid,
                   "Unknown option '" + feature + "' for --alertmanager.enable-feature");
    }
    classic = classic || feature == "classic-mode";
    strict = strict || feature == "utf8-strict-mode";
  }
  if (classic && strict)
    return Error(Code::kInvalid, "cannot have both classic and UTF-8 modes enabled");
  return classic  ? alerting::MatcherSyntax::kClassic
         : strict ? alerting::MatcherSyntax::kUtf8
                  : alerting::MatcherSyntax::kFallback;
}

bool ReceiverInMetrics(const Flags& flags) {
  const auto features = flags.list("alertmanager.enable-feature");
  return std::find(features.begin(), features.end(), "receiver-name-in-metrics") != features.end();
}

promql::ParseOptions ParseOptionsOf(const Flags& flags) {
  promql::ParseOptions options;
  options.experimental_functions = flags.feature("promql-experimental-functions");
  options.extended_range_selectors = flags.feature("promql-extended-range-selectors");
  options.fill_modifiers = flags.feature("promql-binop-fill-modifiers");
  return options;
}

tsdb::LiveOptions LiveOptionsOf(const Flags& flags, const config::PrometheusConfig& config) {
  tsdb::LiveOptions live;
  const config::StorageConfig& storage = config.storage;
  const bool in_file =
      storage.retention_time || storage.retention_size > 0 || storage.retention_percentage > 0;
  if (in_file) {
    live.retention_time = storage.retention_time.value_or(Millis(0));
    live.retention_bytes = storage.retention_size;
    live.retention_percentage = storage.retention_percentage;
  } else {
    live.retention_bytes = flags.bytes("storage.tsdb.retention.size");
    const bool time_given = !flags.text("storage.tsdb.retention.time").empty();
    if (time_given) {
      live.retention_time = flags.duration("storage.tsdb.retention.time");
    } else if (live.retention_bytes > 0) {
      live.retention_time = Millis(0);
    }
  }
  live.out_of_order_window = storage.out_of_order_time_window;
  if (storage.max_exemplars) live.max_exemplars = std::max<std::int64_t>(0, *storage.max_exemplars);
  return live;
}

std::string RetentionText(const tsdb::LiveOptions& live) {
  std::string text;
  if (live.retention_time > Millis(0)) text = FormatDuration(live.retention_time);
  const auto add = [&](const std::string& more) { text += (text.empty() ? "" : " or ") + more; };
  if (live.retention_percentage > 0) {
    add(FormatFloat(live.retention_percentage, 'g') + "%");
  } else if (live.retention_bytes > 0) {
    add(config::FormatSize(live.retention_bytes));
  }
  return text;
}

Result<std::string> ExternalUrlOf(const std::string& flag, const std::string& listen_address) {
  std::string text = flag;
  if (text.empty()) {
    const std::size_t colon = listen_address.rfind(':');
    const std::string port = colon == std::string::npos ? "9090" : listen_address.substr(colon + 1);
    text = "http://" + HostName() + ":" + port + "/";
  }
  if (text.front() == '"' || text.front() == '\'' || text.back() == '"' || text.back() == '\'') {
    return Error(Code::kInvalid,
                 "--web.external-url: URL must not begin or end with quotes: " + Quote(text));
  }
  auto url = net::Url::Parse(text);
  if (!url) return std::move(url).error().Within("--web.external-url");
  std::string path = url->path;
  while (path.ends_with('/')) path.pop_back();
  if (!path.empty() && path.front() != '/') path.insert(0, "/");
  const std::size_t host_end =
      text.find_first_of("/?#", text.find("://") == std::string::npos ? 0 : text.find("://") + 3);
  return text.substr(0, host_end) + path + "/";
}

std::string SelfAddressOf(const std::string& listen_address) {
  const std::size_t colon = listen_address.rfind(':');
  const std::string host =
      colon == std::string::npos ? listen_address : listen_address.substr(0, colon);
  const std::string port = colon == std::string::npos ? "" : listen_address.substr(colon);
  return (host.empty() || host == "0.0.0.0" || host == "[::]" ? "localhost" : host) + port;
}

}  // namespace meerkat::app
