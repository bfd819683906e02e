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
      {"scrape_configs:\n- Job-Name: a",
       "f.yml:2:3: Job-Name: unknown key, did you mean \"job_name\"?"},
      {"global:\n  scrape_interval: 5s\n" + job + "scrape_timeout: 10s",
       "f.yml:5:3: scrape_timeout: scrape timeout greater than scrape interval for scrape config "
       "with job name \"a\""},
      {"global:\n  metric_name_validation_scheme: legacy\n  metric_name_escaping_scheme: "
       "allow-utf-8\n" +
           job + "honor_labels: true",
       "f.yml:3:3: metric_name_escaping_scheme: utf8 metric names requested but validation scheme "
       "is not set to UTF8 for scrape config with job name \"a\""},
      {"global: {metric_name_validation_scheme: legacy}\n" + job +
           "relabel_configs:\n  - target_label: x\n  - target_label: x.y",
       "f.yml:6:5: relabel_configs: \"x.y\" is invalid 'target_label' for replace action"},
      {"global: {metric_name_validation_scheme: legacy}\nremote_write:\n- url: http://h\n"
       "  write_relabel_configs: [{target_label: x.y}]",
       "f.yml:4:27: write_relabel_configs: \"x.y\" is invalid 'target_label' for replace action"},
      {job + "relabel_configs: [{source_labels: [''], action: keep}]",
       "f.yml:3:38: source_labels: \"\" is not a valid label name"},
      {job + "scrape_intervall: 5s",
       "f.yml:3:3: scrape_intervall: unknown key, did you mean \"scrape_interval\"?"},
      {job + "scrape_timeout: 2m",
       "f.yml:3:3: scrape_timeout: scrape timeout greater than scrape interval for scrape config "
       "with job name \"a\""},
      {job + "static_configs: [{targets: ['http://x/y']}]",
       "f.yml:3:31: targets: \"http://x/y\" is not a valid hostname"},
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
      {"rule_files: [b.yml, '*/a.yml']",
       "f.yml:1:21: rule_files: invalid rule file path \"*/a.yml\""},
      {"scrape_configs: [{job_name: a}, {job_name: a}]",
       "f.yml:1:34: job_name: found multiple scrape configs with job name \"a\""},
      {"global: {scrape_interval: 10s, scrape_timeout: 20s}",
       "f.yml:1:32: scrape_timeout: global scrape timeout greater than scrape interval"},
  };
  for (const auto& [text, error] : cases) EXPECT_EQ(ErrorOf(text), error) << text;
}

TEST(PrometheusConfig, RemoteWriteIsSignedInOneWay) {
  const std::string write = "remote_write:\n- url: http://x\n  ";
  const std::string uuid = "00000000-0a12-0b12-0c12-0d0000000000";
  const std::pair<std::string, std::string> cases[] = {
      {write + "sigv4: {region: r, access_key: a, secret_key: b, role_arn: c}", ""},
      {write + "google_iam: {credentials_file: f}", ""},
      {write + "azuread: {cloud: AzureChina, managed_identity: {client_id: " + uuid + "}}", ""},
      {write + "azuread: {oauth: {client_id: " + uuid + ", client_secret: s, tenant_id: t-1.x}}",
       ""},
      {write + "azuread: {workload_identity: {client_id: " + uuid + ", tenant_id: t}}", ""},
      {write + "sigv4: {access_key: a}",
       "f.yml:3:11: access_key: must provide a AWS SigV4 Access key and Secret Key if credentials "
       "are specified in the SigV4 config"},
      {write + "sigv4: {}\n  basic_auth: {username: u}",
       "f.yml:3:3: sigv4: at most one of basic_auth, authorization, oauth2, sigv4, azuread, or "
       "google_iam must be configured. Currently configured: [basic_auth sigv4]"},
      {write + "azuread: {cloud: Public, sdk: {}}",
       "f.yml:3:13: cloud: must provide a cloud in the Azure AD config: one of AzureChina, "
       "AzureGovernment and AzurePublic, not \"Public\""},
      {write + "azuread: {cloud: AzurePublic}",
       "f.yml:3:12: must provide an Azure Managed Identity, Azure Workload Identity, Azure OAuth "
       "or Azure SDK in the Azure AD config"},
      {write + "azuread: {sdk: {}, managed_identity: {}}",
       "f.yml:3:13: sdk: cannot provide both managed_identity and sdk in the Azure AD config"},
      {write + "azuread: {oauth: {client_id: nope, client_secret: s, tenant_id: t}}",
       "f.yml:3:21: client_id: the provided Azure OAuth client_id is invalid"},
      {write + "azuread: {sdk: {tenant_id: 'a/b'}}",
       "f.yml:3:19: tenant_id: the provided Azure SDK tenant_id is invalid"},
  };
  for (const auto& [text, error] : cases) EXPECT_EQ(ErrorOf(text), error) << text;
}

TEST(PrometheusConfig, KubernetesSelectorsAreReadBeforeTheClusterIsAsked) {
  const auto error_of = [](const std::string& key, const std::string& selector) {
    return ErrorOf(
        "scrape_configs: [{job_name: j, kubernetes_sd_configs: [{role: pod, selectors: "
        "[{role: pod, " +
        key + ": '" + selector + "'}]}]}]");
  };
  for (const char* good : {"", "a", "!a", "a=", "a=b", "a==b,c!=d", "a in (b, c)", "a notin (b)",
                           "a in (,b)", "app.kubernetes.io/name=web", "a>3", "a < 10, b"}) {
    EXPECT_EQ(error_of("label", good), "") << good;
  }
  for (const char* bad : {"=", "a in b", "a in ()", "a,", "a>b", "a==b=c", "a b", "-a", "a=b/c",
                          "/a", "A.b/c d", "a=(b)", "!", "a in (b"}) {
    EXPECT_NE(error_of("label", bad), "") << bad;
  }
  for (const char* good : {"", "a=b", "a==b,c!=d", "metadata.name=x,", "a=b\\,c"}) {
    EXPECT_EQ(error_of("field", good), "") << good;
  }
  EXPECT_NE(error_of("field", "metadata.status-Running")
                .find("field: invalid selector: 'metadata.status-Running'; can't understand "
                      "'metadata.status-Running'"),
            std::string::npos);
  EXPECT_NE(error_of("field", "a=b,c"), "");
}

TEST(PrometheusConfig, NothingWrittenIsTheDefault) {
  for (const char* key : {"scrape_protocols", "fallback_scrape_protocol",
                          "metric_name_validation_scheme", "metric_name_escaping_scheme"}) {
    EXPECT_EQ(ErrorOf("scrape_configs: [{job_name: j, " + std::string(key) + ": }]"), "") << key;
  }
  EXPECT_EQ(ErrorOf("alerting: {alertmanagers: [{api_version: }]}"), "");
  EXPECT_EQ(ErrorOf("tracing: {endpoint: e, client_type: , sampling_fraction: 2}"), "");
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
