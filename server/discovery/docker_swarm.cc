#include <nlohmann/json.hpp>
#include <utility>

#include "server/discovery/dns_discovery.h"
#include "server/discovery/docker_discovery.h"
#include "server/discovery/docker_labels.h"

namespace meerkat::discovery {
namespace {

const std::string kPrefix = "__meta_dockerswarm_";  // NOLINT(cert-err58-cpp): cannot throw

const Json& Items(const Json& list) {
  static const Json* const kNone = new Json(Json::array());
  return list.is_array() ? list : *kNone;
}

// 10.0.0.5/24 without the mask.
std::string IpOf(const std::string& cidr) {
  return cidr.substr(0, cidr.find('/'));
}

std::uint64_t PortOf(const Json& port) {
  return std::strtoull(Text(port, "PublishedPort").c_str(), nullptr, 10);
}

void Join(LabelMap& labels, const std::map<std::string, LabelMap>& by_id, const std::string& id) {
  const auto known = by_id.find(id);
  if (known != by_id.end()) labels.insert(known->second.begin(), known->second.end());
}

// What services and their tasks have in common.
LabelMap ServiceLabels(const Json& service) {
  const Json& spec = Member(service, "Spec");
  LabelMap labels;
  labels[kPrefix + "service_id"] = Text(service, "ID");
  labels[kPrefix + "service_name"] = Text(spec, "Name");
  const Json& mode = Member(spec, "Mode");
  if (!Member(mode, "Global").is_null()) labels[kPrefix + "service_mode"] = "global";
  if (!Member(mode, "Replicated").is_null()) labels[kPrefix + "service_mode"] = "replicated";
  AddLabels(labels, kPrefix + "service_label_", Member(spec, "Labels"));
  return labels;
}

LabelMap NodeLabels(const Json& node) {
  const Json& spec = Member(node, "Spec");
  const Json& description = Member(node, "Description");
  const Json& platform = Member(description, "Platform");
  LabelMap labels;
  labels[kPrefix + "node_id"] = Text(node, "ID");
  labels[kPrefix + "node_role"] = Text(spec, "Role");
  labels[kPrefix + "node_availability"] = Text(spec, "Availability");
  labels[kPrefix + "node_hostname"] = Text(description, "Hostname");
  labels[kPrefix + "node_platform_architecture"] = Text(platform, "Architecture");
  labels[kPrefix + "node_platform_os"] = Text(platform, "OS");
  labels[kPrefix + "node_status"] = Text(Member(node, "Status"), "State");
  labels[kPrefix + "node_address"] = Text(Member(node, "Status"), "Addr");
  AddLabels(labels, kPrefix + "node_label_", Member(spec, "Labels"));
  return labels;
}

}  // namespace

TargetGroup SwarmServiceTargets(const DockerSwarmSd& config, const Json& services,
                                const Json& networks) {
  TargetGroup group;
  group.source = "DockerSwarm";
  const auto network_labels = NetworkLabels(kPrefix, networks);
  for (const Json& service : Items(services)) {
    LabelMap common = ServiceLabels(service);
    const Json& container =
        Member(Member(Member(service, "Spec"), "TaskTemplate"), "ContainerSpec");
    common[kPrefix + "service_task_container_hostname"] = Text(container, "Hostname");
    common[kPrefix + "service_task_container_image"] = Text(container, "Image");
    const Json& update = Member(service, "UpdateStatus");
    if (!update.is_null()) common[kPrefix + "service_updating_status"] = Text(update, "State");
    const Json& endpoint = Member(service, "Endpoint");
    for (const Json& virtual_ip : Items(Member(endpoint, "VirtualIPs"))) {
      const std::string ip = IpOf(Text(virtual_ip, "Addr"));
      LabelMap base = common;
      Join(base, network_labels, Text(virtual_ip, "NetworkID"));
      bool added = false;
      for (const Json& port : Items(Member(endpoint, "Ports"))) {
        if (Text(port, "Protocol") != "tcp") continue;
        LabelMap labels = base;
        labels[kPrefix + "service_endpoint_port_name"] = Text(port, "Name");
        labels[kPrefix + "service_endpoint_port_publish_mode"] = Text(port, "PublishMode");
        labels["__address__"] = JoinHostPort(ip, PortOf(port));
        group.targets.push_back(ToLabels(labels));
        added = true;
      }
      if (added) continue;
      base["__address__"] = JoinHostPort(ip, static_cast<std::uint64_t>(config.port));
      group.targets.push_back(ToLabels(base));
    }
  }
  return group;
}

TargetGroup SwarmTaskTargets(const DockerSwarmSd& config, const Json& tasks, const Json& services,
                             const Json& nodes, const Json& networks) {
  TargetGroup group;
  group.source = "DockerSwarm";
  const auto network_labels = NetworkLabels(kPrefix, networks);
  std::map<std::string, LabelMap> service_labels;
  std::map<std::string, const Json*> service_ports;
  for (const Json& service : Items(services)) {
    service_labels[Text(service, "ID")] = ServiceLabels(service);
    service_ports[Text(service, "ID")] = &Member(Member(service, "Endpoint"), "Ports");
  }
  std::map<std::string, LabelMap> node_labels;
  for (const Json& node : Items(nodes)) node_labels[Text(node, "ID")] = NodeLabels(node);

  for (const Json& task : Items(tasks)) {
    const Json& status = Member(task, "Status");
    LabelMap common;
    common[kPrefix + "task_id"] = Text(task, "ID");
    common[kPrefix + "task_desired_state"] = Text(task, "DesiredState");
    common[kPrefix + "task_state"] = Text(status, "State");
    const std::string slot = Text(task, "Slot");
    common[kPrefix + "task_slot"] = slot.empty() ? "0" : slot;
    common[kPrefix + "task_container_id"] = Text(Member(status, "ContainerStatus"), "ContainerID");
    AddLabels(common, kPrefix + "container_label_",
              Member(Member(Member(task, "Spec"), "ContainerSpec"), "Labels"));
    const std::string service = Text(task, "ServiceID");
    Join(common, service_labels, service);
    Join(common, node_labels, Text(task, "NodeID"));

    for (const Json& port : Items(Member(Member(status, "PortStatus"), "Ports"))) {
      if (Text(port, "Protocol") != "tcp") continue;
      LabelMap labels = common;
      labels[kPrefix + "task_port_publish_mode"] = Text(port, "PublishMode");
      labels["__address__"] = JoinHostPort(common[kPrefix + "node_address"], PortOf(port));
      group.targets.push_back(ToLabels(labels));
    }
    for (const Json& attachment : Items(Member(task, "NetworksAttachments"))) {
      for (const Json& address : Items(Member(attachment, "Addresses"))) {
        const std::string ip = IpOf(address.is_string() ? address.get<std::string>() : "");
        LabelMap base = common;
        Join(base, network_labels, Text(Member(attachment, "Network"), "ID"));
        bool added = false;
        const auto ports = service_ports.find(service);
        for (const Json& port :
             ports == service_ports.end() ? Items(Json()) : Items(*ports->second)) {
          if (Text(port, "Protocol") != "tcp") continue;
          LabelMap labels = base;
          labels[kPrefix + "task_port_publish_mode"] = Text(port, "PublishMode");
          labels["__address__"] = JoinHostPort(ip, PortOf(port));
          group.targets.push_back(ToLabels(labels));
          added = true;
        }
        if (added) continue;
        base["__address__"] = JoinHostPort(ip, static_cast<std::uint64_t>(config.port));
        group.targets.push_back(ToLabels(base));
      }
    }
  }
  return group;
}

TargetGroup SwarmNodeTargets(const DockerSwarmSd& config, const Json& nodes) {
  TargetGroup group;
  group.source = "DockerSwarm";
  for (const Json& node : Items(nodes)) {
    LabelMap labels = NodeLabels(node);
    labels[kPrefix + "node_engine_version"] =
        Text(Member(Member(node, "Description"), "Engine"), "EngineVersion");
    const Json& manager = Member(node, "ManagerStatus");
    if (!manager.is_null()) {
      const std::string leader = Text(manager, "Leader");
      labels[kPrefix + "node_manager_leader"] = leader.empty() ? "false" : leader;
      labels[kPrefix + "node_manager_reachability"] = Text(manager, "Reachability");
      labels[kPrefix + "node_manager_address"] = Text(manager, "Addr");
    }
    labels["__address__"] =
        JoinHostPort(labels[kPrefix + "node_address"], static_cast<std::uint64_t>(config.port));
    group.targets.push_back(ToLabels(labels));
  }
  return group;
}

DockerSwarmDiscovery::DockerSwarmDiscovery(const DiscoveryContext& context, DockerSwarmSd config,
                                           const std::string& name)
    : Refresher(context, "dockerswarm", name, config.refresh_interval),
      config_(std::move(config)),
      client_(context, config_.http, config_.host) {}

net::Awaitable<Result<std::vector<TargetGroup>>> DockerSwarmDiscovery::Refresh() {
  using Role = DockerSwarmSd::Role;
  const Millis timeout = config_.refresh_interval;
  const std::string query = FilterQuery(config_.filters);
  if (config_.role == Role::kNodes) {
    auto nodes = co_await client_.Get("/nodes" + query, timeout);
    if (!nodes) co_return std::move(nodes).error().Within("error while listing swarm nodes");
    co_return std::vector<TargetGroup>{SwarmNodeTargets(config_, *nodes->json)};
  }
  auto networks = co_await client_.Get("/networks", timeout);
  if (!networks) {
    co_return std::move(networks).error().Within("error while computing swarm network labels");
  }
  const bool tasks_role = config_.role == Role::kTasks;
  auto services = co_await client_.Get("/services" + (tasks_role ? "" : query), timeout);
  if (!services) {
    co_return std::move(services).error().Within("error while listing swarm services");
  }
  if (!tasks_role) {
    co_return std::vector<TargetGroup>{
        SwarmServiceTargets(config_, *services->json, *networks->json)};
  }
  auto tasks = co_await client_.Get("/tasks" + query, timeout);
  if (!tasks) co_return std::move(tasks).error().Within("error while listing swarm tasks");
  auto nodes = co_await client_.Get("/nodes", timeout);
  if (!nodes) co_return std::move(nodes).error().Within("error while computing nodes labels");
  co_return std::vector<TargetGroup>{
      SwarmTaskTargets(config_, *tasks->json, *services->json, *nodes->json, *networks->json)};
}

}  // namespace meerkat::discovery
