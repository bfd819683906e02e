#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/relabel.h"
#include "server/net/client_config.h"

namespace meerkat::remote {

struct QueueConfig {
  int capacity = 10000;
  int max_shards = 50;
  int min_shards = 1;
  int max_samples_per_send = 2000;
  Millis batch_send_deadline = std::chrono::seconds(5);
  Millis min_backoff{30};
  Millis max_backoff = std::chrono::seconds(5);
  bool retry_on_http_429 = false;
  Millis sample_age_limit{0};  // 0: none
  bool operator==(const QueueConfig&) const = default;
};

struct MetadataConfig {
  bool send = true;
  Millis send_interval = std::chrono::minutes(1);
  int max_samples_per_send = 2000;
  bool operator==(const MetadataConfig&) const = default;
};

struct RemoteWriteConfig {
  enum class Message : unsigned char { kV1, kV2 };
  std::string url;
  Millis remote_timeout = std::chrono::seconds(30);
  std::map<std::string, std::string> headers;
  std::vector<RelabelRule> write_relabel_rules;
  std::string name;  // "" : made of the configuration's hash
  bool send_exemplars = false;
  bool send_native_histograms = false;
  bool round_robin_dns = false;
  bool failed_request_logging = false;
  Message message = Message::kV1;
  net::HttpClientConfig http;
  QueueConfig queue;
  MetadataConfig metadata;
  bool operator==(const RemoteWriteConfig&) const = default;
};

struct RemoteReadConfig {
  std::string url;
  Millis remote_timeout = std::chrono::minutes(1);
  std::uint64_t chunked_read_limit = 50'000'000;  // bytes of one frame
  std::map<std::string, std::string> headers;
  bool read_recent = false;
  std::string name;
  net::HttpClientConfig http;
  std::map<std::string, std::string> required_matchers;
  bool filter_external_labels = true;
  bool operator==(const RemoteReadConfig&) const = default;
};

}  // namespace meerkat::remote
