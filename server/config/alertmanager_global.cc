#include <cmath>

#include "alerting/template.h"
#include "base/quote.h"
#include "server/config/alertmanager_reader.h"
#include "server/config/go_duration.h"
#include "server/config/yaml_scalar.h"
#include "server/net/url.h"

namespace meerkat::config {

using alerting::Secret;

std::string UrlFault(std::string_view text) {
  if (text == "<secret>") return "";  // what a printed configuration has in their place
  const auto url = net::Url::Parse(text);
  if (!url) return url.error().message();
  if (url->scheme != "http" && url->scheme != "https") {
    return "unsupported scheme " + Quote(url->scheme) + " for URL";
  }
  // A port alone is host enough for upstream.
  if (url->host.empty() && url->port.empty()) return "missing host for URL";
  return "";
}

bool UrlField(Fields& fields, std::string_view key, std::string& url) {
  const auto value = fields.map().Find(key);
  if (!value || value->is_null()) return false;
  std::string text;
  value->Read(text);
  if (const std::string fault = UrlFault(text); !fault.empty()) fields.Fail(key, fault);
  url = std::move(text);
  return true;
}

void SecretFields(Fields& fields, std::string_view key, Secret& secret) {
  const std::string name(key);
  fields.Field(key, secret.value);
  fields.Path(name + "_file", secret.file);
  if (!secret.value.empty() && !secret.file.empty()) {
    fields.Fail(key, "at most one of " + name + " & " + name + "_file must be configured");
  }
}

void SecretUrlFields(Fields& fields, std::string_view key, Secret& url) {
  SecretFields(fields, key, url);
  const auto written = fields.map().Find(key);
  if (!written || written->is_null()) return;
  if (const std::string fault = UrlFault(url.value); !fault.empty()) fields.Fail(key, fault);
}

void GoDurationField(Fields& fields, std::string_view key, Millis& out, bool integers) {
  const auto value = fields.map().Find(key);
  if (!value) return;
  if (value->kind() == YamlValue::Kind::kScalar && integers && !value->quoted()) {
    if (const auto nanos = ScalarToFloat(value->text())) {
      if (!(std::abs(*nanos) < 9.2e18)) return value->Fail("not a valid duration");
      const double millis = *nanos / 1e6;
      out = Millis(static_cast<std::int64_t>(millis < 0 ? std::floor(millis) : std::ceil(millis)));
      return;
    }
  }
  std::string text;
  value->Read(text);
  // Read has refused what is no scalar.
  if (value->kind() != YamlValue::Kind::kScalar) return;
  const auto parsed = ParseGoDuration(text);
  if (!parsed) return value->Fail(parsed.error().message());
  out = *parsed;
}

bool TemplatesField(Fields& fields, std::string_view key, alerting::Templates& templates) {
  std::map<std::string, std::string> texts;
  if (!fields.Field(key, texts)) return false;
  templates.assign(texts.begin(), texts.end());
  return true;
}

alerting::PayloadNode ReadPayload(const YamlValue& value) {
  using Kind = alerting::PayloadNode::Kind;
  alerting::PayloadNode node;
  switch (value.kind()) {
    case YamlValue::Kind::kNull:
      break;
    case YamlValue::Kind::kScalar:
      node.kind = Kind::kString;
      node.text = value.text();
      if (value.quoted()) break;
      if (const auto number = ScalarToInt(value.text())) {
        node.kind = Kind::kNumber;
        node.text = std::to_string(*number);
      } else if (ScalarToFloat(value.text())) {
        node.kind = Kind::kNumber;
      } else if (const auto boolean = ScalarToBool(value.text())) {
        node.kind = Kind::kBool;
        node.text = *boolean ? "true" : "false";
      }
      break;
    case YamlValue::Kind::kList:
      node.kind = Kind::kList;
      value.Each([&node](const YamlValue& item) { node.items.push_back(ReadPayload(item)); });
      break;
    case YamlValue::Kind::kMap:
      node.kind = Kind::kMap;
      value.Entries([&node](std::string_view key, const YamlValue& item) {
        node.keys.emplace_back(key);
        node.items.push_back(ReadPayload(item));
      });
      break;
  }
  return node;
}

std::string TemplateFault(std::string_view text) {
  namespace templates = alerting::templates;
  static const auto functions = std::make_shared<const templates::FunctionSet>(
      templates::NotificationFunctions({[] { return Timestamp(); }, {}}));
  const auto parsed = templates::Template::Parse("", text, functions);
  return parsed ? "" : parsed.error().message();
}

std::string SplitHostPort(std::string_view text, std::string& host, std::string& port) {
  const auto colon = text.rfind(':');
  const bool bracketed = text.starts_with('[');
  if (colon == std::string_view::npos || (bracketed && colon < text.find(']'))) {
    return "address " + std::string(text) + ": missing port in address";
  }
  std::string_view name = text.substr(0, colon);
  if (bracketed) {
    if (!name.ends_with(']')) return "address " + std::string(text) + ": missing ']' in address";
    name = name.substr(1, name.size() - 2);
  } else if (name.find(':') != std::string_view::npos) {
    return "address " + std::string(text) + ": too many colons in address";
  }
  host = name;
  port = text.substr(colon + 1);
  if (port.empty()) return "address " + Quote(text) + ": port cannot be empty";
  return "";
}

void EndWithSlash(std::string& url) {
  const auto end = std::min(url.find_first_of("?#"), url.size());
  if (end == 0 || url[end - 1] != '/') url.insert(end, "/");
}

void GlobalFields(Fields& fields, AlertmanagerGlobal& global) {
  fields.Field("resolve_timeout", global.resolve_timeout);
  fields.Block("http_config", [&](Fields& http) { HttpClientFields(http, global.http); });

  fields.Field("smtp_from", global.smtp_from);
  fields.Field("smtp_hello", global.smtp_hello);
  std::string smarthost;
  if (fields.Field("smtp_smarthost", smarthost) && !smarthost.empty()) {
    const auto fault = SplitHostPort(smarthost, global.smtp_host, global.smtp_port);
    if (!fault.empty()) fields.Fail("smtp_smarthost", fault);
  }
  fields.Field("smtp_auth_username", global.smtp_auth_username);
  SecretFields(fields, "smtp_auth_password", global.smtp_auth_password);
  SecretFields(fields, "smtp_auth_secret", global.smtp_auth_secret);
  fields.Field("smtp_auth_identity", global.smtp_auth_identity);
  fields.Field("smtp_require_tls", global.smtp_require_tls);
  fields.Block("smtp_tls_config", [&](Fields& tls) { TlsFields(tls, global.smtp_tls); });
  fields.Field("smtp_force_implicit_tls", global.smtp_implicit_tls);

  SecretUrlFields(fields, "slack_api_url", global.slack_api_url);
  SecretFields(fields, "slack_app_token", global.slack_app_token);
  UrlField(fields, "slack_app_url", global.slack_app_url);
  // An API URL that is the App URL is how a token is used, not another way to authenticate.
  if (!global.slack_app_token.empty() && !global.slack_api_url.empty() &&
      global.slack_api_url.value != global.slack_app_url) {
    fields.Fail("slack_app_token",
                "at most one of slack_app_token/slack_app_token_file & "
                "slack_api_url/slack_api_url_file must be configured");
  }
  UrlField(fields, "pagerduty_url", global.pagerduty_url);
  UrlField(fields, "opsgenie_api_url", global.opsgenie_api_url);
  SecretFields(fields, "opsgenie_api_key", global.opsgenie_api_key);
  UrlField(fields, "wechat_api_url", global.wechat_api_url);
  SecretFields(fields, "wechat_api_secret", global.wechat_api_secret);
  fields.Field("wechat_api_corp_id", global.wechat_corp_id);
  UrlField(fields, "victorops_api_url", global.victorops_api_url);
  SecretFields(fields, "victorops_api_key", global.victorops_api_key);
  UrlField(fields, "telegram_api_url", global.telegram_api_url);
  SecretFields(fields, "telegram_bot_token", global.telegram_bot_token);
  UrlField(fields, "webex_api_url", global.webex_api_url);
  UrlField(fields, "rocketchat_api_url", global.rocketchat_api_url);
  SecretFields(fields, "rocketchat_token", global.rocketchat_token);
  SecretFields(fields, "rocketchat_token_id", global.rocketchat_token_id);
  UrlField(fields, "jira_api_url", global.jira_api_url);
  SecretUrlFields(fields, "mattermost_webhook_url", global.mattermost_webhook_url);
}

}  // namespace meerkat::config
