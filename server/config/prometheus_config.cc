#include "server/config/prometheus_config.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <set>
#include <system_error>

#include "base/letter_case.h"
#include "base/quote.h"
#include "server/config/cloud_auth_config.h"
#include "server/config/http_client_config.h"
#include "server/config/relabel_config.h"
#include "server/config/remote_config.h"
#include "server/config/scrape_config.h"
#include "server/config/sd_config.h"

namespace meerkat::config {
namespace {

using Environment = std::function<std::optional<std::string>(const std::string& name)>;

void AlertmanagerFields(Fields& fields, AlertmanagerConfig& config) {
  HttpClientFields(fields, config.http);
  std::optional<remote::SigV4Config> sigv4;
  if (fields.OptionalBlock<remote::SigV4Config>("sigv4", sigv4, SigV4Fields)) {
    fields.Fail("sigv4",
                "this way of signing requests is not built in; a signing proxy in front of the "
                "Alertmanager can do it");
  }
  fields.Field("scheme", config.scheme);
  fields.Field("path_prefix", config.path_prefix);
  fields.Field("timeout", config.timeout);
  std::string version = "v2";
  if (fields.Field("api_version", version) && !version.empty() && version != "v2") {
    fields.Fail("api_version",
                "expected Alertmanager api version to be one of [v2] but got " + version);
  }
  RelabelFields(fields, "relabel_configs", config.relabel_rules,
                "empty or null Alertmanager target relabeling rule");
  RelabelFields(fields, "alert_relabel_configs", config.alert_relabel_rules,
                "empty or null Alertmanager alert relabeling rule");
  SdFields(fields, config.service_discovery);
  CheckStaticTargets(fields, config.service_discovery);
}

void StorageFields(Fields& fields, StorageConfig& storage) {
  fields.Block("tsdb", [&](Fields& tsdb) {
    tsdb.Field("out_of_order_time_window", storage.out_of_order_time_window);
    tsdb.Field("stale_series_compaction_threshold", storage.stale_series_threshold);
    tsdb.Block("chunk_encoding", [&](Fields& encoding) {
      encoding.Field("floats", storage.float_encoding);
      if (storage.float_encoding != "" && storage.float_encoding != "xor" &&
          storage.float_encoding != "xor2") {
        encoding.Fail("floats", "unknown encoding " + Quote(storage.float_encoding) +
                                    ", expected xor or xor2");
      }
    });
    tsdb.Block("retention", [&](Fields& retention) {
      retention.Field("time", storage.retention_time);
      retention.Size("size", storage.retention_size);
      retention.Field("percentage", storage.retention_percentage);
      if (storage.retention_percentage < 0 || storage.retention_percentage > 100) {
        retention.Fail("percentage", "retention percentage must be between 0 and 100");
      }
    });
    if (storage.stale_series_threshold < 0 || storage.stale_series_threshold > 1) {
      tsdb.Fail("stale_series_compaction_threshold", "must be between 0 and 1");
    }
  });
  fields.Block("exemplars",
               [&](Fields& exemplars) { exemplars.Field("max_exemplars", storage.max_exemplars); });
}

void TracingFields(Fields& fields, TracingConfig& tracing) {
  fields.Field("client_type", tracing.client_type);
  fields.Field("endpoint", tracing.endpoint);
  fields.Field("sampling_fraction", tracing.sampling_fraction);
  fields.Field("insecure", tracing.insecure);
  fields.Block("tls_config", [&](Fields& tls) { TlsFields(tls, tracing.tls); });
  fields.Field("headers", tracing.headers);
  fields.Field("compression", tracing.compression);
  fields.Field("timeout", tracing.timeout);
  if (tracing.client_type.empty()) tracing.client_type = "grpc";
  if (tracing.client_type != "grpc" && tracing.client_type != "http") {
    fields.Fail("client_type",
                "expected tracing client type to be http or grpc, but got " + tracing.client_type);
  }
  if (tracing.endpoint.empty()) fields.Fail("endpoint", "tracing endpoint must be set");
  if (!tracing.compression.empty() && tracing.compression != "gzip") {
    fields.Fail("compression", "invalid compression type " + tracing.compression +
                                   " provided, valid options: gzip");
  }
  for (const auto& [name, value] : tracing.headers) {
    if (ToLower(name) == "authorization") {
      fields.FailAt({"headers", name},
                    "custom authorization header configuration is not yet supported");
    }
    if (IsReservedHeader(name)) {
      fields.FailAt({"headers", name}, name + " is a reserved header. It must not be changed");
    }
  }
  if (fields.reading()) {
    fields.map().Warn("endpoint", "tracing is not built in; this section has no effect");
  }
}

void OtlpFields(Fields& fields, OtlpConfig& otlp, std::optional<NameScheme> scheme) {
  fields.Field("promote_all_resource_attributes", otlp.promote_all_resource_attributes);
  fields.Field("promote_resource_attributes", otlp.promote_resource_attributes);
  fields.Field("ignore_resource_attributes", otlp.ignore_resource_attributes);
  fields.Field("translation_strategy", otlp.translation_strategy);
  fields.Field("keep_identifying_resource_attributes", otlp.keep_identifying_resource_attributes);
  fields.Field("convert_histograms_to_nhcb", otlp.convert_histograms_to_nhcb);
  fields.Field("promote_scope_metadata", otlp.promote_scope_metadata);
  fields.Field("label_name_underscore_sanitization", otlp.label_name_underscore_sanitization,
               otlp.label_name_underscore_sanitization ? Show::kNever : Show::kAlways);
  fields.Field("label_name_preserve_multiple_underscores",
               otlp.label_name_preserve_multiple_underscores,
               otlp.label_name_preserve_multiple_underscores ? Show::kNever : Show::kAlways);
  if (!fields.reading()) return;
  if (otlp.promote_all_resource_attributes && !otlp.promote_resource_attributes.empty()) {
    fields.Fail("promote_resource_attributes",
                "'promote_all_resource_attributes' and 'promote_resource_attributes' cannot be "
                "configured simultaneously");
  }
  if (!otlp.promote_all_resource_attributes && !otlp.ignore_resource_attributes.empty()) {
    fields.Fail("ignore_resource_attributes",
                "'ignore_resource_attributes' cannot be configured unless "
                "'promote_all_resource_attributes' is true");
  }
  const auto check_names = [&](std::string_view key, const std::vector<std::string>& names) {
    std::set<std::string> seen;
    for (std::size_t i = 0; i < names.size(); ++i) {
      const std::string& name = names[i];
      if (name.find_first_not_of(" \t\n") == std::string::npos) {
        fields.FailAt({key, i}, "empty promoted OTel resource attribute");
      }
      if (!seen.insert(name).second) {
        fields.FailAt({key, i}, "duplicated promoted OTel resource attribute " + Quote(name));
      }
    }
  };
  check_names("promote_resource_attributes", otlp.promote_resource_attributes);
  check_names("ignore_resource_attributes", otlp.ignore_resource_attributes);
  static constexpr std::string_view kStrategies[] = {"UnderscoreEscapingWithSuffixes",
                                                     "UnderscoreEscapingWithoutSuffixes",
                                                     "NoUTF8EscapingWithSuffixes", "NoTranslation"};
  if (otlp.translation_strategy.empty()) otlp.translation_strategy = kStrategies[0];
  if (std::ranges::find(kStrategies, otlp.translation_strategy) == std::end(kStrategies)) {
    fields.Fail("translation_strategy",
                "unsupported OTLP translation strategy " + Quote(otlp.translation_strategy));
  }
  if (otlp.translation_strategy.starts_with("No") && scheme == NameScheme::kLegacy) {
    fields.Fail("translation_strategy", "OTLP translation strategy " +
                                            Quote(otlp.translation_strategy) +
                                            " is not allowed when UTF8 is disabled");
  }
}

// ^[^*]*(\*[^/]*)?$
bool IsGlobPath(std::string_view path) {
  const std::size_t star = path.find('*');
  return star == std::string_view::npos || path.find('/', star) == std::string_view::npos;
}

bool IsZero(const GlobalConfig& global) {
  return global.scrape_interval == Millis(0) && global.external_labels.empty();
}

void GlobFields(Fields& fields, std::string_view key, std::vector<std::string>& paths,
                std::string_view what) {
  if (!fields.Paths(key, paths)) return;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (IsGlobPath(paths[i])) continue;
    fields.FailAt({key, i}, "invalid " + std::string(what) + " path " + Quote(paths[i]));
  }
}

void TopFields(Fields& fields, PrometheusConfig& config) {
  fields.Block("global", [&](Fields& global) { GlobalFields(global, config.global); });
  if (IsZero(config.global)) config.global = GlobalConfig{};
  fields.Block("runtime", [&](Fields& runtime) { runtime.Field("gogc", config.gogc); });
  fields.Block("alerting", [&](Fields& alerting) {
    RelabelFields(alerting, "alert_relabel_configs", config.alerting.alert_relabel_rules,
                  "empty or null alert relabeling rule");
    alerting.Blocks<AlertmanagerConfig>("alertmanagers", config.alerting.alertmanagers,
                                        AlertmanagerFields);
  });
  GlobFields(fields, "rule_files", config.rule_files, "rule file");
  GlobFields(fields, "scrape_config_files", config.scrape_config_files, "scrape config file");
  fields.Blocks<scrape::ScrapeConfig>("scrape_configs", config.scrape_configs, ScrapeFields,
                                      "empty or null scrape config section");
  fields.Block("storage", [&](Fields& storage) { StorageFields(storage, config.storage); });
  fields.OptionalBlock<TracingConfig>("tracing", config.tracing, TracingFields);
  fields.Blocks<remote::RemoteWriteConfig>("remote_write", config.remote_write, RemoteWriteFields,
                                           "empty or null remote write config section");
  fields.Blocks<remote::RemoteReadConfig>("remote_read", config.remote_read, RemoteReadFields,
                                          "empty or null remote read config section");
  fields.Block("otlp",
               [&](Fields& otlp) { OtlpFields(otlp, config.otlp, config.global.name_scheme); });
}

// What a list of jobs takes from the global section; `names` are those of all files so far.
void FinishJobs(Fields& fields, std::vector<scrape::ScrapeConfig>& jobs, const GlobalConfig& global,
                std::set<std::string>& names) {
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    const YamlPath place{"scrape_configs", i};
    InheritGlobal(fields, place, jobs[i], global);
    if (!names.insert(jobs[i].job_name).second) {
      fields.FailAt(Below(place, "job_name"),
                    "found multiple scrape configs with job name " + Quote(jobs[i].job_name));
    }
  }
}

