#include "server/discovery/kubernetes_targets.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/letter_case.h"
#include "server/discovery/dns_discovery.h"
#include "server/discovery/docker_labels.h"
#include "server/discovery/group_json.h"

namespace meerkat::discovery {
namespace {

const std::string kPrefix = "__meta_kubernetes_";  // NOLINT(cert-err58-cpp): cannot throw

const Json& Items(const Json& list) {
  static const Json* const kNone = new Json(Json::array());
  return list.is_array() ? list : *kNone;
}

std::string NameOf(const Json& object) {
  return Text(Member(object, "metadata"), "name");
}
std::string NamespaceOf(const Json& object) {
  return Text(Member(object, "metadata"), "namespace");
}
std::uint64_t Number(const Json& object, const char* key) {
  return std::strtoull(Text(object, key).c_str(), nullptr, 10);
}

// The name, every label and annotation of an object, and that they are present.
void AddMeta(LabelMap& labels, const std::string& role, const Json& object) {
  const Json& metadata = Member(object, "metadata");
  labels[kPrefix + role + "_name"] = Text(metadata, "name");
  const auto add = [&](const char* key, const std::string& family) {
    const Json& map = Member(metadata, key);
    if (!map.is_object()) return;
    for (const auto& [name, value] : map.items()) {
      const std::string label = SanitizeLabelName(name);
      if (value.is_string()) labels[kPrefix + role + "_" + family + "_" + label] = value;
      labels[kPrefix + role + "_" + family + "present_" + label] = "true";
    }
  };
  add("labels", "label");
  add("annotations", "annotation");
}

// What is known of all kinds while groups are built.
struct Cluster {
  const KubernetesSd& config;
  const KubernetesStores& stores;

