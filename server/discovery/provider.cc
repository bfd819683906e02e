#include "server/discovery/provider.h"

#include "server/discovery/consul_discovery.h"
#include "server/discovery/dns_discovery.h"
#include "server/discovery/docker_discovery.h"
#include "server/discovery/ec2_discovery.h"
#include "server/discovery/file_discovery.h"
#include "server/discovery/http_discovery.h"
#include "server/discovery/kubernetes_discovery.h"
#include "server/discovery/static_discovery.h"

namespace meerkat::discovery {
namespace {

struct Make {
  const DiscoveryContext& context;
  const std::string& name;

  std::shared_ptr<Provider> operator()(const StaticSd& config) const {
    return std::make_shared<StaticDiscovery>(config);
  }
  std::shared_ptr<Provider> operator()(const FileSd& config) const {
    return std::make_shared<FileDiscovery>(context, config, name);
  }
  std::shared_ptr<Provider> operator()(const HttpSd& config) const {
    return std::make_shared<HttpDiscovery>(context, config, name);
  }
  std::shared_ptr<Provider> operator()(const DnsSd& config) const {
    return std::make_shared<DnsDiscovery>(context, config, name);
  }
  std::shared_ptr<Provider> operator()(const DockerSd& config) const {
    return std::make_shared<DockerDiscovery>(context, config, name);
  }
  std::shared_ptr<Provider> operator()(const DockerSwarmSd& config) const {
    return std::make_shared<DockerSwarmDiscovery>(context, config, name);
  }
  std::shared_ptr<Provider> operator()(const ConsulSd& config) const {
    return std::make_shared<ConsulDiscovery>(context, config, name);
  }
  std::shared_ptr<Provider> operator()(const KubernetesSd& config) const {
    return std::make_shared<KubernetesDiscovery>(context, config, name);
  }
  std::shared_ptr<Provider> operator()(const Ec2Sd& config) const {
    return std::make_shared<Ec2Discovery>(context, config, name);
  }
};

}  // namespace

std::shared_ptr<Provider> NewProvider(const DiscoveryContext& context, const SdConfig& config,
                                      const std::string& name) {
  return std::visit(Make{context, name}, config);
}

}  // namespace meerkat::discovery