// What the legacy scheme refuses outside of the jobs.
void CheckLegacyNames(Fields& fields, PrometheusConfig& config) {
  if (config.global.name_scheme != NameScheme::kLegacy) return;
  const auto remake = [&fields](const YamlPath& place, std::vector<RelabelRule>& rules) {
    RemakeRules(fields, place, NameScheme::kLegacy, rules);
  };
  remake({"alerting", "alert_relabel_configs"}, config.alerting.alert_relabel_rules);
  for (std::size_t i = 0; i < config.alerting.alertmanagers.size(); ++i) {
    const YamlPath place{"alerting", "alertmanagers", i};
    AlertmanagerConfig& alertmanager = config.alerting.alertmanagers[i];
    remake(Below(place, "relabel_configs"), alertmanager.relabel_rules);
    remake(Below(place, "alert_relabel_configs"), alertmanager.alert_relabel_rules);
  }
  for (std::size_t i = 0; i < config.remote_write.size(); ++i) {
    remake({"remote_write", i, "write_relabel_configs"},
           config.remote_write[i].write_relabel_rules);
  }
}

void CheckNames(Fields& fields, PrometheusConfig& config) {
  std::set<std::string> jobs;
  FinishJobs(fields, config.scrape_configs, config.global, jobs);
  CheckLegacyNames(fields, config);
  const auto unique = [&](std::string_view key, const auto& list, std::string_view what) {
    std::set<std::string> names;
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (list[i].name.empty() || names.insert(list[i].name).second) continue;
      fields.FailAt({key, i, "name"}, "found multiple " + std::string(what) +
                                          " configs with job name " + Quote(list[i].name));
    }
  };
  unique("remote_write", config.remote_write, "remote write");
  unique("remote_read", config.remote_read, "remote read");
}