  const Json* Find(KubernetesKind kind, const std::string& key) const {
    const auto store = stores.find(kind);
    if (store == stores.end()) return nullptr;
    const auto object = store->second.find(key);
    return object == store->second.end() ? nullptr : object->second.get();
  }
  void AttachNode(LabelMap& labels, const std::string& name) const {
    if (!config.attach_node) return;
    if (const Json* const node = Find(KubernetesKind::kNode, name)) AddMeta(labels, "node", *node);
  }
  // A job that a cron job made names it as its controller.
  void AttachCronJob(LabelMap& labels, const Json& pod, const std::string& name) const {
    const Json* const job = Find(KubernetesKind::kJob, NamespaceOf(pod) + "/" + name);
    if (job == nullptr) return;
    for (const Json& owner : Items(Member(Member(*job, "metadata"), "ownerReferences"))) {
      if (Text(owner, "controller") == "true" && Text(owner, "kind") == "CronJob") {
        labels[kPrefix + "pod_cronjob_name"] = Text(owner, "name");
      }
    }
  }
  void AttachNamespace(LabelMap& labels, const std::string& name) const {
    if (!config.attach_namespace) return;
    const Json* const object = Find(KubernetesKind::kNamespace, name);
    if (object == nullptr) return;
    AddMeta(labels, "namespace", *object);
    labels.erase(kPrefix + "namespace_name");
  }
};

TargetGroup NewGroup(const std::string& kind, const Json& object, LabelMap& labels) {
  TargetGroup group;
  const std::string name_space = NamespaceOf(object);
  group.source = kind + "/" + (name_space.empty() ? "" : name_space + "/") + NameOf(object);
  if (!name_space.empty()) labels[kPrefix + "namespace"] = name_space;
  return group;
}

TargetGroup NodeGroup(const Cluster&, const Json& node) {
  LabelMap labels;
  TargetGroup group = NewGroup("node", node, labels);
  AddMeta(labels, "node", node);
  labels[kPrefix + "node_provider_id"] = Text(Member(node, "spec"), "providerID");
  const Json& status = Member(node, "status");
  for (const Json& condition : Items(Member(status, "conditions"))) {
    labels[kPrefix + "node_condition_" + SanitizeLabelName(ToLower(Text(condition, "type")))] =
        ToLower(Text(condition, "status"));
  }
  group.labels = ToLabels(labels);

  std::map<std::string, std::string> addresses;
  for (const Json& address : Items(Member(status, "addresses"))) {
    addresses.emplace(Text(address, "type"), Text(address, "address"));
  }
  std::string chosen;
  for (const char* type :
       {"InternalIP", "InternalDNS", "ExternalIP", "ExternalDNS", "LegacyHostIP", "Hostname"}) {
    if (chosen.empty() && addresses.contains(type)) chosen = addresses[type];
  }
  if (chosen.empty()) return group;
  const Json& kubelet = Member(Member(status, "daemonEndpoints"), "kubeletEndpoint");
  LabelMap target;
  target["__address__"] = JoinHostPort(chosen, Number(kubelet, "Port"));
  target["instance"] = NameOf(node);
  for (const auto& [type, address] : addresses) {
    target[kPrefix + "node_address_" + SanitizeLabelName(type)] = address;
  }
  group.targets.push_back(ToLabels(target));
  return group;
}

TargetGroup ServiceGroup(const Cluster& cluster, const Json& service) {
  LabelMap labels;
  TargetGroup group = NewGroup("svc", service, labels);
  AddMeta(labels, "service", service);
  cluster.AttachNamespace(labels, NamespaceOf(service));
  group.labels = ToLabels(labels);
  const Json& spec = Member(service, "spec");
  const std::string type = Text(spec, "type");
  for (const Json& port : Items(Member(spec, "ports"))) {
    LabelMap target;
    target["__address__"] =
        JoinHostPort(NameOf(service) + "." + NamespaceOf(service) + ".svc", Number(port, "port"));
    target[kPrefix + "service_port_name"] = Text(port, "name");
    target[kPrefix + "service_port_number"] = Text(port, "port");
    target[kPrefix + "service_port_protocol"] = Text(port, "protocol");
    target[kPrefix + "service_type"] = type;
    if (type == "ExternalName") {
      target[kPrefix + "service_external_name"] = Text(spec, "externalName");
    } else {
      target[kPrefix + "service_cluster_ip"] = Text(spec, "clusterIP");
    }
    if (type == "LoadBalancer") {
      target[kPrefix + "service_loadbalancer_ip"] = Text(spec, "loadBalancerIP");
    }
    group.targets.push_back(ToLabels(target));
  }
  return group;
}

LabelMap PodLabels(const Cluster& cluster, const Json& pod) {
  const Json& status = Member(pod, "status");
  const Json& metadata = Member(pod, "metadata");
  LabelMap labels;
  AddMeta(labels, "pod", pod);
  labels[kPrefix + "pod_ip"] = Text(status, "podIP");
  labels[kPrefix + "pod_phase"] = Text(status, "phase");
  labels[kPrefix + "pod_host_ip"] = Text(status, "hostIP");
  labels[kPrefix + "pod_node_name"] = Text(Member(pod, "spec"), "nodeName");
  labels[kPrefix + "pod_uid"] = Text(metadata, "uid");
  labels[kPrefix + "pod_ready"] = "unknown";
  for (const Json& condition : Items(Member(status, "conditions"))) {
    if (Text(condition, "type") == "Ready") {
      labels[kPrefix + "pod_ready"] = ToLower(Text(condition, "status"));
    }
  }
  for (const Json& owner : Items(Member(metadata, "ownerReferences"))) {
    if (Text(owner, "controller") != "true") continue;
    const std::string kind = Text(owner, "kind");
    const std::string name = Text(owner, "name");
    labels[kPrefix + "pod_controller_kind"] = kind;
    labels[kPrefix + "pod_controller_name"] = name;
    // A ReplicaSet of a deployment is named by it and by the hash that its pods carry as a label.
    const std::string hash = "-" + Text(Member(metadata, "labels"), "pod-template-hash");
    if (cluster.config.attach_deployment && kind == "ReplicaSet" && hash.size() > 1 &&
        name.ends_with(hash)) {
      labels[kPrefix + "pod_deployment_name"] = name.substr(0, name.size() - hash.size());
    }
    if (cluster.config.attach_job && kind == "Job") labels[kPrefix + "pod_job_name"] = name;
    if (cluster.config.attach_cronjob && kind == "Job") cluster.AttachCronJob(labels, pod, name);
  }
  return labels;
}

std::string ContainerId(const Json& pod, const std::string& name, bool init) {
  const char* const key = init ? "initContainerStatuses" : "containerStatuses";
  for (const Json& status : Items(Member(Member(pod, "status"), key))) {
    if (Text(status, "name") == name) return Text(status, "containerID");
  }
  return "";
}

// Calls `visit(container, init)` for every container of a pod, the init containers last.
template <typename Visit>
void ForEachContainer(const Json& pod, Visit visit) {
  const Json& spec = Member(pod, "spec");
  for (const Json& container : Items(Member(spec, "containers"))) visit(container, false);
  for (const Json& container : Items(Member(spec, "initContainers"))) visit(container, true);
}

void AddContainer(LabelMap& labels, const Json& pod, const Json& container, bool init) {
  const std::string name = Text(container, "name");
  labels[kPrefix + "pod_container_name"] = name;
  labels[kPrefix + "pod_container_id"] = ContainerId(pod, name, init);
  labels[kPrefix + "pod_container_image"] = Text(container, "image");
  labels[kPrefix + "pod_container_init"] = init ? "true" : "false";
}

void AddContainerPort(LabelMap& labels, const Json& port) {
  labels[kPrefix + "pod_container_port_name"] = Text(port, "name");
  labels[kPrefix + "pod_container_port_number"] = Text(port, "containerPort");
  labels[kPrefix + "pod_container_port_protocol"] = Text(port, "protocol");
}

TargetGroup PodGroup(const Cluster& cluster, const Json& pod) {
  LabelMap labels = PodLabels(cluster, pod);
  TargetGroup group = NewGroup("pod", pod, labels);
  const std::string ip = Text(Member(pod, "status"), "podIP");
  if (ip.empty()) return group;  // not yet, or no longer
  cluster.AttachNode(labels, Text(Member(pod, "spec"), "nodeName"));
  cluster.AttachNamespace(labels, NamespaceOf(pod));
  group.labels = ToLabels(labels);
  ForEachContainer(pod, [&](const Json& container, bool init) {
    const Json& ports = Items(Member(container, "ports"));
    LabelMap target;
    AddContainer(target, pod, container, init);
    if (ports.empty()) {
      target["__address__"] = ip;
      group.targets.push_back(ToLabels(target));
    }
    for (const Json& port : ports) {
      target["__address__"] = JoinHostPort(ip, Number(port, "containerPort"));
      AddContainerPort(target, port);
      group.targets.push_back(ToLabels(target));
    }
  });
  return group;
}

// Endpoints of both kinds point at pods. Each gets its pod's labels, and the pods' other ports
// become targets of their own.
class EndpointTargets {
 public:
  EndpointTargets(const Cluster& cluster, TargetGroup& group) : cluster_(cluster), group_(group) {}

