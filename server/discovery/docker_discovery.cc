#include "server/discovery/docker_discovery.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "server/discovery/dns_discovery.h"
#include "server/discovery/docker_labels.h"

namespace meerkat::discovery {
namespace {

const std::string kPrefix = "__meta_docker_";  // NOLINT(cert-err58-cpp): cannot throw in practice

// The networks of a container, by name. One that shares another container's network has none of
// its own, so the chain of "container:<id>" is followed.
const Json& NetworksOf(const Json& container, const std::map<std::string, const Json*>& by_id) {
  const Json* at = &container;
  for (std::size_t hops = 0; hops <= by_id.size(); ++hops) {
    const Json& networks = Member(Member(*at, "NetworkSettings"), "Networks");
    if (networks.is_object() && !networks.empty()) return networks;
    const std::string mode = Text(Member(*at, "HostConfig"), "NetworkMode");
    constexpr std::string_view kShared = "container:";
    if (!mode.starts_with(kShared)) break;
    const auto other = by_id.find(mode.substr(kShared.size()));
    if (other == by_id.end()) break;
    at = other->second;
  }
  return Member(Member(*at, "NetworkSettings"), "Networks");
}

}  // namespace

TargetGroup DockerTargets(const DockerSd& config, const Json& containers, const Json& networks) {
  TargetGroup group;
  group.source = "Docker";
  if (!containers.is_array()) return group;
  const auto network_labels = NetworkLabels(kPrefix, networks);
  std::map<std::string, const Json*> by_id;
  for (const Json& container : containers) by_id[Text(container, "Id")] = &container;
  for (const Json& container : containers) {
    const Json& names = Member(container, "Names");
    if (!names.is_array() || names.empty()) continue;
    const std::string mode = Text(Member(container, "HostConfig"), "NetworkMode");
    LabelMap common;
    common[kPrefix + "container_id"] = Text(container, "Id");
    common[kPrefix + "container_name"] = names[0].is_string() ? names[0].get<std::string>() : "";
    common[kPrefix + "container_image"] = Text(container, "Image");
    common[kPrefix + "container_image_id"] = Text(container, "ImageID");
    common[kPrefix + "container_network_mode"] = mode;
    AddLabels(common, kPrefix + "container_label_", Member(container, "Labels"));
    for (const auto& [name, network] : NetworksOf(container, by_id).items()) {
      if (network.is_null()) continue;
      const std::string ip = Text(network, "IPAddress");
      LabelMap base = common;
      base[kPrefix + "network_ip"] = ip;
      const auto known = network_labels.find(Text(network, "NetworkID"));
      if (known != network_labels.end()) base.insert(known->second.begin(), known->second.end());
      bool added = false;
      const Json& ports = Member(container, "Ports");
      for (const Json& port : ports.is_array() ? ports : Json::array()) {
        if (Text(port, "Type") != "tcp") continue;
        LabelMap labels = base;
        const std::string private_port = Text(port, "PrivatePort");
        labels[kPrefix + "port_private"] = private_port;
        if (const std::string shown = Text(port, "PublicPort"); !shown.empty() && shown != "0") {
          labels[kPrefix + "port_public"] = shown;
          labels[kPrefix + "port_public_ip"] = Text(port, "IP");
        }
        labels["__address__"] = JoinHostPort(ip, std::strtoull(private_port.c_str(), nullptr, 10));
        group.targets.push_back(ToLabels(labels));
        added = true;
      }
      if (!added) {
        base["__address__"] = mode == "host"
                                  ? config.host_networking_host
                                  : JoinHostPort(ip, static_cast<std::uint64_t>(config.port));
        group.targets.push_back(ToLabels(base));
      }
      // Networks come in name order; the first is the one that counts when only one may.
      if (config.match_first_network) break;
    }
  }
  return group;
}

DockerDiscovery::DockerDiscovery(const DiscoveryContext& context, DockerSd config,
                                 const std::string& name)
    : Refresher(context, "docker", name, config.refresh_interval),
      config_(std::move(config)),
      client_(context, config_.http, config_.host) {}

net::Awaitable<Result<std::vector<TargetGroup>>> DockerDiscovery::Refresh() {
  auto containers = co_await client_.Get("/containers/json" + FilterQuery(config_.filters),
                                         config_.refresh_interval);
  if (!containers) {
    co_return std::move(containers).error().Within("error while listing containers");
  }
  auto networks = co_await client_.Get("/networks", config_.refresh_interval);
  if (!networks) {
    co_return std::move(networks).error().Within("error while computing network labels");
  }
  co_return std::vector<TargetGroup>{DockerTargets(config_, *containers->json, *networks->json)};
}

}  // namespace meerkat::discovery