void CheckAgent(YamlMap& map) {
  for (const std::string_view key : {"alerting", "rule_files", "remote_read"}) {
    if (map.Find(key)) map.Fail(key, "field " + std::string(key) + " is not allowed in agent mode");
  }
}

Result<> LoadIncludes(PrometheusConfig& config, const LoadOptions& options) {
  std::set<std::string> jobs;
  for (const scrape::ScrapeConfig& job : config.scrape_configs) jobs.insert(job.job_name);
  for (const std::string& pattern : config.scrape_config_files) {
    for (const std::string& path : Glob(pattern)) {
      auto text = ReadFile(path);
      if (!text) return std::move(text).error();
      std::vector<scrape::ScrapeConfig> included;
      const std::string directory = std::filesystem::path(path).parent_path().string();
      const auto outcome = ReadYamlMap(path, *text,
                                       [&](YamlMap& map) {
                                         Fields fields(map, directory);
                                         fields.Blocks<scrape::ScrapeConfig>(
                                             "scrape_configs", included, ScrapeFields,
                                             "empty or null scrape config section");
                                         FinishJobs(fields, included, config.global, jobs);
                                       },
                                       {.ignore_unknown_keys = options.ignore_unknown_keys});
      if (!outcome) return outcome.error();
      std::ranges::move(included, std::back_inserter(config.included_scrape_configs));
    }
  }
  return {};
}

