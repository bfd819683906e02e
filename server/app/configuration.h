#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "alerting/matchers.h"
#include "alerting/rules.h"
#include "base/result.h"
#include "promql/parser.h"
#include "server/app/flags.h"
#include "server/config/prometheus_config.h"
#include "tsdb/database.h"

namespace meerkat::app {

// prometheus.yml with the rule files it names, read and checked as a whole: either all of it is
// good, or nothing is taken over.
struct Configuration {
  config::PrometheusConfig prometheus;
  std::vector<alerting::RuleGroupConfig> rules;
};

// The built-in page of what was pushed. With a push receiver a job `pushgateway` scrapes it, unless
// the configuration has a job for it.
inline constexpr std::string_view kPushPagePath = "/pushed";
bool HasPushReceiver(const Flags& flags);

// Reads what --config.file names, or makes the embedded default when it names nothing;
// `self_address` is where this server answers, for the default. Errors name file, line, column and
// key.
Result<Configuration> LoadConfiguration(const Flags& flags, const std::string& self_address);

// Stands for the content of every file that a reload would read: prometheus.yml, its rule files and
// scrape_config_files, alertmanager.yml.
std::uint64_t FingerprintOf(const Flags& flags);

// The groups of one rule file; the error holds every line of what is wrong with it.
Result<std::vector<alerting::RuleGroupConfig>> RuleGroupsOf(std::string_view path,
                                                            std::string_view text,
                                                            const config::GlobalConfig& global,
                                                            const promql::ParseOptions& parse);

// How the alert manager reads matchers: classic-mode or utf8-strict-mode of
// --alertmanager.enable-feature. kInvalid: both of them, or a feature that upstream does not know.
Result<alerting::MatcherSyntax> MatcherSyntaxOf(const Flags& flags);
// Whether it counts notifications by receiver: receiver-name-in-metrics of the same flag.
bool ReceiverInMetrics(const Flags& flags);

// Upstream's features by name, as the parser's switches.
promql::ParseOptions ParseOptionsOf(const Flags& flags);

// Retention and the like: the configuration file wins over flags, 15 days are kept when neither
// says anything.
tsdb::LiveOptions LiveOptionsOf(const Flags& flags, const config::PrometheusConfig& config);
// "15d", "15d or 1GiB", as /api/v1/status/runtimeinfo shows it.
std::string RetentionText(const tsdb::LiveOptions& live);

// Where users reach the server: --web.external-url completed, or host name and port of the first
// listen address. With a slash at its end.
Result<std::string> ExternalUrlOf(const std::string& flag, const std::string& listen_address);

// Files of the first steps, in the data folder: targets chosen on the Home page, and the alert
// manager's configuration made there.
std::filesystem::path WatchListFile(const Flags& flags);
std::filesystem::path OwnAlertmanagerFile(const Flags& flags);

std::string HostName();  // "localhost" when the system has none
// Where this server reaches itself: the listen address with localhost for "any".
std::string SelfAddressOf(const std::string& listen_address);

}  // namespace meerkat::app
