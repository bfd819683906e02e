#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/config/alertmanager_config.h"
#include "server/config/fields.h"
#include "server/config/http_client_config.h"

// The rooms of the alertmanager.yml reader; alertmanager_config.cc puts them together.
namespace meerkat::config {

// What the `global` block gives to receivers that do not say otherwise.
struct AlertmanagerGlobal {
  Millis resolve_timeout = std::chrono::minutes(5);
  net::HttpClientConfig http;

  std::string smtp_from;
  std::string smtp_hello = "localhost";
  std::string smtp_host;
  std::string smtp_port;
  std::string smtp_auth_username;
  alerting::Secret smtp_auth_password;
  alerting::Secret smtp_auth_secret;
  std::string smtp_auth_identity;
  bool smtp_require_tls = true;
  net::TlsConfig smtp_tls;
  std::optional<bool> smtp_implicit_tls;

  alerting::Secret slack_api_url;
  alerting::Secret slack_app_token;
  std::string slack_app_url = "https://slack.com/api/chat.postMessage";
  std::string pagerduty_url = "https://events.pagerduty.com/v2/enqueue";
  std::string opsgenie_api_url = "https://api.opsgenie.com/";
  alerting::Secret opsgenie_api_key;
  std::string wechat_api_url = "https://qyapi.weixin.qq.com/cgi-bin/";
  alerting::Secret wechat_api_secret;
  std::string wechat_corp_id;
  std::string victorops_api_url =
      "https://alert.victorops.com/integrations/generic/20131114/alert/";
  alerting::Secret victorops_api_key;
  std::string telegram_api_url = "https://api.telegram.org";
  alerting::Secret telegram_bot_token;
  std::string webex_api_url = "https://webexapis.com/v1/messages";
  std::string rocketchat_api_url = "https://open.rocket.chat/";
  alerting::Secret rocketchat_token;
  alerting::Secret rocketchat_token_id;
  std::string jira_api_url;
  alerting::Secret mattermost_webhook_url;
};

void GlobalFields(Fields& fields, AlertmanagerGlobal& global);

// Reads a receiver's blocks while all of `global` is known.
class ReceiverReader {
 public:
  ReceiverReader(const AlertmanagerGlobal& global, AlertmanagerFile& out);
  void Read(Fields& fields, alerting::ReceiverConfig& receiver);

 private:
  // Every `<type>_configs` list of one kind; `read` fills in one entry and its client.
  template <typename Config>
  void Kind(Fields& fields, std::string_view type, bool send_resolved,
            void (ReceiverReader::*read)(Fields&, Config&, alerting::Integration&));
  void HttpConfig(Fields& fields, alerting::Integration& integration);
  alerting::ClientId AddClient(net::HttpClientConfig client);

  // alertmanager_receivers.cc
  void Webhook(Fields& fields, alerting::WebhookConfig& config, alerting::Integration& to);
  void Email(Fields& fields, alerting::EmailConfig& config, alerting::Integration& to);
  void Sns(Fields& fields, alerting::SnsConfig& config, alerting::Integration& to);
  void Jira(Fields& fields, alerting::JiraConfig& config, alerting::Integration& to);
  void Incidentio(Fields& fields, alerting::IncidentioConfig& config, alerting::Integration& to);
  // alertmanager_receivers_chat.cc
  void Slack(Fields& fields, alerting::SlackConfig& config, alerting::Integration& to);
  void Telegram(Fields& fields, alerting::TelegramConfig& config, alerting::Integration& to);
  void Discord(Fields& fields, alerting::DiscordConfig& config, alerting::Integration& to);
  void Msteams(Fields& fields, alerting::MsteamsConfig& config, alerting::Integration& to);
  void MsteamsV2(Fields& fields, alerting::MsteamsV2Config& config, alerting::Integration& to);
  void Webex(Fields& fields, alerting::WebexConfig& config, alerting::Integration& to);
  void Wechat(Fields& fields, alerting::WechatConfig& config, alerting::Integration& to);
  void Rocketchat(Fields& fields, alerting::RocketchatConfig& config, alerting::Integration& to);
  void Mattermost(Fields& fields, alerting::MattermostConfig& config, alerting::Integration& to);
  // alertmanager_receivers_paging.cc
  void Pagerduty(Fields& fields, alerting::PagerdutyConfig& config, alerting::Integration& to);
  void Opsgenie(Fields& fields, alerting::OpsgenieConfig& config, alerting::Integration& to);
  void Victorops(Fields& fields, alerting::VictoropsConfig& config, alerting::Integration& to);
  void Pushover(Fields& fields, alerting::PushoverConfig& config, alerting::Integration& to);

  const AlertmanagerGlobal& global_;
  AlertmanagerFile& out_;
  alerting::ReceiverConfig* current_ = nullptr;  // while Read runs
};

// alertmanager_route.cc
void RouteFields(Fields& fields, alerting::RouteConfig& route, bool root,
                 alerting::MatcherSyntax syntax);
void InhibitRuleFields(Fields& fields, alerting::InhibitRuleConfig& rule,
                       alerting::MatcherSyntax syntax);

// alertmanager_intervals.cc
void NamedIntervalsFields(Fields& fields, alerting::NamedIntervals& named);

// ---- Small parts that several rooms use.

// `key` and `key`_file, at most one of them.
void SecretFields(Fields& fields, std::string_view key, alerting::Secret& secret);
// The same where the secret is a URL.
void SecretUrlFields(Fields& fields, std::string_view key, alerting::Secret& url);
// A duration in Go's spelling. With `integers`, a plain number counts nanoseconds.
void GoDurationField(Fields& fields, std::string_view key, Millis& out, bool integers = true);
// A plain URL; false when the key is missing. The scheme is http or https, the host not empty.
bool UrlField(Fields& fields, std::string_view key, std::string& url);
// The reason why `url` is none; "" when it is fine.
std::string UrlFault(std::string_view url);
// A free mapping of templates, sorted by name.
bool TemplatesField(Fields& fields, std::string_view key, alerting::Templates& templates);
// Any value, strings in it being templates.
alerting::PayloadNode ReadPayload(const YamlValue& value);
// The reason why `text` is no template; "" when it is one.
std::string TemplateFault(std::string_view text);
// host:port in its parts; the reason why it is none otherwise.
std::string SplitHostPort(std::string_view text, std::string& host, std::string& port);
// The path of a URL gets a slash at its end.
void EndWithSlash(std::string& url);

// The whole text again as YAML, secrets replaced by <secret>.
std::string HideSecrets(std::string_view text);

}  // namespace meerkat::config
