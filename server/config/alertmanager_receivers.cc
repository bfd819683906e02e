#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "base/quote.h"
#include "server/config/alertmanager_reader.h"

namespace meerkat::config {

using alerting::Integration;

namespace {

// reply-to as Reply-To: each word of letters and digits capitalised.
std::string TitleCase(std::string_view name) {
  std::string out;
  bool inside = false;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    out += static_cast<char>(inside ? std::tolower(byte) : std::toupper(byte));
    inside = std::isalnum(byte) != 0;
  }
  return out;
}

std::string AnyUrlFault(std::string_view text) {
  if (text.find("{{") != std::string_view::npos) {
    const std::string fault = TemplateFault(text);
    return fault.empty() ? "" : "invalid template syntax: " + fault;
  }
  const std::string fault = UrlFault(text);
  return fault.empty() ? "" : "invalid URL: " + fault;
}

void JiraFieldFields(Fields& fields, std::string_view key, alerting::JiraField& field) {
  const auto value = fields.map().Find(key);
  if (!value) return;
  if (value->kind() == YamlValue::Kind::kScalar) return value->Read(field.text);
  fields.Block(key, [&](Fields& block) {
    block.Field("template", field.text);
    block.Field("enable_update", field.enable_update);
  });
}

}  // namespace

ReceiverReader::ReceiverReader(const AlertmanagerGlobal& global, AlertmanagerFile& out)
    : global_(global), out_(out) {}

alerting::ClientId ReceiverReader::AddClient(net::HttpClientConfig client) {
  const auto known = std::find(out_.clients.begin(), out_.clients.end(), client);
  if (known != out_.clients.end()) {
    return alerting::ClientId(static_cast<std::size_t>(known - out_.clients.begin()));
  }
  out_.clients.push_back(std::move(client));
  return alerting::ClientId(out_.clients.size() - 1);
}

void ReceiverReader::HttpConfig(Fields& fields, Integration& integration) {
  net::HttpClientConfig client;
  const bool own =
      fields.Block("http_config", [&](Fields& http) { HttpClientFields(http, client); });
  integration.client = AddClient(own ? std::move(client) : global_.http);
}

template <typename Config>
void ReceiverReader::Kind(Fields& fields, std::string_view type, bool send_resolved,
                          void (ReceiverReader::*read)(Fields&, Config&, Integration&)) {
  std::vector<Integration> entries;
  fields.Blocks<Integration>(
      std::string(type) + "_configs", entries,
      [&](Fields& entry, Integration& integration) {
        integration.send_resolved = send_resolved;
        integration.index = entries.size() - 1;
        entry.Field("send_resolved", integration.send_resolved);
        if constexpr (!std::is_same_v<Config, alerting::EmailConfig>) {
          HttpConfig(entry, integration);
        }
        Config config;
        (this->*read)(entry, config, integration);
        integration.config = std::move(config);
      },
      "missing " + std::string(type) + " config");
  auto& all = current_->integrations;
  std::move(entries.begin(), entries.end(), std::back_inserter(all));
}

void ReceiverReader::Read(Fields& fields, alerting::ReceiverConfig& receiver) {
  current_ = &receiver;
  fields.Field("name", receiver.name);
  fields.Field("labels", receiver.labels);
  if (receiver.name.empty()) fields.Fail("name", "missing name in receiver");
  Kind(fields, "discord", true, &ReceiverReader::Discord);
  Kind(fields, "email", false, &ReceiverReader::Email);
  Kind(fields, "incidentio", true, &ReceiverReader::Incidentio);
  Kind(fields, "pagerduty", true, &ReceiverReader::Pagerduty);
  Kind(fields, "slack", false, &ReceiverReader::Slack);
  Kind(fields, "webhook", true, &ReceiverReader::Webhook);
  Kind(fields, "opsgenie", true, &ReceiverReader::Opsgenie);
  Kind(fields, "wechat", false, &ReceiverReader::Wechat);
  Kind(fields, "pushover", true, &ReceiverReader::Pushover);
  Kind(fields, "victorops", true, &ReceiverReader::Victorops);
  Kind(fields, "sns", true, &ReceiverReader::Sns);
  Kind(fields, "telegram", true, &ReceiverReader::Telegram);
  Kind(fields, "webex", true, &ReceiverReader::Webex);
  Kind(fields, "msteams", true, &ReceiverReader::Msteams);
  Kind(fields, "msteamsv2", true, &ReceiverReader::MsteamsV2);
  Kind(fields, "jira", true, &ReceiverReader::Jira);
  Kind(fields, "rocketchat", false, &ReceiverReader::Rocketchat);
  Kind(fields, "mattermost", true, &ReceiverReader::Mattermost);
}

