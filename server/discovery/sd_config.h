#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/labels.h"
#include "server/net/client_config.h"

// What service discovery can be told, one plain struct for each kind. server/config fills them.
namespace meerkat::discovery {

// Targets that share labels. Each target is a label set with at least __address__.
struct TargetGroup {
  std::vector<Labels> targets;
  Labels labels;
  std::string source;  // names the group within its provider
  bool operator==(const TargetGroup&) const = default;
};

using Filters = std::vector<std::pair<std::string, std::vector<std::string>>>;

struct StaticSd {
  std::vector<TargetGroup> groups;
  bool operator==(const StaticSd&) const = default;
};

struct FileSd {
  std::vector<std::string> files;  // absolute or relative to the working directory; * in the name
  Millis refresh_interval = std::chrono::minutes(5);
  bool operator==(const FileSd&) const = default;
};

struct HttpSd {
  std::string url;
  Millis refresh_interval = std::chrono::seconds(60);
  net::HttpClientConfig http;
  bool operator==(const HttpSd&) const = default;
};

struct DnsSd {
  enum class Type : unsigned char { kSrv, kA, kAaaa, kMx, kNs };
  std::vector<std::string> names;
  Type type = Type::kSrv;
  int port = 0;
  Millis refresh_interval = std::chrono::seconds(30);
  bool operator==(const DnsSd&) const = default;
};

struct DockerSd {
  std::string host;
  int port = 80;
  Filters filters;
  std::string host_networking_host = "localhost";
  bool match_first_network = true;
  Millis refresh_interval = std::chrono::seconds(60);
  net::HttpClientConfig http;
  bool operator==(const DockerSd&) const = default;
};

struct DockerSwarmSd {
  enum class Role : unsigned char { kServices, kTasks, kNodes };
  std::string host;
  Role role = Role::kServices;
  int port = 80;
  Filters filters;
  Millis refresh_interval = std::chrono::seconds(60);
  net::HttpClientConfig http;
  bool operator==(const DockerSwarmSd&) const = default;
};

struct ConsulSd {
  std::string server = "localhost:8500";
  std::string path_prefix;
  net::Secret token;
  std::string datacenter;
  std::string name_space;
  std::string partition;
  std::string tag_separator = ",";
  std::string scheme = "http";
  bool allow_stale = true;
  Millis refresh_interval = std::chrono::seconds(30);
  std::vector<std::string> services;
  std::vector<std::string> tags;
  std::map<std::string, std::string> node_meta;
  std::string filter;
  std::string health_filter;
  net::HttpClientConfig http;
  bool operator==(const ConsulSd&) const = default;
};

struct KubernetesSd {
  enum class Role : unsigned char { kNode, kPod, kService, kEndpoints, kEndpointSlice, kIngress };
  struct Selector {
    Role role = Role::kPod;
    std::string label;
    std::string field;
    bool operator==(const Selector&) const = default;
  };
  std::string api_server;  // "": in cluster, or what the kubeconfig says
  Role role = Role::kPod;
  std::string kubeconfig_file;
  bool own_namespace = false;
  std::vector<std::string> namespaces;  // empty: all
  std::vector<Selector> selectors;
  bool attach_node = false;
  bool attach_namespace = false;
  bool attach_deployment = false;
  bool attach_job = false;
  bool attach_cronjob = false;
  net::HttpClientConfig http;
  bool operator==(const KubernetesSd&) const = default;
};

struct Ec2Sd {
  std::string endpoint;
  std::string region;
  std::string access_key;
  net::Secret secret_key;
  std::string profile;
  std::string role_arn;
  std::string external_id;
  Millis refresh_interval = std::chrono::seconds(60);
  int port = 80;
  Filters filters;
  net::HttpClientConfig http;
  bool operator==(const Ec2Sd&) const = default;
};

using SdConfig = std::variant<StaticSd, FileSd, HttpSd, DnsSd, DockerSd, DockerSwarmSd, ConsulSd,
                              KubernetesSd, Ec2Sd>;
using SdConfigs = std::vector<SdConfig>;

}  // namespace meerkat::discovery
