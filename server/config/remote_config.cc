#include "server/config/remote_config.h"

#include "base/letter_case.h"
#include "base/quote.h"
#include "server/config/cloud_auth_config.h"
#include "server/config/http_client_config.h"
#include "server/config/relabel_config.h"
#include "server/net/url.h"

namespace meerkat::config {
namespace {

using remote::QueueConfig;
using remote::RemoteReadConfig;
using remote::RemoteWriteConfig;

constexpr std::string_view kReserved[] = {
    "authorization",       "host",
    "content-encoding",    "content-length",
    "content-type",        "x-prometheus-remote-write-version",
    "user-agent",          "connection",
    "keep-alive",          "proxy-authenticate",
    "proxy-authorization", "www-authenticate",
    "accept-encoding",     "x-prometheus-remote-read-version"};

void CheckHeaders(Fields& fields, const std::map<std::string, std::string>& headers) {
  for (const auto& [name, value] : headers) {
    const std::string lower = ToLower(name);
    if (lower == "authorization") {
      fields.Fail("headers",
                  "authorization header must be changed via the basic_auth, "
                  "authorization, oauth2, sigv4, azuread or google_iam parameter");
    }
    for (const std::string_view reserved : kReserved) {
      if (lower == reserved) {
        fields.Fail("headers", name + " is a reserved header. It must not be changed");
      }
    }
  }
}

void QueueFields(Fields& fields, QueueConfig& queue) {
  fields.Field("capacity", queue.capacity);
  fields.Field("max_shards", queue.max_shards);
  fields.Field("min_shards", queue.min_shards);
  fields.Field("max_samples_per_send", queue.max_samples_per_send);
  fields.Field("batch_send_deadline", queue.batch_send_deadline);
  fields.Field("min_backoff", queue.min_backoff);
  fields.Field("max_backoff", queue.max_backoff);
  fields.Field("retry_on_http_429", queue.retry_on_http_429);
  fields.Field("sample_age_limit", queue.sample_age_limit);
  const auto positive = [&](std::string_view key, auto value) {
    if (value <= decltype(value){}) {
      fields.Fail(key, std::string(key) + " must be greater than 0");
    }
  };
  positive("capacity", queue.capacity);
  positive("max_shards", queue.max_shards);
  positive("min_shards", queue.min_shards);
  positive("max_samples_per_send", queue.max_samples_per_send);
  positive("batch_send_deadline", queue.batch_send_deadline);
  positive("min_backoff", queue.min_backoff);
  positive("max_backoff", queue.max_backoff);
  if (queue.min_shards > queue.max_shards) {
    fields.Fail("min_shards", "min_shards must be less than or equal to max_shards");
  }
  if (queue.min_backoff > queue.max_backoff) {
    fields.Fail("min_backoff", "min_backoff must be less than or equal to max_backoff");
  }
}

void CheckOneAuthorization(Fields& fields, const RemoteWriteConfig& config) {
  const std::pair<std::string_view, bool> ways[] = {
      {"basic_auth", config.http.basic_auth.has_value()},
      {"authorization", config.http.authorization.has_value()},
      {"oauth2", config.http.oauth2.has_value()},
      {"sigv4", config.sigv4.has_value()},
      {"azuread", config.azuread.has_value()},
      {"google_iam", config.google_iam.has_value()},
  };
  std::string configured;
  std::string_view last;
  int count = 0;
  for (const auto& [key, given] : ways) {
    if (!given) continue;
    configured.append(configured.empty() ? "" : " ").append(key);
    last = key;
    ++count;
  }
  if (count <= 1) return;
  fields.Fail(last,
              "at most one of basic_auth, authorization, oauth2, sigv4, azuread, or google_iam "
              "must be configured. Currently configured: [" +
                  configured + "]");
}

// Upstream takes any URL that can be read and finds out later.
void CheckEndpoint(Fields& fields, const std::string& text, std::string_view section) {
  if (!fields.reading()) return;
  const auto value = fields.map().Find("url");
  if (!value || value->is_null()) {
    return fields.Fail("url", "url for " + std::string(section) + " is empty");
  }
  const auto url = net::Url::Parse(text);
  if (!url) return fields.Fail("url", url.error().message());
  fields.map().Warn("url", "remote storage is not asked or sent to; this section has no effect");
  if ((url->scheme != "http" && url->scheme != "https") || url->host.empty()) {
    fields.map().Warn("url", Quote(text) + " is no http or https URL");
  }
}

}  // namespace

void RemoteWriteFields(Fields& fields, RemoteWriteConfig& config) {
  using Message = RemoteWriteConfig::Message;
  static constexpr std::pair<std::string_view, Message> kMessages[] = {
      {"prometheus.WriteRequest", Message::kV1}, {"io.prometheus.write.v2.Request", Message::kV2}};
  if (fields.reading()) config.http.enable_http2 = false;
  fields.Field("url", config.url, Show::kAlways);
  fields.Field("remote_timeout", config.remote_timeout);
  fields.Field("headers", config.headers);
  RelabelFields(fields, "write_relabel_configs", config.write_relabel_rules,
                "empty or null relabeling rule in remote write config");
  fields.Field("name", config.name);
  fields.Field("send_exemplars", config.send_exemplars);
  fields.Field("send_native_histograms", config.send_native_histograms);
  fields.Field("round_robin_dns", config.round_robin_dns);
  fields.Enum<Message>("protobuf_message", config.message, kMessages, Show::kAlways,
                       [](const std::string& text) {
                         return "unknown type for remote write protobuf message " + text +
                                ", supported: prometheus.WriteRequest, "
                                "io.prometheus.write.v2.Request";
                       });
  fields.Field("failed_request_logging", config.failed_request_logging);
  HttpClientFields(fields, config.http);
  fields.Block("queue_config", [&](Fields& queue) { QueueFields(queue, config.queue); });
  fields.Block("metadata_config", [&](Fields& metadata) {
    metadata.Field("send", config.metadata.send, Show::kAlways);
    metadata.Field("send_interval", config.metadata.send_interval, Show::kAlways);
    metadata.Field("max_samples_per_send", config.metadata.max_samples_per_send);
    if (config.metadata.max_samples_per_send <= 0) {
      metadata.Fail("max_samples_per_send", "max_samples_per_send must be greater than 0");
    }
  });
  fields.OptionalBlock<remote::SigV4Config>("sigv4", config.sigv4, SigV4Fields);
  fields.OptionalBlock<remote::AzureAdConfig>("azuread", config.azuread, AzureAdFields);
  fields.OptionalBlock<remote::GoogleIamConfig>("google_iam", config.google_iam, GoogleIamFields);
  CheckEndpoint(fields, config.url, "remote_write");
  CheckOneAuthorization(fields, config);
  CheckHeaders(fields, config.headers);
}

void RemoteReadFields(Fields& fields, RemoteReadConfig& config) {
  fields.Field("url", config.url, Show::kAlways);
  fields.Field("remote_timeout", config.remote_timeout);
  fields.Field("chunked_read_limit", config.chunked_read_limit);
  fields.Field("headers", config.headers);
  fields.Field("read_recent", config.read_recent);
  fields.Field("name", config.name);
  HttpClientFields(fields, config.http);
  fields.Field("required_matchers", config.required_matchers);
  fields.Field("filter_external_labels", config.filter_external_labels);
  CheckEndpoint(fields, config.url, "remote_read");
  if (config.required_matchers.contains("")) {
    fields.Fail("required_matchers", "\"\" is not a valid label name");
  }
  CheckHeaders(fields, config.headers);
}

}  // namespace meerkat::config