void ReceiverReader::Webhook(Fields& fields, alerting::WebhookConfig& config, Integration&) {
  fields.Field("url", config.url.value);
  fields.Path("url_file", config.url.file);
  fields.Field("max_alerts", config.max_alerts);
  GoDurationField(fields, "timeout", config.timeout);
  if (const auto payload = fields.map().Find("payload"); payload && !payload->is_null()) {
    config.payload = ReadPayload(*payload);
  }
  if (config.url.empty()) return fields.Fail("url", "one of url or url_file must be configured");
  if (!config.url.value.empty() && !config.url.file.empty()) {
    fields.Fail("url", "at most one of url & url_file must be configured");
  }
  if (config.url.value.empty()) return;
  if (const auto fault = AnyUrlFault(config.url.value); !fault.empty()) fields.Fail("url", fault);
}

void ReceiverReader::Email(Fields& fields, alerting::EmailConfig& config, Integration& to) {
  config.smarthost_host = global_.smtp_host;
  config.smarthost_port = global_.smtp_port;
  config.require_tls = global_.smtp_require_tls;
  config.implicit_tls = global_.smtp_implicit_tls;

  fields.Field("to", config.to);
  const auto inherited = [&fields](std::string_view key, std::string& value,
                                   const std::string& global) {
    value.clear();
    fields.Field(key, value);
    if (value.empty()) value = global;
  };
  inherited("from", config.from, global_.smtp_from);
  inherited("hello", config.hello, global_.smtp_hello);
  std::string smarthost;
  if (fields.Field("smarthost", smarthost) && !smarthost.empty()) {
    const auto fault = SplitHostPort(smarthost, config.smarthost_host, config.smarthost_port);
    if (!fault.empty()) fields.Fail("smarthost", fault);
  }
  inherited("auth_username", config.auth_username, global_.smtp_auth_username);
  // Upstream takes both here, and then the file.
  const auto secret = [&fields](const std::string& key, alerting::Secret& out) {
    fields.Field(key, out.value);
    fields.Path(key + "_file", out.file);
    if (!out.file.empty()) out.value.clear();
  };
  secret("auth_password", config.auth_password);
  secret("auth_secret", config.auth_secret);
  if (config.auth_password.empty()) config.auth_password = global_.smtp_auth_password;
  if (config.auth_secret.empty()) config.auth_secret = global_.smtp_auth_secret;
  inherited("auth_identity", config.auth_identity, global_.smtp_auth_identity);
  std::map<std::string, std::string> headers;
  fields.Field("headers", headers);
  fields.Field("html", config.html);
  fields.Field("text", config.text);
  fields.Field("require_tls", config.require_tls);
  net::HttpClientConfig client;
  client.tls = global_.smtp_tls;
  fields.Block("tls_config", [&](Fields& tls) {
    client.tls = {};
    TlsFields(tls, client.tls);
  });
  fields.Field("force_implicit_tls", config.implicit_tls);
  fields.Block("threading", [&](Fields& threading) {
    threading.Field("enabled", config.threading);
    std::string by_date;
    threading.Field("thread_by_date", by_date);
    config.thread_by_date = by_date == "daily";
    if (config.threading && by_date != "daily" && by_date != "none") {
      threading.Fail("thread_by_date", "threading.thread_by_date must be either 'none' or 'daily'");
    }
  });
  to.client = AddClient(std::move(client));

  if (config.to.empty()) fields.Fail("to", "missing to address in email config");
  if (config.smarthost_host.empty() && config.smarthost_port.empty()) {
    fields.Fail("smarthost", "no global SMTP smarthost set");
  }
  if (config.from.empty()) fields.Fail("from", "no global SMTP from set");
  std::map<std::string, std::string> titled;
  for (const auto& [name, text] : headers) {
    if (!titled.emplace(TitleCase(name), text).second) {
      fields.Fail("headers", "duplicate header " + Quote(TitleCase(name)) + " in email config");
    }
  }
  titled.emplace("Subject", R"({{ template "email.default.subject" . }})");
  titled.emplace("To", config.to);
  titled.emplace("From", config.from);
  config.headers.assign(titled.begin(), titled.end());
}

// Where the AWS tools look for keys that the file does not have: a profile in the shared
// credentials file, or the environment.
static void CompleteSigv4(alerting::Sigv4Config& sigv4) {
  const auto environment = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  const std::string access_key = environment("AWS_ACCESS_KEY_ID");
  const std::string secret_key = environment("AWS_SECRET_ACCESS_KEY");
  if (sigv4.profile.empty() && !access_key.empty() && !secret_key.empty()) {
    sigv4.access_key = access_key;
    sigv4.secret_key = secret_key;
    sigv4.session_token = environment("AWS_SESSION_TOKEN");
    return;
  }
  if (sigv4.profile.empty()) sigv4.profile = environment("AWS_PROFILE");
  if (sigv4.profile.empty()) sigv4.profile = "default";
  sigv4.credentials_file = environment("AWS_SHARED_CREDENTIALS_FILE");
  if (sigv4.credentials_file.empty() && !environment("HOME").empty())
    sigv4.credentials_file = environment("HOME") + "/.aws/credentials";
}

