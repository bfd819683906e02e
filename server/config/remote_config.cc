#include "server/config/remote_config.h"

#include "base/letter_case.h"
#include "base/quote.h"
#include "server/config/http_client_config.h"
#include "server/config/relabel_config.h"

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

}  // namespace

void RefuseSigning(Fields& fields, std::string_view key) {
  if (fields.reading() && fields.map().Find(key)) {
    fields.Fail(key,
                "this way of signing requests is not built in; a signing proxy in front of "
                "the endpoint can do it");
  }
}

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
  for (const std::string_view key : {"sigv4", "azuread", "google_iam"}) RefuseSigning(fields, key);
  if (config.url.empty()) return fields.Fail("url", "url for remote_write is empty");
  CheckUrl(fields, "url", config.url);
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
  if (config.url.empty()) return fields.Fail("url", "url for remote_read is empty");
  CheckUrl(fields, "url", config.url);
  CheckHeaders(fields, config.headers);
}

}  // namespace meerkat::config
