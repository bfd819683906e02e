#include "server/config/alertmanager_config.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace meerkat::config {
namespace {

using alerting::Integration;

const std::string kData = std::string(MEERKAT_SOURCE_DIR) + "/tests/data/alerting/";

// Blocks of `=== message` and the text it is about.
TEST(AlertmanagerConfig, RefusesInUpstreamsWords) {
  std::ifstream in(kData + "refused.txt");
  std::string line;
  std::string message;
  std::string text;
  std::size_t checked = 0;
  const auto check = [&] {
    if (message.empty()) return;
    const auto file = ParseAlertmanagerConfig("am.yml", text);
    ASSERT_FALSE(file.ok()) << "accepted: " << text;
    EXPECT_EQ(file.error().message(), "am.yml:" + message) << text;
    ++checked;
  };
  while (std::getline(in, line)) {
    if (line.starts_with("=== ")) {
      check();
      message = line.substr(4);
      text.clear();
    } else if (!message.empty()) {
      text += line + "\n";
    }
  }
  check();
  EXPECT_GT(checked, 140u);
}

AlertmanagerFile Parse(const std::string& text) {
  auto file = ParseAlertmanagerConfig("am.yml", text);
  EXPECT_TRUE(file.ok()) << (file.ok() ? "" : file.error().message());
  return file.ok() ? std::move(*file) : AlertmanagerFile{};
}

constexpr const char* kRoute = "route: { receiver: a }\nreceivers:\n- name: a\n";

TEST(AlertmanagerConfig, AcceptsTheEdges) {
  for (const std::string text :
       {"route: { receiver: a }\nreceivers: [ { name: a } ]\n",
        "global:\nroute: { receiver: a, routes: [] }\nreceivers: [ { name: a } ]\ntemplates: []\n",
        "route: { receiver: a, group_wait: 0s, repeat_interval: 2w }\nreceivers: [ { name: a } ]\n",
        "route: { receiver: a, routes: [ { match_re: } ] }\nreceivers: [ { name: a } ]\n",
        "route: { receiver: a }\nreceivers: [ { name: a, webhook_configs: } ]\n",
        "route: { receiver: a }\nreceivers: [ { name: a } ]\ntime_intervals: [ { name: t, "
        "time_intervals: [ { weekdays: [ null ], times: [ null ], years: [ null ] } ] } ]\n",
        "route: { receiver: a }\nreceivers: [ { name: a } ]\ntracing: { endpoint: x, headers: { a: "
        "{ values: [ b ] }, c: d } }\n",
        "global: { http_config: { bearer_token: x } }\nroute: { receiver: a }\nreceivers: [ { "
        "name: "
        "a, incidentio_configs: [ { url: 'http://h', alert_source_token: t } ] } ]\n",
        "route: { receiver: a }\nreceivers: [ { name: a } ]\ntemplates: [ 'nothing/*.tmpl' ]\n"}) {
    EXPECT_TRUE(ParseAlertmanagerConfig("am.yml", text).ok()) << text;
  }
}

TEST(AlertmanagerConfig, SomeDurationsAreSpeltAsGoSpellsThem) {
  const std::pair<std::string, std::int64_t> kCases[] = {
      {"90s", 90'000}, {"1.5h", 5'400'000}, {"30m1h", 5'400'000}, {"2000000", 2}, {"5", 1},
      {"-1ms", -1},    {"250\u00b5s", 1},   {".5s", 500},         {"1e9", 1'000}, {"0", 0},
      {"null", 0}};
  for (const auto& [text, millis] : kCases) {
    const auto file = Parse(std::string(kRoute) +
                            "  webhook_configs: [ { url: 'http://h', timeout: " + text + " } ]\n");
    ASSERT_EQ(file.config.receivers.size(), 1u) << text;
    const auto& config = file.config.receivers[0].integrations.at(0).config;
    EXPECT_EQ(std::get<alerting::WebhookConfig>(config).timeout, Millis(millis)) << text;
  }
}

TEST(AlertmanagerConfig, ReceiversInheritTheGlobals) {
  const auto file = Parse(std::string("global:\n  smtp_smarthost: 'mail:25'\n  smtp_from: am@x\n"
                                      "  smtp_hello: mon.x\n"
                                      "  smtp_require_tls: false\n  opsgenie_api_key: k\n"
                                      "  http_config: { proxy_url: 'http://proxy:1' }\n") +
                          kRoute +
                          "  email_configs: [ { to: ops@x, headers: { reply-to: r@x } } ]\n"
                          "  opsgenie_configs: [ { api_url: 'http://og/x' } ]\n"
                          "  webhook_configs: [ { url: 'http://h', http_config: { basic_auth: { "
                          "username: u, password_file: p } } } ]\n");
  const auto& integrations = file.config.receivers.at(0).integrations;
  ASSERT_EQ(integrations.size(), 3u);
  const auto& email = std::get<alerting::EmailConfig>(integrations[0].config);
  EXPECT_EQ(email.smarthost_host + ":" + email.smarthost_port, "mail:25");
  EXPECT_EQ(email.hello, "mon.x");
  EXPECT_FALSE(email.require_tls);
  EXPECT_FALSE(integrations[0].send_resolved);
  EXPECT_EQ(email.headers[1].first, "Reply-To");
  const auto& webhook = integrations[1];
  EXPECT_TRUE(webhook.send_resolved);
  const auto& client = file.clients.at(static_cast<std::size_t>(webhook.client));
  EXPECT_EQ(client.basic_auth->password.file, "p");
  EXPECT_TRUE(client.proxy.url.empty()) << "an http_config replaces the global one as a whole";
  const auto& opsgenie = std::get<alerting::OpsgenieConfig>(integrations[2].config);
  EXPECT_EQ(opsgenie.api_key.value, "k");
  EXPECT_EQ(opsgenie.api_url, "http://og/x/");
  EXPECT_EQ(file.clients.at(static_cast<std::size_t>(integrations[2].client)).proxy.url,
            "http://proxy:1");
}

TEST(AlertmanagerConfig, PathsAreSeenFromTheFile) {
  const auto file = ParseAlertmanagerConfig(
      "/etc/am/am.yml", std::string(kRoute) + "  webhook_configs: [ { url_file: secret/url } ]\n");
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(
      std::get<alerting::WebhookConfig>(file->config.receivers[0].integrations[0].config).url.file,
      "/etc/am/secret/url");
}

TEST(AlertmanagerConfig, WhatIsShownHidesSecrets) {
  const auto file = Parse(std::string("global: { slack_api_url: 'http://s/top', "
                                      "smtp_auth_password: top }\n") +
                          kRoute +
                          "  webhook_configs: [ { url: 'http://h/top', max_alerts: 3 } ]\n"
                          "  victorops_configs: [ { api_key: top, routing_key: shown } ]\n"
                          "  pagerduty_configs: [ { routing_key: top, url: 'http://shown' } ]\n");
  const std::string& text = file.config.text;
  EXPECT_EQ(text.find("top"), std::string::npos) << text;
  for (const char* part :
       {"slack_api_url: <secret>", "url: <secret>", "max_alerts: 3", "routing_key: shown",
        "routing_key: <secret>", "url: http://shown", "receiver: a"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " in\n" << text;
  }
}

TEST(AlertmanagerConfig, MatchersAreReadAsTheFeatureSays) {
  using alerting::MatcherSyntax;
  const auto reads = [](const std::string& matcher, MatcherSyntax syntax) {
    const std::string text = "route: {receiver: a, routes: [{matchers: ['" + matcher +
                             "'], receiver: a}]}\nreceivers: [{name: a}]\n";
    return ParseAlertmanagerConfig("am.yml", text, syntax).ok();
  };
  const std::string classic_only = "foo=bar baz";
  const std::string utf8_only = "\"f\303\266\303\266\"=\"bar\"";
  EXPECT_TRUE(reads(classic_only, MatcherSyntax::kFallback));
  EXPECT_TRUE(reads(utf8_only, MatcherSyntax::kFallback));
  EXPECT_TRUE(reads(classic_only, MatcherSyntax::kClassic));
  EXPECT_FALSE(reads(utf8_only, MatcherSyntax::kClassic));
  EXPECT_FALSE(reads(classic_only, MatcherSyntax::kUtf8));
  EXPECT_TRUE(reads(utf8_only, MatcherSyntax::kUtf8));
}

TEST(AlertmanagerConfig, RegularExpressionsOfTheOldKeyKeepTheirAnchors) {
  const auto file = ParseAlertmanagerConfig(
      "am.yml",
      "route: {receiver: a, routes: [{match_re: {foo: 'b.*'}, receiver: a}]}\n"
      "receivers: [{name: a}]\n");
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(alerting::MatchersText(file->config.route.routes[0].matchers), "{foo=~\"^(?:b.*)$\"}");
}

}  // namespace
}  // namespace meerkat::config
