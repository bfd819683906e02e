#include <algorithm>
#include <iterator>

#include "base/quote.h"
#include "server/config/alertmanager_reader.h"

namespace meerkat::config {

using alerting::Integration;

namespace {

constexpr std::string_view kVictoropsOwn[] = {
    "routing_key",     "message_type", "state_message", "entity_display_name",
    "monitoring_tool", "entity_id",    "entity_state"};
constexpr std::string_view kResponderTypes[] = {"team", "teams", "user", "escalation", "schedule"};

void ResponderFields(Fields& fields, alerting::OpsgenieResponder& responder) {
  fields.Field("id", responder.id);
  fields.Field("name", responder.name);
  fields.Field("username", responder.username);
  fields.Field("type", responder.type);
  const std::string shown = "opsGenieConfig responder {" + responder.id + " " + responder.name +
                            " " + responder.username + " " + responder.type + "}";
  if (responder.id.empty() && responder.name.empty() && responder.username.empty()) {
    fields.Fail("name", shown + " has to have at least one of id, username or name specified");
  }
  if (responder.type.find("{{") != std::string::npos) {
    if (const auto fault = TemplateFault(responder.type); !fault.empty()) {
      fields.Fail("type", shown + " type contains invalid template syntax: " + fault);
    }
    return;
  }
  for (char& c : responder.type) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  if (std::find(std::begin(kResponderTypes), std::end(kResponderTypes), responder.type) ==
      std::end(kResponderTypes)) {
    fields.Fail("type", shown +
                            " type does not match valid options "
                            "^(team|teams|user|escalation|schedule)$");
  }
}

}  // namespace

void ReceiverReader::Pagerduty(Fields& fields, alerting::PagerdutyConfig& config, Integration&) {
  config.url = global_.pagerduty_url;
  SecretFields(fields, "routing_key", config.routing_key);
  SecretFields(fields, "service_key", config.service_key);
  UrlField(fields, "url", config.url);
  fields.Field("client", config.client);
  fields.Field("client_url", config.client_url);
  fields.Field("description", config.description);
  fields.map().Entries("details", [&config](std::string_view name, const YamlValue& value) {
    config.details.emplace_back(name, ReadPayload(value));
  });
  fields.Blocks<alerting::PagerdutyImage>("images", config.images,
                                          [](Fields& entry, alerting::PagerdutyImage& image) {
                                            entry.Field("src", image.src);
                                            entry.Field("alt", image.alt);
                                            entry.Field("href", image.href);
                                          });
  fields.Blocks<alerting::PagerdutyLink>("links", config.links,
                                         [](Fields& entry, alerting::PagerdutyLink& link) {
                                           entry.Field("href", link.href);
                                           entry.Field("text", link.text);
                                         });
  fields.Field("source", config.source);
  fields.Field("severity", config.severity);
  fields.Field("class", config.event_class);
  fields.Field("component", config.component);
  fields.Field("group", config.group);
  GoDurationField(fields, "timeout", config.timeout);
  if (config.routing_key.empty() && config.service_key.empty()) {
    fields.Fail("routing_key", "missing service or routing key in PagerDuty config");
  }
}

void ReceiverReader::Opsgenie(Fields& fields, alerting::OpsgenieConfig& config, Integration&) {
  config.api_url = global_.opsgenie_api_url;
  SecretFields(fields, "api_key", config.api_key);
  UrlField(fields, "api_url", config.api_url);
  fields.Field("message", config.message);
  fields.Field("description", config.description);
  fields.Field("source", config.source);
  TemplatesField(fields, "details", config.details);
  fields.Field("entity", config.entity);
  fields.Blocks<alerting::OpsgenieResponder>("responders", config.responders, ResponderFields);
  fields.Field("actions", config.actions);
  fields.Field("tags", config.tags);
  fields.Field("note", config.note);
  fields.Field("priority", config.priority);
  fields.Field("update_alerts", config.update_alerts);
  EndWithSlash(config.api_url);
  if (config.api_key.empty()) config.api_key = global_.opsgenie_api_key;
  if (config.api_key.empty()) {
    fields.Fail("api_key", "no global OpsGenie API Key set either inline or in a file");
  }
}

void ReceiverReader::Victorops(Fields& fields, alerting::VictoropsConfig& config, Integration&) {
  config.api_url = global_.victorops_api_url;
  SecretFields(fields, "api_key", config.api_key);
  UrlField(fields, "api_url", config.api_url);
  fields.Field("routing_key", config.routing_key);
  fields.Field("message_type", config.message_type);
  fields.Field("state_message", config.state_message);
  fields.Field("entity_display_name", config.entity_display_name);
  fields.Field("monitoring_tool", config.monitoring_tool);
  TemplatesField(fields, "custom_fields", config.custom_fields);
  EndWithSlash(config.api_url);
  if (config.routing_key.empty()) {
    fields.Fail("routing_key", "missing Routing key in VictorOps config");
  }
  if (config.api_key.empty()) config.api_key = global_.victorops_api_key;
  if (config.api_key.empty()) fields.Fail("api_key", "no global VictorOps API Key set");
  for (const auto& [name, text] : config.custom_fields) {
    if (std::find(std::begin(kVictoropsOwn), std::end(kVictoropsOwn), name) !=
        std::end(kVictoropsOwn)) {
      fields.Fail("custom_fields", "victorOps config contains custom field " + name +
                                       " which cannot be used as it conflicts with the "
                                       "fixed/static fields");
    }
  }
}

void ReceiverReader::Pushover(Fields& fields, alerting::PushoverConfig& config, Integration&) {
  SecretFields(fields, "user_key", config.user_key);
  SecretFields(fields, "token", config.token);
  fields.Field("title", config.title);
  fields.Field("message", config.message);
  fields.Field("url", config.url);
  fields.Field("url_title", config.url_title);
  fields.Field("device", config.device);
  fields.Field("sound", config.sound);
  fields.Field("priority", config.priority);
  GoDurationField(fields, "retry", config.retry, /*integers=*/false);
  GoDurationField(fields, "expire", config.expire, /*integers=*/false);
  GoDurationField(fields, "ttl", config.ttl, /*integers=*/false);
  fields.Field("html", config.html);
  fields.Field("monospace", config.monospace);
  if (config.user_key.empty()) {
    fields.Fail("user_key", "one of user_key or user_key_file must be configured");
  }
  if (config.token.empty()) {
    fields.Fail("token", "one of token or token_file must be configured");
  }
  if (config.html && config.monospace) {
    fields.Fail("html", "at most one of monospace & html must be configured");
  }
}

}  // namespace meerkat::config
