#include "server/config/prometheus_config.h"

#include <gtest/gtest.h>

namespace meerkat::config {
namespace {

std::string ErrorOf(const std::string& text, LoadOptions options = {}) {
  options.environment = [](const std::string&) { return std::nullopt; };
  const auto config = ParsePrometheusConfig("f.yml", text, options);
  return config ? "" : config.error().message();
}

TEST(PrometheusConfig, AnEmptyFileHasTheDefaults) {
  const auto config = ParsePrometheusConfig("f.yml", "");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->global.scrape_interval, Millis(60000));
  EXPECT_EQ(config->global.scrape_timeout, Millis(10000));
  EXPECT_EQ(config->otlp.translation_strategy, "UnderscoreEscapingWithSuffixes");
}

TEST(PrometheusConfig, JobsInheritFromGlobal) {
  const auto config = ParsePrometheusConfig("/etc/p/f.yml", R"(
global: {scrape_interval: 5s, sample_limit: 7, metric_name_validation_scheme: legacy}
rule_files: [a.yml, /b/*.yml]
scrape_configs:
- job_name: a
  tls_config: {ca_file: ca.pem}
- job_name: b
  scrape_interval: 1m
  sample_limit: 9
  metric_name_validation_scheme: utf8
)");
  ASSERT_TRUE(config) << config.error().message();
  const auto& a = config->scrape_configs[0];
  const auto& b = config->scrape_configs[1];
  EXPECT_EQ(a.scrape_interval, Millis(5000));
  EXPECT_EQ(a.scrape_timeout, Millis(5000));
  EXPECT_EQ(a.limits.samples, 7u);
  EXPECT_EQ(a.name_scheme, NameScheme::kLegacy);
  EXPECT_EQ(a.escaping_scheme, scrape::EscapingScheme::kUnderscores);
  EXPECT_EQ(a.http.tls.ca_file, "/etc/p/ca.pem");
  EXPECT_EQ(b.scrape_timeout, Millis(5000));
  EXPECT_EQ(b.limits.samples, 9u);
  EXPECT_EQ(b.escaping_scheme, scrape::EscapingScheme::kAllowUtf8);
  EXPECT_EQ(config->rule_files, (std::vector<std::string>{"/etc/p/a.yml", "/b/*.yml"}));
}

TEST(PrometheusConfig, ExternalLabelsExpandTheEnvironment) {
  LoadOptions options;
  options.environment = [](const std::string& name) -> std::optional<std::string> {
    if (name == "X") return "value";
    return std::nullopt;
  };
  const auto config = ParsePrometheusConfig(
      "f", "global: {external_labels: {a: '$X', b: '${X}s', c: '$$X', d: 'a${NO}'}}", options);
  ASSERT_TRUE(config);
  EXPECT_EQ(config->global.external_labels,
            (std::map<std::string, std::string>{
                {"a", "value"}, {"b", "values"}, {"c", "$X"}, {"d", "a"}}));
  EXPECT_EQ(config->warnings, (std::vector<std::string>{"Empty environment variable: NO"}));
}

TEST(PrometheusConfig, RefusesWithPlaceAndReason) {
  const std::string job = "scrape_configs:\n- job_name: a\n  ";
  const std::pair<std::string, std::string> cases[] = {
      {"scrape_configs:\n- scheme: http", "f.yml:2:3: job_name: job_name is empty"},
      {job + "scrape_intervall: 5s",
       "f.yml:3:3: scrape_intervall: unknown key, did you mean \"scrape_interval\"?"},
      {job + "scrape_timeout: 2m",
       "f.yml:1:1: scrape_configs: scrape timeout greater than scrape interval for scrape config "
       "with job name \"a\""},
      {job + "static_configs: [{targets: ['http://x/y']}]",
       "f.yml:3:3: static_configs: \"http://x/y\" is not a valid hostname"},
      {job + "bearer_token: x\n  bearer_token_file: y",
       "f.yml:3:3: bearer_token: at most one of bearer_token & bearer_token_file must be "
       "configured"},
      {job + "relabel_configs: [{action: nope}]",
       "f.yml:3:22: action: unknown relabel action \"nope\""},
      {job + "scrape_protocols: [prometheusproto]",
       "f.yml:3:3: scrape_protocols: unknown scrape protocol prometheusproto, supported: "
       "[OpenMetricsText0.0.1 OpenMetricsText1.0.0 PrometheusProto PrometheusText0.0.4 "
       "PrometheusText1.0.0]"},
      {job + "gce_sd_configs: [{project: x}]",
       "f.yml:3:3: gce_sd_configs: this kind of service discovery is not built in; let a small "
       "service answer for it and name that in http_sd_configs"},
      {"rule_files: ['*/a.yml']", "f.yml:1:1: rule_files: invalid rule file path \"*/a.yml\""},
      {"scrape_configs: [{job_name: a}, {job_name: a}]",
       "f.yml:1:1: scrape_configs: found multiple scrape configs with job name \"a\""},
      {"global: {scrape_interval: 10s, scrape_timeout: 20s}",
       "f.yml:1:32: scrape_timeout: global scrape timeout greater than scrape interval"},
  };
  for (const auto& [text, error] : cases) EXPECT_EQ(ErrorOf(text), error) << text;
}

TEST(PrometheusConfig, AgentModeForbidsWhatItCannotDo) {
  EXPECT_EQ(ErrorOf("rule_files: [a.yml]", {.agent = true, .environment = {}}),
            "f.yml:1:1: rule_files: field rule_files is not allowed in agent mode");
}

TEST(PrometheusConfig, PrintsTheEffectiveConfigurationAsUpstream) {
  const auto config = ParsePrometheusConfig("f.yml", R"(
global: {scrape_interval: 15s, external_labels: {a: b, "c d": "x: y"}, body_size_limit: 10MB}
scrape_configs:
- job_name: j
  basic_auth: {username: u, password: p}
  static_configs: [{targets: ['localhost:9090'], labels: {x: y}}]
  relabel_configs: [{source_labels: [a, b], target_label: z, regex: 'x\d: 1'}]
)");
  ASSERT_TRUE(config) << config.error().message();
  EXPECT_EQ(config->ToYaml(), R"(global:
  scrape_interval: 15s
  scrape_timeout: 10s
  scrape_protocols:
  - OpenMetricsText1.0.0
  - OpenMetricsText0.0.1
  - PrometheusText1.0.0
  - PrometheusText0.0.4
  evaluation_interval: 1m
  external_labels:
    a: b
    c d: 'x: y'
  body_size_limit: 10MiB
runtime:
  gogc: 75
scrape_configs:
- job_name: j
  honor_timestamps: true
  track_timestamps_staleness: false
  scrape_interval: 15s
  scrape_timeout: 10s
  scrape_protocols:
  - OpenMetricsText1.0.0
  - OpenMetricsText0.0.1
  - PrometheusText1.0.0
  - PrometheusText0.0.4
  scrape_native_histograms: false
  always_scrape_classic_histograms: false
  convert_classic_histograms_to_nhcb: false
  extra_scrape_metrics: false
  metrics_path: /metrics
  scheme: http
  enable_compression: true
  body_size_limit: 10MiB
  metric_name_validation_scheme: utf8
  metric_name_escaping_scheme: allow-utf-8
  basic_auth:
    username: u
    password: <secret>
  follow_redirects: true
  enable_http2: true
  relabel_configs:
  - source_labels: [a, b]
    separator: ;
    regex: 'x\d: 1'
    target_label: z
    replacement: $1
    action: replace
  static_configs:
  - targets:
    - localhost:9090
    labels:
      x: "y"
otlp:
  translation_strategy: UnderscoreEscapingWithSuffixes
)");
  // What is printed can be read again (secrets aside).
  EXPECT_TRUE(ParsePrometheusConfig("again", config->ToYaml()));
}

TEST(PrometheusConfig, TheDefaultWatchesItselfTheHostAndWhatWasChosen) {
  const PrometheusConfig config = DefaultConfig("localhost:9090", "/data/setup/targets.json");
  ASSERT_EQ(config.scrape_configs.size(), 3u);
  EXPECT_EQ(config.scrape_configs[0].job_name, "prometheus");
  EXPECT_EQ(config.scrape_configs[1].job_name, "node");
  const discovery::SdConfigs& chosen = config.scrape_configs[2].service_discovery;
  ASSERT_EQ(chosen.size(), 1u);
  EXPECT_EQ(std::get<discovery::FileSd>(chosen[0]).files,
            std::vector<std::string>{"/data/setup/targets.json"});
}

}  // namespace
}  // namespace meerkat::config
