#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "alerting/message.h"
#include "base/clock.h"

// What can be configured for each of the 18 kinds of receivers, global settings already merged in.
// A `TemplateText` is Go template text, rendered for each notification.
namespace meerkat::alerting {

using TemplateText = std::string;
using Templates = std::vector<std::pair<std::string, TemplateText>>;  // in the order of their names

struct SlackField {
  TemplateText title;
  TemplateText value;
  std::optional<bool> is_short;
};

struct SlackConfirm {
  TemplateText title;
  TemplateText text;
  TemplateText ok_text;
  TemplateText dismiss_text;
};

struct SlackAction {
  TemplateText type;
  TemplateText text;
  TemplateText url;
  TemplateText style;
  TemplateText name;
  TemplateText value;
  std::optional<SlackConfirm> confirm;
};

struct PagerdutyLink {
  TemplateText href;
  TemplateText text;
};

struct PagerdutyImage {
  TemplateText src;
  TemplateText alt;
  TemplateText href;
};

// Any YAML value whose strings are templates, as in `webhook.payload`.
struct PayloadNode {
  enum class Kind : unsigned char { kNull, kBool, kNumber, kString, kList, kMap };
  Kind kind = Kind::kNull;
  std::string text;                // the template, or the scalar as JSON
  std::vector<std::string> keys;   // of a map, one for each item
  std::vector<PayloadNode> items;  // of a list or map
};

struct WebhookConfig {
  Secret url;  // the value is a template
  std::uint64_t max_alerts = 0;
  Millis timeout{0};
  std::optional<PayloadNode> payload;
};

struct EmailConfig {
  TemplateText to;
  TemplateText from;
  std::string hello = "localhost";
  std::string smarthost_host;
  std::string smarthost_port;
  std::string auth_username;
  Secret auth_password;
  Secret auth_secret;
  std::string auth_identity;
  Templates headers;  // names in canonical case
  TemplateText html = R"({{ template "email.default.html" . }})";
  TemplateText text;
  bool require_tls = true;
  std::optional<bool> implicit_tls;
  bool threading = false;
  bool thread_by_date = true;  // false: one thread for ever
};

struct SlackConfig {
  Secret api_url;
  Secret app_token;
  std::string app_url;
  TemplateText channel;
  TemplateText username = R"({{ template "slack.default.username" . }})";
  TemplateText color =
      R"({{ if eq .Status "firing" }}{{ template "slack.default.color" . }}{{ else }}good{{ end }})";
  TemplateText title = R"({{ template "slack.default.title" . }})";
  TemplateText title_link = R"({{ template "slack.default.titlelink" . }})";
  TemplateText pretext = R"({{ template "slack.default.pretext" . }})";
  TemplateText text = R"({{ template "slack.default.text" . }})";
  TemplateText message_text;
  std::vector<SlackField> fields;
  bool short_fields = false;
  TemplateText footer = R"({{ template "slack.default.footer" . }})";
  TemplateText fallback = R"({{ template "slack.default.fallback" . }})";
  TemplateText callback_id = R"({{ template "slack.default.callbackid" . }})";
  TemplateText icon_emoji = R"({{ template "slack.default.iconemoji" . }})";
  TemplateText icon_url = R"({{ template "slack.default.iconurl" . }})";
  TemplateText image_url;
  TemplateText thumb_url;
  bool link_names = false;
  std::vector<std::string> mrkdwn_in = {"fallback", "pretext", "text"};
  std::vector<SlackAction> actions;
  bool update_message = false;
  Millis timeout{0};
};

struct PagerdutyConfig {
  Secret routing_key;  // v2
  Secret service_key;  // v1
  std::string url;
  TemplateText client = R"({{ template "pagerduty.default.client" . }})";
  TemplateText client_url = R"({{ template "pagerduty.default.clientURL" . }})";
  TemplateText description = R"({{ template "pagerduty.default.description" . }})";
  std::vector<std::pair<std::string, PayloadNode>> details;
  std::vector<PagerdutyImage> images;
  std::vector<PagerdutyLink> links;
  TemplateText source;  // "": client
  TemplateText severity;
  TemplateText event_class;
  TemplateText component;
  TemplateText group;
  Millis timeout{0};
};

struct OpsgenieResponder {
  TemplateText id;
  TemplateText name;
  TemplateText username;
  TemplateText type;
};

struct OpsgenieConfig {
  Secret api_key;
  std::string api_url;
  TemplateText message = R"({{ template "opsgenie.default.message" . }})";
  TemplateText description = R"({{ template "opsgenie.default.description" . }})";
  TemplateText source = R"({{ template "opsgenie.default.source" . }})";
  Templates details;
  TemplateText entity;
  std::vector<OpsgenieResponder> responders;
  TemplateText actions;
  TemplateText tags;
  TemplateText note;
  TemplateText priority;
  bool update_alerts = false;
};

struct VictoropsConfig {
  Secret api_key;
  std::string api_url;
  TemplateText routing_key;
  TemplateText message_type = "CRITICAL";
  TemplateText state_message = R"({{ template "victorops.default.state_message" . }})";
  TemplateText entity_display_name = R"({{ template "victorops.default.entity_display_name" . }})";
  TemplateText monitoring_tool = R"({{ template "victorops.default.monitoring_tool" . }})";
  Templates custom_fields;
};

struct PushoverConfig {
  Secret user_key;
  Secret token;
  TemplateText title = R"({{ template "pushover.default.title" . }})";
  TemplateText message = R"({{ template "pushover.default.message" . }})";
  TemplateText url = R"({{ template "pushover.default.url" . }})";
  TemplateText url_title;
  TemplateText device;
  TemplateText sound;
  TemplateText priority = R"({{ if eq .Status "firing" }}2{{ else }}0{{ end }})";
  Millis retry = std::chrono::minutes(1);
  Millis expire = std::chrono::hours(1);
  Millis ttl{0};
  bool html = false;
  bool monospace = false;
};

struct TelegramConfig {
  std::string api_url;
  Secret bot_token;
  std::int64_t chat_id = 0;
  std::string chat_id_file;
  std::int64_t message_thread_id = 0;
  TemplateText message = R"({{ template "telegram.default.message" . }})";
  bool disable_notifications = false;
  std::string parse_mode = "HTML";
};

struct DiscordConfig {
  Secret webhook_url;
  TemplateText content = R"({{ template "discord.default.content" . }})";
  TemplateText title = R"({{ template "discord.default.title" . }})";
  TemplateText message = R"({{ template "discord.default.message" . }})";
  TemplateText username;
  TemplateText avatar_url;
};

struct MsteamsConfig {
  Secret webhook_url;
  TemplateText title = R"({{ template "msteams.default.title" . }})";
  TemplateText summary = R"({{ template "msteams.default.summary" . }})";
  TemplateText text = R"({{ template "msteams.default.text" . }})";
};

struct MsteamsV2Config {
  Secret webhook_url;
  TemplateText title = R"({{ template "msteamsv2.default.title" . }})";
  TemplateText text = R"({{ template "msteamsv2.default.text" . }})";
};

struct WebexConfig {
  std::string api_url;
  TemplateText room_id;
  TemplateText message = R"({{ template "webex.default.message" . }})";
};

struct Sigv4Config {
  std::string region;
  std::string access_key;
  std::string secret_key;
  std::string session_token;
  std::string profile;           // in credentials_file, when there is no access_key
  std::string credentials_file;  // "": there is none
  std::string role_arn;          // whose keys STS lends; "": the own keys sign
  std::string external_id;       // of the role
  bool fips_sts = false;
};

struct SnsConfig {
  TemplateText api_url;
  Sigv4Config sigv4;
  TemplateText topic_arn;
  TemplateText phone_number;
  TemplateText target_arn;
  TemplateText subject = R"({{ template "sns.default.subject" . }})";
  TemplateText message = R"({{ template "sns.default.message" . }})";
  Templates attributes;
};

struct WechatConfig {
  Secret api_secret;
  std::string corp_id;
  std::string api_url;
  TemplateText message = R"({{ template "wechat.default.message" . }})";
  TemplateText to_user = R"({{ template "wechat.default.to_user" . }})";
  TemplateText to_party = R"({{ template "wechat.default.to_party" . }})";
  TemplateText to_tag = R"({{ template "wechat.default.to_tag" . }})";
  TemplateText agent_id = R"({{ template "wechat.default.agent_id" . }})";
  bool markdown = false;
};

struct JiraField {
  TemplateText text;
  bool enable_update = true;
};

struct JiraConfig {
  enum class Api : unsigned char { kAuto, kCloud, kDatacenter };
  std::string api_url;  // with a slash at the end
  Api api = Api::kAuto;
  TemplateText project;
  TemplateText issue_type;
  JiraField summary{R"({{ template "jira.default.summary" . }})", true};
  JiraField description{R"({{ template "jira.default.description" . }})", true};
  std::vector<TemplateText> labels;
  TemplateText priority = R"({{ template "jira.default.priority" . }})";
  std::string reopen_transition;
  std::string resolve_transition;
  std::string wont_fix_resolution;
  Millis reopen_duration{0};
  std::vector<std::pair<std::string, PayloadNode>> fields;
};

struct RocketchatAction {
  TemplateText type;
  TemplateText text;
  TemplateText url;
  TemplateText msg;
};

struct RocketchatConfig {
  std::string api_url;
  Secret token_id;
  Secret token;
  TemplateText channel;
  TemplateText color = R"({{ if eq .Status "firing" }}red{{ else }}green{{ end }})";
  TemplateText title = R"({{ template "rocketchat.default.title" . }})";
  TemplateText title_link = R"({{ template "rocketchat.default.titlelink" . }})";
  TemplateText text = R"({{ template "rocketchat.default.text" . }})";
  std::vector<SlackField> fields;
  bool short_fields = false;
  TemplateText emoji = R"({{ template "rocketchat.default.emoji" . }})";
  TemplateText icon_url = R"({{ template "rocketchat.default.iconurl" . }})";
  TemplateText image_url;
  TemplateText thumb_url;
  bool link_names = false;
  std::vector<RocketchatAction> actions;
};

struct IncidentioConfig {
  Secret url;
  Secret alert_source_token;  // empty: http_config.authorization
  std::uint64_t max_alerts = 0;
  Millis timeout{0};
};

// An attachment, and at the top of a MattermostConfig the one that its own keys describe.
struct MattermostAttachment {
  TemplateText fallback;
  TemplateText color;
  TemplateText pretext;
  TemplateText text;
  TemplateText author_name;
  TemplateText author_link;
  TemplateText author_icon;
  TemplateText title;
  TemplateText title_link;
  std::vector<SlackField> fields;
  TemplateText thumb_url;
  TemplateText footer;
  TemplateText footer_icon;
  TemplateText image_url;
};

struct MattermostPriority {
  TemplateText priority;
  bool requested_ack = false;
  bool persistent_notifications = false;
};

struct MattermostConfig {
  Secret webhook_url;
  TemplateText channel;
  TemplateText username = R"({{ template "mattermost.default.username" . }})";
  TemplateText icon_url;
  TemplateText icon_emoji;
  MattermostAttachment own = {
      R"({{ template "mattermost.default.fallback" . }})",
      R"({{ if eq .Status "firing" }}{{ template "mattermost.default.color" . }}{{ else }}good{{ end }})",
      "",
      R"({{ template "mattermost.default.text" . }})",
      "",
      "",
      "",
      R"({{ template "mattermost.default.title" . }})",
      R"({{ template "mattermost.default.titlelink" . }})",
      {},
      "",
      "",
      "",
      ""};
  std::vector<MattermostAttachment> attachments;
  std::string type;
  std::optional<TemplateText> card;
  std::optional<MattermostPriority> priority;
};

using IntegrationConfig =
    std::variant<WebhookConfig, EmailConfig, SlackConfig, PagerdutyConfig, OpsgenieConfig,
                 VictoropsConfig, PushoverConfig, TelegramConfig, DiscordConfig, MsteamsConfig,
                 MsteamsV2Config, WebexConfig, SnsConfig, WechatConfig, JiraConfig,
                 RocketchatConfig, IncidentioConfig, MattermostConfig>;

// "webhook", "email" …: the key without _configs, and the `integration` label of metrics.
const char* IntegrationName(const IntegrationConfig& config);

}  // namespace meerkat::alerting