  // `reference`: the endpoint's targetRef.
  void Add(LabelMap target, const Json& reference, std::uint64_t port) {
    const std::string key = Text(reference, "namespace") + "/" + Text(reference, "name");
    const Json* const pod =
        Text(reference, "kind") == "Pod" ? cluster_.Find(KubernetesKind::kPod, key) : nullptr;
    if (pod != nullptr) {
      const LabelMap labels = PodLabels(cluster_, *pod);
      target.insert(labels.begin(), labels.end());
      ForEachContainer(*pod, [&](const Json& container, bool init) {
        for (const Json& own : Items(Member(container, "ports"))) {
          if (Number(own, "containerPort") != port) continue;
          AddContainer(target, *pod, container, init);
          AddContainerPort(target, own);
        }
      });
      auto& seen = pods_[key];
      seen.first = pod;
      seen.second.insert(port);
    }
    group_.targets.push_back(ToLabels(target));
  }

  void AddOtherPorts() {
    for (const auto& [key, seen] : pods_) {
      const Json& pod = *seen.first;
      const std::string ip = Text(Member(pod, "status"), "podIP");
      if (ip.empty()) continue;
      ForEachContainer(pod, [&, &covered = seen.second](const Json& container, bool init) {
        for (const Json& port : Items(Member(container, "ports"))) {
          const std::uint64_t number = Number(port, "containerPort");
          if (covered.contains(number)) continue;
          LabelMap target = PodLabels(cluster_, pod);
          AddContainer(target, pod, container, init);
          AddContainerPort(target, port);
          target["__address__"] = JoinHostPort(ip, number);
          group_.targets.push_back(ToLabels(target));
        }
      });
    }
  }

