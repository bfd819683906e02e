#include <cstdlib>
#include <filesystem>

#include "server/config/fields.h"
#include "server/config/kubeconfig.h"
#include "server/config/prometheus_config.h"
#include "server/discovery/kubernetes_discovery.h"

namespace meerkat::discovery {
namespace {

constexpr std::string_view kAccount = "/var/run/secrets/kubernetes.io/serviceaccount/";

std::string Environment(const char* name) {
  const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): never set
  return value == nullptr ? "" : value;
}

Result<KubernetesAccess> InCluster() {
  const std::string host = Environment("KUBERNETES_SERVICE_HOST");
  const std::string port = Environment("KUBERNETES_SERVICE_PORT");
  if (host.empty() || port.empty()) {
    return Error(Code::kInvalid,
                 "unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and "
                 "KUBERNETES_SERVICE_PORT must be defined");
  }
  KubernetesAccess access;
  const bool brackets = host.find(':') != std::string::npos;
  access.server = "https://" + (brackets ? "[" + host + "]" : host) + ":" + port;
  const std::string account(kAccount);
  access.http.authorization =
      net::Authorization{.type = "Bearer", .credentials = {.value = {}, .file = account + "token"}};
  access.http.tls.ca_file = account + "ca.crt";
  if (auto text = config::ReadFile(account + "namespace")) access.own_namespace = *text;
  return access;
}

}  // namespace

Result<KubernetesAccess> FindKubernetes(const KubernetesSd& config) {
  if (!config.kubeconfig_file.empty()) {
    auto file = config::ReadKubeconfig(config.kubeconfig_file);
    if (!file) return std::move(file).error();
    return KubernetesAccess{file->server, file->name_space, file->http};
  }
  if (config.api_server.empty()) return InCluster();
  KubernetesAccess access;
  access.server = config.api_server;
  while (access.server.ends_with('/')) access.server.pop_back();
  access.http = config.http;
  return access;
}

}  // namespace meerkat::discovery
