#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/labels.h"
#include "base/relabel.h"
#include "base/result.h"
#include "server/discovery/sd_config.h"
#include "server/net/client_config.h"
#include "server/remote/remote_config.h"
#include "server/scrape/scrape_config.h"

// prometheus.yml: every key of Prometheus 3.14 with its type, default and checks.
namespace meerkat::config {

struct GlobalConfig {
  Millis scrape_interval = std::chrono::minutes(1);
  Millis scrape_timeout = std::chrono::seconds(10);
  std::vector<scrape::ScrapeProtocol> scrape_protocols;  // empty: the default for the job
  Millis evaluation_interval = std::chrono::minutes(1);
  Millis rule_query_offset{0};
  std::string query_log_file;
  std::string scrape_failure_log_file;
  std::map<std::string, std::string> external_labels;
  scrape::ScrapeLimits limits;
  std::uint64_t keep_dropped_targets = 0;
  std::optional<NameScheme> name_scheme;
  std::optional<scrape::EscapingScheme> escaping_scheme;
  bool scrape_native_histograms = false;
  bool convert_classic_histograms_to_nhcb = false;
  bool always_scrape_classic_histograms = false;
  bool extra_scrape_metrics = false;
};

// One entry of alerting.alertmanagers: where alerts go beside the built-in alert manager.
struct AlertmanagerConfig {
  discovery::SdConfigs service_discovery;
  net::HttpClientConfig http;
  std::string scheme = "http";
  std::string path_prefix;
  Millis timeout = std::chrono::seconds(10);
  std::vector<RelabelRule> relabel_rules;
  std::vector<RelabelRule> alert_relabel_rules;
  bool operator==(const AlertmanagerConfig&) const = default;
};

struct AlertingConfig {
  std::vector<RelabelRule> alert_relabel_rules;
  std::vector<AlertmanagerConfig> alertmanagers;
};

struct StorageConfig {
  Millis out_of_order_time_window{0};
  std::optional<Millis> retention_time;
  std::uint64_t retention_size = 0;           // bytes
  double retention_percentage = 0;            // of the disk
  std::string float_encoding;                 // accepted: this store has its own encodings
  double stale_series_threshold = 0;          // accepted likewise
  std::optional<std::int64_t> max_exemplars;  // <= 0: off
};

struct OtlpConfig {
  std::vector<std::string> promote_resource_attributes;
  bool promote_all_resource_attributes = false;
  std::vector<std::string> ignore_resource_attributes;
  std::string translation_strategy = "UnderscoreEscapingWithSuffixes";
  bool keep_identifying_resource_attributes = false;
  bool convert_histograms_to_nhcb = false;
  bool promote_scope_metadata = false;
  bool label_name_underscore_sanitization = true;
  bool label_name_preserve_multiple_underscores = true;
};

struct TracingConfig {
  std::string client_type = "grpc";
  std::string endpoint;
  double sampling_fraction = 0;
  bool insecure = false;
  std::map<std::string, std::string> headers;
  std::string compression;
  Millis timeout{0};
  net::TlsConfig tls;
};

struct PrometheusConfig {
  GlobalConfig global;
  std::int64_t gogc = 75;  // accepted: there is no garbage collector to tune
  AlertingConfig alerting;
  std::vector<std::string> rule_files;           // globs, joined with the file's directory
  std::vector<std::string> scrape_config_files;  // likewise
  std::vector<scrape::ScrapeConfig> scrape_configs;
  // Those of scrape_config_files, in the order of their files.
  std::vector<scrape::ScrapeConfig> included_scrape_configs;
  StorageConfig storage;
  std::optional<TracingConfig> tracing;
  std::vector<remote::RemoteWriteConfig> remote_write;
  std::vector<remote::RemoteReadConfig> remote_read;
  OtlpConfig otlp;

  std::vector<std::string> warnings;  // what is accepted but without effect, with its place

  Labels ExternalLabels() const;
  std::vector<scrape::ScrapeConfig> AllScrapeConfigs() const;
  // The effective configuration as upstream prints it, secrets hidden.
  std::string ToYaml() const;
};

struct LoadOptions {
  bool agent = false;
  bool expand_env = false;  // ${VAR} in the whole file, not only in external_labels
  bool ignore_unknown_keys = false;
  bool follow_includes = true;  // read scrape_config_files
  // Looks up an environment variable; nullopt: unset. Default: the process's.
  std::function<std::optional<std::string>(const std::string& name)> environment;
};

// Relative paths in the text are joined with the directory of `file`.
Result<PrometheusConfig> ParsePrometheusConfig(const std::string& file, std::string_view text,
                                               const LoadOptions& options = {});
// Reads `file`; "open x: no such file or directory" and the like when it cannot.
Result<PrometheusConfig> LoadPrometheusConfig(const std::string& file,
                                              const LoadOptions& options = {});

// What runs without --config.file: this server itself at `self_address` (host:port) and the
// built-in host collector, both every 5 seconds, the default rules of the binary, and the targets
// that `watch_list` names, a file_sd file that need not exist.
PrometheusConfig DefaultConfig(const std::string& self_address, const std::string& watch_list);

// Files that match `pattern` (* and ? in the last element), sorted.
std::vector<std::string> Glob(const std::string& pattern);
Result<std::string> ReadFile(const std::string& path);

// $VAR and ${VAR} replaced, $$ is $; unset variables are empty and reported to `unset`.
std::string ExpandEnvironment(
    std::string_view text,
    const std::function<std::optional<std::string>(const std::string& name)>& environment,
    const std::function<void(const std::string& name)>& unset);

}  // namespace meerkat::config