void ReceiverReader::Sns(Fields& fields, alerting::SnsConfig& config, Integration&) {
  fields.Field("api_url", config.api_url);
  fields.Block("sigv4", [&](Fields& sigv4) {
    auto& out = config.sigv4;
    sigv4.Field("region", out.region);
    sigv4.Field("access_key", out.access_key);
    sigv4.Field("secret_key", out.secret_key);
    sigv4.Field("profile", out.profile);
    sigv4.Field("role_arn", out.role_arn);
    std::string ignored;
    sigv4.Field("external_id", out.external_id);
    sigv4.Field("service_name", ignored);
    sigv4.Field("use_fips_sts_endpoint", out.fips_sts);
    if (!out.external_id.empty() && out.role_arn.empty()) {
      sigv4.Fail("external_id", "external_id can only be used with role_arn");
    }
    if (out.access_key.empty() != out.secret_key.empty()) {
      sigv4.Fail("access_key",
                 "must provide a AWS SigV4 Access key and Secret Key if credentials are specified "
                 "in the SigV4 config");
    }
  });
  if (config.sigv4.access_key.empty()) CompleteSigv4(config.sigv4);
  fields.Field("topic_arn", config.topic_arn);
  fields.Field("phone_number", config.phone_number);
  fields.Field("target_arn", config.target_arn);
  fields.Field("subject", config.subject);
  fields.Field("message", config.message);
  TemplatesField(fields, "attributes", config.attributes);
  bool aws_client = false;
  fields.Field("use_aws_http_client", aws_client);
  const int targets = static_cast<int>(!config.topic_arn.empty()) +
                      static_cast<int>(!config.phone_number.empty()) +
                      static_cast<int>(!config.target_arn.empty());
  if (targets != 1) {
    fields.Fail("topic_arn",
                "must provide either a Target ARN, Topic ARN, or Phone Number for SNS config");
  }
}

void ReceiverReader::Jira(Fields& fields, alerting::JiraConfig& config, Integration&) {
  using Api = alerting::JiraConfig::Api;
  config.api_url = global_.jira_api_url;
  UrlField(fields, "api_url", config.api_url);
  std::string api = "auto";
  fields.Field("api_type", api);
  if (api == "cloud") {
    config.api = Api::kCloud;
  } else if (api == "datacenter") {
    config.api = Api::kDatacenter;
  } else if (api != "auto") {
    fields.Fail("api_type", "unknown api_type on jira_config, must be auto, cloud or datacenter");
  }
  fields.Field("project", config.project);
  fields.Field("issue_type", config.issue_type);
  JiraFieldFields(fields, "summary", config.summary);
  JiraFieldFields(fields, "description", config.description);
  fields.Field("labels", config.labels);
  fields.Field("priority", config.priority);
  fields.Field("reopen_transition", config.reopen_transition);
  fields.Field("resolve_transition", config.resolve_transition);
  fields.Field("wont_fix_resolution", config.wont_fix_resolution);
  fields.Field("reopen_duration", config.reopen_duration);
  const auto read_field = [&config](std::string_view name, const YamlValue& value) {
    config.fields.emplace_back(name, ReadPayload(value));
  };
  fields.map().Entries("fields", read_field);
  // The name before 0.28.1.
  fields.map().Entries("custom_fields", read_field);
  if (config.api_url.empty()) return fields.Fail("api_url", "no global Jira Cloud URL set");
  EndWithSlash(config.api_url);
  if (config.project.empty()) fields.Fail("project", "missing project in jira_config");
  if (config.issue_type.empty()) fields.Fail("issue_type", "missing issue_type in jira_config");
}

void ReceiverReader::Incidentio(Fields& fields, alerting::IncidentioConfig& config,
                                Integration& to) {
  SecretUrlFields(fields, "url", config.url);
  SecretFields(fields, "alert_source_token", config.alert_source_token);
  fields.Field("max_alerts", config.max_alerts);
  GoDurationField(fields, "timeout", config.timeout);
  if (config.url.empty()) fields.Fail("url", "one of url or url_file must be configured");
  // A client of the globals may have credentials: the token then goes before them.
  const auto& client = out_.clients[static_cast<std::size_t>(to.client)];
  const auto own = fields.map().Find("http_config");
  if (!config.alert_source_token.empty() && own && !own->is_null() && client.authorization) {
    fields.Fail("alert_source_token",
                "cannot specify alert_source_token or alert_source_token_file when using "
                "http_config.authorization");
  }
}

}  // namespace meerkat::config
