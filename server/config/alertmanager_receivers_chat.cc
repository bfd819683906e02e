#include "base/quote.h"
#include "server/config/alertmanager_reader.h"

namespace meerkat::config {

using alerting::Integration;

namespace {

void FieldsList(Fields& fields, std::vector<alerting::SlackField>& list, std::string_view service) {
  fields.Blocks<alerting::SlackField>(
      "fields", list, [service](Fields& entry, alerting::SlackField& field) {
        entry.Field("title", field.title);
        entry.Field("value", field.value);
        entry.Field("short", field.is_short);
        if (service.empty()) return;
        const std::string end = " in " + std::string(service) + " field configuration";
        if (field.title.empty()) entry.Fail("title", "missing title" + end);
        if (field.value.empty()) entry.Fail("value", "missing value" + end);
      });
}

void SlackActionFields(Fields& fields, alerting::SlackAction& action) {
  fields.Field("type", action.type);
  fields.Field("text", action.text);
  fields.Field("url", action.url);
  fields.Field("style", action.style);
  fields.Field("name", action.name);
  fields.Field("value", action.value);
  fields.OptionalBlock<alerting::SlackConfirm>(
      "confirm", action.confirm, [](Fields& confirm, alerting::SlackConfirm& out) {
        confirm.Field("title", out.title);
        confirm.Field("text", out.text);
        confirm.Field("ok_text", out.ok_text);
        confirm.Field("dismiss_text", out.dismiss_text);
        if (out.text.empty()) {
          confirm.Fail("text", "missing text in Slack confirmation configuration");
        }
      });
  if (action.type.empty()) fields.Fail("type", "missing type in Slack action configuration");
  if (action.text.empty()) fields.Fail("text", "missing text in Slack action configuration");
  if (action.url.empty() && action.name.empty()) {
    fields.Fail("url", "missing name or url in Slack action configuration");
  }
}

void AttachmentFields(Fields& fields, alerting::MattermostAttachment& attachment) {
  fields.Field("fallback", attachment.fallback);
  fields.Field("color", attachment.color);
  fields.Field("pretext", attachment.pretext);
  fields.Field("text", attachment.text);
  fields.Field("author_name", attachment.author_name);
  fields.Field("author_link", attachment.author_link);
  fields.Field("author_icon", attachment.author_icon);
  fields.Field("title", attachment.title);
  fields.Field("title_link", attachment.title_link);
  FieldsList(fields, attachment.fields, "Mattermost");
  fields.Field("thumb_url", attachment.thumb_url);
  fields.Field("footer", attachment.footer);
  fields.Field("footer_icon", attachment.footer_icon);
  fields.Field("image_url", attachment.image_url);
}

// The webhook URL that the three Microsoft and Discord kinds ask for.
void WebhookUrlFields(Fields& fields, alerting::Secret& url) {
  SecretUrlFields(fields, "webhook_url", url);
  if (url.empty()) {
    fields.Fail("webhook_url", "one of webhook_url or webhook_url_file must be configured");
  }
}

}  // namespace

void ReceiverReader::Slack(Fields& fields, alerting::SlackConfig& config, Integration& to) {
  SecretUrlFields(fields, "api_url", config.api_url);
  SecretFields(fields, "app_token", config.app_token);
  config.app_url = global_.slack_app_url;
  UrlField(fields, "app_url", config.app_url);
  fields.Field("channel", config.channel);
  fields.Field("username", config.username);
  fields.Field("color", config.color);
  fields.Field("title", config.title);
  fields.Field("title_link", config.title_link);
  fields.Field("pretext", config.pretext);
  fields.Field("text", config.text);
  fields.Field("message_text", config.message_text);
  FieldsList(fields, config.fields, "Slack");
  fields.Field("short_fields", config.short_fields);
  fields.Field("footer", config.footer);
  fields.Field("fallback", config.fallback);
  fields.Field("callback_id", config.callback_id);
  fields.Field("icon_emoji", config.icon_emoji);
  fields.Field("icon_url", config.icon_url);
  fields.Field("image_url", config.image_url);
  fields.Field("thumb_url", config.thumb_url);
  fields.Field("link_names", config.link_names);
  fields.Field("mrkdwn_in", config.mrkdwn_in);
  fields.Blocks<alerting::SlackAction>("actions", config.actions, SlackActionFields);
  fields.Field("update_message", config.update_message);
  GoDurationField(fields, "timeout", config.timeout);

  auto& client = out_.clients[static_cast<std::size_t>(to.client)];
  if (!config.api_url.empty() && !config.app_token.empty()) {
    fields.Fail(
        "app_token",
        "at most one of api_url/api_url_file & app_token/app_token_file must be configured");
  }
  if (!config.app_token.empty() && client.authorization) {
    fields.Fail("app_token", "http authorization can't be set when using Slack App tokens");
  }
  // A token of the globals serves receivers that name neither a URL nor credentials of their own.
  const bool own_credentials = client.authorization.has_value() && client != global_.http;
  if (config.api_url.empty() && config.app_token.empty()) {
    if (!global_.slack_app_token.empty() && !own_credentials) {
      config.app_token = global_.slack_app_token;
    } else if (!global_.slack_api_url.empty()) {
      config.api_url = global_.slack_api_url;
    } else if (own_credentials) {
      config.api_url.value = config.app_url;
    } else {
      fields.Fail("api_url", "no Slack API URL nor App token set either inline or in a file");
    }
  }
  if (config.update_message && config.app_token.empty() &&
      config.api_url.value != "https://slack.com/api/chat.postMessage") {
    fields.Fail("update_message",
                "update_message can only be used with bot tokens. api_url must be set to "
                "https://slack.com/api/chat.postMessage");
  }
}

void ReceiverReader::Telegram(Fields& fields, alerting::TelegramConfig& config, Integration&) {
  config.api_url = global_.telegram_api_url;
  UrlField(fields, "api_url", config.api_url);
  SecretFields(fields, "bot_token", config.bot_token);
  fields.Field("chat_id", config.chat_id);
  fields.Path("chat_id_file", config.chat_id_file);
  fields.Field("message_thread_id", config.message_thread_id);
  fields.Field("message", config.message);
  fields.Field("disable_notifications", config.disable_notifications);
  fields.Field("parse_mode", config.parse_mode);
  if (config.bot_token.empty()) config.bot_token = global_.telegram_bot_token;
  if (config.bot_token.empty()) {
    fields.Fail("bot_token", "missing bot_token or bot_token_file on telegram_config");
  }
  if (config.chat_id == 0 && config.chat_id_file.empty()) {
    fields.Fail("chat_id", "missing chat_id or chat_id_file on telegram_config");
  }
  if (config.chat_id != 0 && !config.chat_id_file.empty()) {
    fields.Fail("chat_id", "at most one of chat_id & chat_id_file must be configured");
  }
  if (config.parse_mode != "" && config.parse_mode != "Markdown" &&
      config.parse_mode != "MarkdownV2" && config.parse_mode != "HTML") {
    fields.Fail("parse_mode",
                "unknown parse_mode on telegram_config, must be Markdown, MarkdownV2, HTML or "
                "empty string");
  }
}

void ReceiverReader::Discord(Fields& fields, alerting::DiscordConfig& config, Integration&) {
  WebhookUrlFields(fields, config.webhook_url);
  fields.Field("content", config.content);
  fields.Field("title", config.title);
  fields.Field("message", config.message);
  fields.Field("username", config.username);
  fields.Field("avatar_url", config.avatar_url);
}

void ReceiverReader::Msteams(Fields& fields, alerting::MsteamsConfig& config, Integration&) {
  WebhookUrlFields(fields, config.webhook_url);
  fields.Field("title", config.title);
  fields.Field("summary", config.summary);
  fields.Field("text", config.text);
}

void ReceiverReader::MsteamsV2(Fields& fields, alerting::MsteamsV2Config& config, Integration&) {
  WebhookUrlFields(fields, config.webhook_url);
  fields.Field("title", config.title);
  fields.Field("text", config.text);
}

void ReceiverReader::Webex(Fields& fields, alerting::WebexConfig& config, Integration& to) {
  config.api_url = global_.webex_api_url;
  UrlField(fields, "api_url", config.api_url);
  fields.Field("room_id", config.room_id);
  fields.Field("message", config.message);
  if (config.room_id.empty()) fields.Fail("room_id", "missing room_id on webex_config");
  if (!out_.clients[static_cast<std::size_t>(to.client)].authorization) {
    fields.Fail("http_config", "missing webex_configs.http_config.authorization");
  }
}

void ReceiverReader::Wechat(Fields& fields, alerting::WechatConfig& config, Integration&) {
  SecretFields(fields, "api_secret", config.api_secret);
  config.corp_id = global_.wechat_corp_id;
  config.api_url = global_.wechat_api_url;
  fields.Field("corp_id", config.corp_id);
  fields.Field("message", config.message);
  UrlField(fields, "api_url", config.api_url);
  fields.Field("to_user", config.to_user);
  fields.Field("to_party", config.to_party);
  fields.Field("to_tag", config.to_tag);
  fields.Field("agent_id", config.agent_id);
  std::string type = "text";
  fields.Field("message_type", type);
  config.markdown = type == "markdown";
  if (type != "text" && type != "markdown" && !type.empty()) {
    fields.Fail("message_type", "weChat message type " + Quote(type) +
                                    " does not match valid options ^(text|markdown)$");
  }
  EndWithSlash(config.api_url);
  if (config.api_secret.empty()) config.api_secret = global_.wechat_api_secret;
  if (config.api_secret.empty()) {
    fields.Fail("api_secret", "no global Wechat Api Secret set either inline or in a file");
  }
  if (config.corp_id.empty()) fields.Fail("corp_id", "no global Wechat CorpID set");
}

void ReceiverReader::Rocketchat(Fields& fields, alerting::RocketchatConfig& config, Integration&) {
  config.api_url = global_.rocketchat_api_url;
  UrlField(fields, "api_url", config.api_url);
  SecretFields(fields, "token_id", config.token_id);
  SecretFields(fields, "token", config.token);
  fields.Field("channel", config.channel);
  fields.Field("color", config.color);
  fields.Field("title", config.title);
  fields.Field("title_link", config.title_link);
  fields.Field("text", config.text);
  FieldsList(fields, config.fields, "");
  fields.Field("short_fields", config.short_fields);
  fields.Field("emoji", config.emoji);
  fields.Field("icon_url", config.icon_url);
  fields.Field("image_url", config.image_url);
  fields.Field("thumb_url", config.thumb_url);
  fields.Field("link_names", config.link_names);
  fields.Blocks<alerting::RocketchatAction>("actions", config.actions,
                                            [](Fields& entry, alerting::RocketchatAction& action) {
                                              entry.Field("type", action.type);
                                              entry.Field("text", action.text);
                                              entry.Field("url", action.url);
                                              entry.Field("msg", action.msg);
                                            });
  EndWithSlash(config.api_url);
  if (config.token_id.empty()) config.token_id = global_.rocketchat_token_id;
  if (config.token.empty()) config.token = global_.rocketchat_token;
  if (config.token_id.empty()) {
    fields.Fail("token_id", "no global Rocketchat TokenID set either inline or in a file");
  }
  if (config.token.empty()) {
    fields.Fail("token", "no global Rocketchat Token set either inline or in a file");
  }
}

void ReceiverReader::Mattermost(Fields& fields, alerting::MattermostConfig& config, Integration&) {
  SecretUrlFields(fields, "webhook_url", config.webhook_url);
  fields.Field("channel", config.channel);
  fields.Field("username", config.username);
  fields.Field("icon_url", config.icon_url);
  fields.Field("icon_emoji", config.icon_emoji);
  AttachmentFields(fields, config.own);
  fields.Blocks<alerting::MattermostAttachment>("attachments", config.attachments,
                                                AttachmentFields);
  fields.Field("type", config.type);
  fields.Block("props", [&](Fields& props) { props.Field("card", config.card); });
  fields.OptionalBlock<alerting::MattermostPriority>(
      "priority", config.priority, [](Fields& block, alerting::MattermostPriority& priority) {
        block.Field("priority", priority.priority);
        block.Field("requested_ack", priority.requested_ack);
        block.Field("persistent_notifications", priority.persistent_notifications);
      });
  if (config.webhook_url.empty()) config.webhook_url = global_.mattermost_webhook_url;
  if (config.webhook_url.empty()) {
    fields.Fail("webhook_url", "missing webhook_url or webhook_url_file on mattermost_config");
  }
}

}  // namespace meerkat::config