std::optional<std::string> ProcessEnvironment(const std::string& name) {
  const char* const value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): never set
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

}  // namespace

Labels PrometheusConfig::ExternalLabels() const {
  std::vector<Label> list;
  for (const auto& [name, value] : global.external_labels) list.push_back({name, value});
  return Labels::From(std::move(list));
}

std::vector<scrape::ScrapeConfig> PrometheusConfig::AllScrapeConfigs() const {
  std::vector<scrape::ScrapeConfig> all = scrape_configs;
  all.insert(all.end(), included_scrape_configs.begin(), included_scrape_configs.end());
  return all;
}

std::string PrometheusConfig::ToYaml() const {
  PrometheusConfig copy = *this;
  if (copy.global.scrape_protocols.empty()) {
    copy.global.scrape_protocols = {
        scrape::ScrapeProtocol::kOpenMetrics100, scrape::ScrapeProtocol::kOpenMetrics001,
        scrape::ScrapeProtocol::kPrometheusText100, scrape::ScrapeProtocol::kPrometheusText004};
  }
  YamlOut out = YamlOut::Map();
  Fields fields(out);
  TopFields(fields, copy);
  return out.Print();
}

Result<PrometheusConfig> ParsePrometheusConfig(const std::string& file, std::string_view text,
                                               const LoadOptions& options) {
  const Environment environment = options.environment ? options.environment : ProcessEnvironment;
  PrometheusConfig config;
  std::vector<std::string> unset;
  const auto note_unset = [&unset](const std::string& name) {
    unset.push_back("Empty environment variable: " + name);
  };
  std::string expanded;
  if (options.expand_env) {
    expanded = ExpandEnvironment(text, environment, note_unset);
    text = expanded;
  }
  const std::string directory = std::filesystem::path(file).parent_path().string();
  auto outcome = ReadYamlMap(file, text,
                             [&](YamlMap& map) {
                               Fields fields(map, directory);
                               TopFields(fields, config);
                               CheckNames(fields, config);
                               if (options.agent) CheckAgent(map);
                             },
                             {.ignore_unknown_keys = options.ignore_unknown_keys});
  if (!outcome) return std::move(outcome).error();
  config.warnings = std::move(outcome->warnings);
  if (!options.expand_env) {
    for (auto& [name, value] : config.global.external_labels) {
      value = ExpandEnvironment(value, environment, note_unset);
    }
  }
  std::ranges::move(unset, std::back_inserter(config.warnings));
  if (options.follow_includes) {
    if (auto included = LoadIncludes(config, options); !included) {
      return std::move(included).error();
    }
  }
  return config;
}