 private:
  const Cluster& cluster_;
  TargetGroup& group_;
  std::map<std::string, std::pair<const Json*, std::set<std::uint64_t>>> pods_;
};

void AttachService(const Cluster& cluster, LabelMap& labels, const std::string& name_space,
                   const std::string& service) {
  const Json* const found = cluster.Find(KubernetesKind::kService, name_space + "/" + service);
  if (found != nullptr) AddMeta(labels, "service", *found);
}

// The node an endpoint is on: named, or the endpoint itself.
std::string NodeOf(const std::string& named, const Json& reference) {
  const bool is_node = named.empty() && Text(reference, "kind") == "Node";
  return is_node ? Text(reference, "name") : named;
}

void AddReference(LabelMap& target, const std::string& family, const Json& reference) {
  if (reference.is_null()) return;
  target[kPrefix + family + "_address_target_kind"] = Text(reference, "kind");
  target[kPrefix + family + "_address_target_name"] = Text(reference, "name");
}

TargetGroup EndpointsGroup(const Cluster& cluster, const Json& endpoints) {
  LabelMap labels;
  TargetGroup group = NewGroup("endpoints", endpoints, labels);
  AddMeta(labels, "endpoints", endpoints);
  AttachService(cluster, labels, NamespaceOf(endpoints), NameOf(endpoints));
  cluster.AttachNamespace(labels, NamespaceOf(endpoints));
  group.labels = ToLabels(labels);
  EndpointTargets targets(cluster, group);
  for (const Json& subset : Items(Member(endpoints, "subsets"))) {
    for (const Json& port : Items(Member(subset, "ports"))) {
      for (const bool ready : {true, false}) {
        const char* const list = ready ? "addresses" : "notReadyAddresses";
        for (const Json& address : Items(Member(subset, list))) {
          const Json& reference = Member(address, "targetRef");
          const std::string node = Text(address, "nodeName");
          LabelMap target;
          target["__address__"] = JoinHostPort(Text(address, "ip"), Number(port, "port"));
          target[kPrefix + "endpoint_port_name"] = Text(port, "name");
          target[kPrefix + "endpoint_port_protocol"] = Text(port, "protocol");
          target[kPrefix + "endpoint_ready"] = ready ? "true" : "false";
          target[kPrefix + "endpoint_hostname"] = Text(address, "hostname");
          target[kPrefix + "endpoint_node_name"] = node;
          AddReference(target, "endpoint", reference);
          cluster.AttachNode(target, NodeOf(node, reference));
          targets.Add(std::move(target), reference, Number(port, "port"));
        }
      }
    }
  }
  targets.AddOtherPorts();
  return group;
}

void AddSliceLabels(LabelMap& target, const Json& port, const Json& endpoint) {
  const std::string slice = kPrefix + "endpointslice_";
  target[slice + "port_name"] = Text(port, "name");
  target[slice + "port_protocol"] = Text(port, "protocol");
  target[slice + "port"] = Text(port, "port");
  target[slice + "port_app_protocol"] = Text(port, "appProtocol");
  const Json& conditions = Member(endpoint, "conditions");
  for (const char* condition : {"ready", "serving", "terminating"}) {
    target[slice + "endpoint_conditions_" + condition] = Text(conditions, condition);
  }
  target[slice + "endpoint_hostname"] = Text(endpoint, "hostname");
  target[slice + "endpoint_node_name"] = Text(endpoint, "nodeName");
  target[slice + "endpoint_zone"] = Text(endpoint, "zone");
  const Json& topology = Member(endpoint, "deprecatedTopology");
  if (!topology.is_object()) return;
  for (const auto& [key, value] : topology.items()) {
    const std::string name = SanitizeLabelName(key);
    if (value.is_string()) target[slice + "endpoint_topology_" + name] = value;
    target[slice + "endpoint_topology_present_" + name] = "true";
  }
}

TargetGroup EndpointSliceGroup(const Cluster& cluster, const Json& slice) {
  LabelMap labels;
  TargetGroup group = NewGroup("endpointslice", slice, labels);
  AddMeta(labels, "endpointslice", slice);
  labels[kPrefix + "endpointslice_address_type"] = Text(slice, "addressType");
  AttachService(cluster, labels, NamespaceOf(slice),
                Text(Member(Member(slice, "metadata"), "labels"), "kubernetes.io/service-name"));
  cluster.AttachNamespace(labels, NamespaceOf(slice));
  group.labels = ToLabels(labels);
  EndpointTargets targets(cluster, group);
  for (const Json& port : Items(Member(slice, "ports"))) {
    for (const Json& endpoint : Items(Member(slice, "endpoints"))) {
      for (const Json& address : Items(Member(endpoint, "addresses"))) {
        if (!address.is_string()) continue;
        const Json& reference = Member(endpoint, "targetRef");
        const std::string host = address.get<std::string>();
        LabelMap target;
        const bool has_port = !Member(port, "port").is_null();
        target["__address__"] = has_port ? JoinHostPort(host, Number(port, "port")) : host;
        AddSliceLabels(target, port, endpoint);
        AddReference(target, "endpointslice", reference);
        cluster.AttachNode(target, NodeOf(Text(endpoint, "nodeName"), reference));
        targets.Add(std::move(target), reference, Number(port, "port"));
      }
    }
  }
  targets.AddOtherPorts();
  return group;
}

// Whether a TLS entry's host, perhaps with a wildcard in front, covers `host`.
bool CoversHost(const std::string& pattern, const std::string& host) {
  if (pattern == host) return true;
  const std::size_t dot = host.find('.');
  return pattern.starts_with("*.") && dot != std::string::npos && dot > 0 &&
         host.substr(dot) == pattern.substr(1);
}

TargetGroup IngressGroup(const Cluster& cluster, const Json& ingress) {
  LabelMap labels;
  TargetGroup group = NewGroup("ingress", ingress, labels);
  AddMeta(labels, "ingress", ingress);
  const Json& spec = Member(ingress, "spec");
  if (const std::string name = Text(spec, "ingressClassName"); !name.empty()) {
    labels[kPrefix + "ingress_class_name"] = name;
  }
  cluster.AttachNamespace(labels, NamespaceOf(ingress));
  group.labels = ToLabels(labels);
  for (const Json& rule : Items(Member(spec, "rules"))) {
    const std::string host = Text(rule, "host");
    std::string scheme = "http";
    for (const Json& tls : Items(Member(spec, "tls"))) {
      for (const Json& covered : Items(Member(tls, "hosts"))) {
        if (covered.is_string() && CoversHost(covered.get<std::string>(), host)) scheme = "https";
      }
    }
    std::vector<std::string> paths;
    for (const Json& path : Items(Member(Member(rule, "http"), "paths"))) {
      paths.push_back(Text(path, "path").empty() ? "/" : Text(path, "path"));
    }
    if (Member(rule, "http").is_null()) paths.emplace_back("/");
    for (const std::string& path : paths) {
      LabelMap target;
      target["__address__"] = host;
      target[kPrefix + "ingress_scheme"] = scheme;
      target[kPrefix + "ingress_host"] = host;
      target[kPrefix + "ingress_path"] = path;
      group.targets.push_back(ToLabels(target));
    }
  }
  return group;
}

}  // namespace

std::vector<KubernetesKind> KindsOf(const KubernetesSd& config) {
  using Role = KubernetesSd::Role;
  std::vector<KubernetesKind> kinds;
  switch (config.role) {
    case Role::kNode:
      return {KubernetesKind::kNode};
    case Role::kService:
      kinds = {KubernetesKind::kService};
      break;
    case Role::kIngress:
      kinds = {KubernetesKind::kIngress};
      break;
    case Role::kPod:
      kinds = {KubernetesKind::kPod};
      break;
    case Role::kEndpoints:
      kinds = {KubernetesKind::kEndpoints, KubernetesKind::kService, KubernetesKind::kPod};
      break;
    case Role::kEndpointSlice:
      kinds = {KubernetesKind::kEndpointSlice, KubernetesKind::kService, KubernetesKind::kPod};
      break;
  }
  if (config.attach_node) kinds.push_back(KubernetesKind::kNode);
  if (config.attach_namespace) kinds.push_back(KubernetesKind::kNamespace);
  const bool pods = std::ranges::find(kinds, KubernetesKind::kPod) != kinds.end();
  if (config.attach_cronjob && pods) kinds.push_back(KubernetesKind::kJob);
  return kinds;
}

std::vector<TargetGroup> KubernetesTargets(const KubernetesSd& config,
                                           const KubernetesStores& stores) {
  const Cluster cluster{config, stores};
  const KubernetesKind kind = KindsOf(config).front();
  std::vector<TargetGroup> groups;
  const auto store = stores.find(kind);
  if (store == stores.end()) return groups;
  groups.reserve(store->second.size());
  for (const auto& [key, object] : store->second) {
    switch (kind) {
      case KubernetesKind::kNode:
        groups.push_back(NodeGroup(cluster, *object));
        break;
      case KubernetesKind::kPod:
        groups.push_back(PodGroup(cluster, *object));
        break;
      case KubernetesKind::kService:
        groups.push_back(ServiceGroup(cluster, *object));
        break;
      case KubernetesKind::kEndpoints:
        groups.push_back(EndpointsGroup(cluster, *object));
        break;
      case KubernetesKind::kEndpointSlice:
        groups.push_back(EndpointSliceGroup(cluster, *object));
        break;
      case KubernetesKind::kIngress:
        groups.push_back(IngressGroup(cluster, *object));
        break;
      case KubernetesKind::kNamespace:
      case KubernetesKind::kJob:
        break;
    }
  }
  return groups;
}

std::string KubernetesKey(const Json& object) {
  const std::string name_space = NamespaceOf(object);
  return name_space.empty() ? NameOf(object) : name_space + "/" + NameOf(object);
}

void TrimKubernetesObject(Json& object) {
  if (!object.is_object()) return;
  if (auto metadata = object.find("metadata"); metadata != object.end() && metadata->is_object()) {
    metadata->erase("managedFields");
  }
  auto spec = object.find("spec");
  if (spec == object.end() || !spec->is_object()) return;
  spec->erase("volumes");
  for (const char* list : {"containers", "initContainers"}) {
    auto containers = spec->find(list);
    if (containers == spec->end() || !containers->is_array()) continue;
    for (Json& container : *containers) {
      Json kept = Json::object();
      for (const char* key : {"name", "image", "ports"}) {
        if (container.contains(key)) kept[key] = std::move(container[key]);
      }
      container = std::move(kept);
    }
  }
}

}  // namespace meerkat::discovery
