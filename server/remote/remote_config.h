#pragma once

#include <cstdint>
#include <map>
#include <optional>
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

// Requests are signed with AWS Signature Version 4.
struct SigV4Config {
  std::string region;
  std::string access_key;
  net::Secret secret_key;
  std::string profile;
  std::string role_arn;
  std::string external_id;
  bool use_fips_sts_endpoint = false;
  std::string service_name;  // "": aps
  bool operator==(const SigV4Config&) const = default;
};

struct AzureManagedIdentity {
  std::string client_id;  // "": the one that the system assigned
  bool operator==(const AzureManagedIdentity&) const = default;
};
struct AzureWorkloadIdentity {
  std::string client_id;
  std::string tenant_id;
  std::string token_file_path = "/var/run/secrets/azure/tokens/azure-identity-token";
  bool operator==(const AzureWorkloadIdentity&) const = default;
};
struct AzureOauth {
  std::string client_id;
  net::Secret client_secret;
  std::string tenant_id;
  bool operator==(const AzureOauth&) const = default;
};
struct AzureSdk {
  std::string tenant_id;
  bool operator==(const AzureSdk&) const = default;
};
struct AzureCertificate {
  std::string client_id;
  std::string tenant_id;
  std::string certificate_path;
  net::Secret certificate_password;
  bool send_certificate_chain = false;
  bool operator==(const AzureCertificate&) const = default;
};

// Requests carry a token of Microsoft Entra ID. Exactly one identity is set.
struct AzureAdConfig {
  std::optional<AzureManagedIdentity> managed_identity;
  std::optional<AzureWorkloadIdentity> workload_identity;
  std::optional<AzureOauth> oauth;
  std::optional<AzureSdk> sdk;
  std::optional<AzureCertificate> certificate;
  std::string cloud = "AzurePublic";
  std::string scope;  // "": that of Azure Monitor in this cloud
  bool operator==(const AzureAdConfig&) const = default;
};

// Requests carry a token of a Google service account.
struct GoogleIamConfig {
  std::string credentials_file;  // "": what the machine itself is allowed
  bool operator==(const GoogleIamConfig&) const = default;
};

// At most one of http's ways to authorize, sigv4, azuread and google_iam is set.
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
  std::optional<SigV4Config> sigv4;
  std::optional<AzureAdConfig> azuread;
  std::optional<GoogleIamConfig> google_iam;
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