Result<PrometheusConfig> LoadPrometheusConfig(const std::string& file, const LoadOptions& options) {
  auto text = ReadFile(file);
  if (!text) return std::move(text).error();
  return ParsePrometheusConfig(file, *text, options);
}

std::vector<std::string> Glob(const std::string& pattern) {
  std::vector<std::string> found;
  std::error_code error;
  const std::filesystem::path path(pattern);
  const std::string name = path.filename().string();
  if (name.find_first_of("*?[") == std::string::npos) {
    if (std::filesystem::exists(path, error)) found.push_back(pattern);
    return found;
  }
  const std::filesystem::path directory = path.has_parent_path() ? path.parent_path() : ".";
  std::filesystem::directory_iterator entries(directory, error);
  for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
    const std::string entry = entries->path().filename().string();
    if (fnmatch(name.c_str(), entry.c_str(), 0) == 0) {
      found.push_back((path.parent_path() / entry).string());
    }
  }
  std::ranges::sort(found);
  return found;
}

Result<std::string> ReadFile(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  std::string text;
  bool failed = file < 0;
  while (!failed) {
    char buffer[1 << 16];
    const ssize_t count = read(file, buffer, sizeof buffer);
    if (count == 0) break;
    failed = count < 0;
    if (!failed) text.append(buffer, static_cast<std::size_t>(count));
  }
  const int reason = errno;
  if (file >= 0) close(file);
  if (!failed) return text;
  std::string words = ToLower(std::generic_category().message(reason));
  return Error(Code::kNotFound, (file < 0 ? "open " : "read ") + path + ": " + words);
}

std::string ExpandEnvironment(std::string_view text, const Environment& environment,
                              const std::function<void(const std::string& name)>& unset) {
  const auto is_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  std::string out;
  while (true) {
    const std::size_t dollar = text.find('$');
    out += text.substr(0, dollar);
    if (dollar == std::string_view::npos || dollar + 1 == text.size()) {
      if (dollar != std::string_view::npos) out += '$';
      return out;
    }
    text.remove_prefix(dollar + 1);
    std::string name;
    if (text.front() == '$') {
      out += '$';
      text.remove_prefix(1);
      continue;
    }
    if (text.front() == '{') {
      const std::size_t end = text.find('}');
      if (end == std::string_view::npos) {  // bad syntax is eaten, as Go's os.Expand does
        text.remove_prefix(1);
        continue;
      }
      name = text.substr(1, end - 1);
      text.remove_prefix(end + 1);
      if (name.empty()) continue;
    } else {
      std::size_t length = 0;
      if (text.front() >= '0' && text.front() <= '9') {
        length = 1;
      } else {
        while (length < text.size() && is_word(text[length])) ++length;
      }
      if (length == 0) {
        out += '$';
        continue;
      }
      name = text.substr(0, length);
      text.remove_prefix(length);
    }
    const auto value = environment(name);
    if (!value) unset(name);
    out += value.value_or("");
  }
}

}  // namespace meerkat::config
