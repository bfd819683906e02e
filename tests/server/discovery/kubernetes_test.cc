#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "server/discovery/kubernetes_targets.h"

namespace meerkat::discovery {
namespace {

KubernetesStores Stores(std::initializer_list<std::pair<KubernetesKind, const char*>> objects) {
  KubernetesStores stores;
  for (const auto& [kind, text] : objects) {
    Json object = Json::parse(text);
    TrimKubernetesObject(object);
    stores[kind][KubernetesKey(object)] = std::make_shared<const Json>(object);
  }
  return stores;
}

constexpr const char* kPod = R"({"metadata":{"name":"p","namespace":"ns","uid":"u",
  "labels":{"app.kubernetes.io/name":"web","pod-template-hash":"5d9f"},"annotations":{"a/b":"c"},
  "ownerReferences":[{"controller":true,"kind":"ReplicaSet","name":"web-5d9f"}],
  "managedFields":[{}]},
  "spec":{"nodeName":"n1","volumes":[{}],"containers":[{"name":"c","image":"img","env":[{}],
    "ports":[{"name":"http","containerPort":8080,"protocol":"TCP"},
             {"name":"metrics","containerPort":9090,"protocol":"TCP"}]}],
    "initContainers":[{"name":"init","image":"i2"}]},
  "status":{"podIP":"10.0.0.3","hostIP":"192.0.2.1","phase":"Running",
    "conditions":[{"type":"Ready","status":"True"}],
    "containerStatuses":[{"name":"c","containerID":"containerd://x"}]}})";
constexpr const char* kNode = R"({"metadata":{"name":"n1","labels":{"zone":"a"}},
  "spec":{"providerID":"aws:///x"},"status":{"addresses":[{"type":"Hostname","address":"h"},
  {"type":"InternalIP","address":"192.0.2.1"}],"daemonEndpoints":{"kubeletEndpoint":{"Port":10250}}}})";
constexpr const char* kService = R"({"metadata":{"name":"svc","namespace":"ns","labels":{"x":"y"}},
  "spec":{"type":"ClusterIP","clusterIP":"10.9.0.1","ports":[{"name":"http","port":80,
  "protocol":"TCP"}]}})";

TEST(Kubernetes, PodsHaveATargetForEachPort) {
  KubernetesSd config;
  config.role = KubernetesSd::Role::kPod;
  config.attach_node = true;
  config.attach_deployment = true;
  const auto groups = KubernetesTargets(
      config, Stores({{KubernetesKind::kPod, kPod}, {KubernetesKind::kNode, kNode}}));
  ASSERT_EQ(groups.size(), 1u);
  const TargetGroup& group = groups[0];
  EXPECT_EQ(group.source, "pod/ns/p");
  EXPECT_EQ(group.labels.Get("__meta_kubernetes_namespace"), "ns");
  EXPECT_EQ(group.labels.Get("__meta_kubernetes_pod_ready"), "true");
  EXPECT_EQ(group.labels.Get("__meta_kubernetes_pod_label_app_kubernetes_io_name"), "web");
  EXPECT_EQ(group.labels.Get("__meta_kubernetes_pod_annotationpresent_a_b"), "true");
  EXPECT_EQ(group.labels.Get("__meta_kubernetes_pod_controller_kind"), "ReplicaSet");
  EXPECT_EQ(group.labels.Get("__meta_kubernetes_pod_deployment_name"), "web");
  EXPECT_EQ(group.labels.Get("__meta_kubernetes_node_label_zone"), "a");
  ASSERT_EQ(group.targets.size(), 3u);
  EXPECT_EQ(group.targets[0].Get("__address__"), "10.0.0.3:8080");
  EXPECT_EQ(group.targets[0].Get("__meta_kubernetes_pod_container_port_name"), "http");
  EXPECT_EQ(group.targets[0].Get("__meta_kubernetes_pod_container_id"), "containerd://x");
  EXPECT_EQ(group.targets[2].Get("__address__"), "10.0.0.3");
  EXPECT_EQ(group.targets[2].Get("__meta_kubernetes_pod_container_init"), "true");
}

TEST(Kubernetes, PodsOfACronJobAreFoundThroughTheirJob) {
  constexpr const char* kJobPod = R"({"metadata":{"name":"p","namespace":"ns","ownerReferences":[
    {"controller":true,"kind":"Job","name":"backup-29"}]},"spec":{"containers":[{"name":"c"}]},
    "status":{"podIP":"10.0.0.3"}})";
  constexpr const char* kJob = R"({"metadata":{"name":"backup-29","namespace":"ns",
    "ownerReferences":[{"controller":true,"kind":"CronJob","name":"backup"}]}})";
  KubernetesSd config;
  config.role = KubernetesSd::Role::kPod;
  config.attach_job = config.attach_cronjob = true;
  const auto groups = KubernetesTargets(
      config, Stores({{KubernetesKind::kPod, kJobPod}, {KubernetesKind::kJob, kJob}}));
  EXPECT_EQ(groups[0].labels.Get("__meta_kubernetes_pod_job_name"), "backup-29");
  EXPECT_EQ(groups[0].labels.Get("__meta_kubernetes_pod_cronjob_name"), "backup");
}

TEST(Kubernetes, AnEndpointThatIsANodeHasItsLabels) {
  constexpr const char* kEndpoints = R"({"metadata":{"name":"kubelet","namespace":"ns"},
    "subsets":[{"addresses":[{"ip":"192.0.2.1","targetRef":{"kind":"Node","name":"n1"}}],
    "ports":[{"name":"https","port":10250,"protocol":"TCP"}]}]})";
  KubernetesSd config;
  config.role = KubernetesSd::Role::kEndpoints;
  config.attach_node = true;
  const auto groups = KubernetesTargets(
      config, Stores({{KubernetesKind::kEndpoints, kEndpoints}, {KubernetesKind::kNode, kNode}}));
  EXPECT_EQ(groups[0].targets[0].Get("__meta_kubernetes_node_label_zone"), "a");
}

TEST(Kubernetes, NodesAndServices) {
  KubernetesSd config;
  config.role = KubernetesSd::Role::kNode;
  auto groups = KubernetesTargets(config, Stores({{KubernetesKind::kNode, kNode}}));
  EXPECT_EQ(groups[0].targets[0].Get("__address__"), "192.0.2.1:10250");
  EXPECT_EQ(groups[0].targets[0].Get("instance"), "n1");
  EXPECT_EQ(groups[0].targets[0].Get("__meta_kubernetes_node_address_Hostname"), "h");
  EXPECT_EQ(groups[0].labels.Get("__meta_kubernetes_node_provider_id"), "aws:///x");
  config.role = KubernetesSd::Role::kService;
  groups = KubernetesTargets(config, Stores({{KubernetesKind::kService, kService}}));
  EXPECT_EQ(groups[0].source, "svc/ns/svc");
  EXPECT_EQ(groups[0].targets[0].Get("__address__"), "svc.ns.svc:80");
  EXPECT_EQ(groups[0].targets[0].Get("__meta_kubernetes_service_cluster_ip"), "10.9.0.1");
}

TEST(Kubernetes, EndpointsCarryPodAndServiceAndAddOtherPorts) {
  constexpr const char* kEndpoints = R"({"metadata":{"name":"svc","namespace":"ns"},
    "subsets":[{"addresses":[{"ip":"10.0.0.3","nodeName":"n1","targetRef":{"kind":"Pod",
    "namespace":"ns","name":"p"}}],"notReadyAddresses":[{"ip":"10.0.0.4"}],
    "ports":[{"name":"http","port":8080,"protocol":"TCP"}]}]})";
  KubernetesSd config;
  config.role = KubernetesSd::Role::kEndpoints;
  const auto groups = KubernetesTargets(config, Stores({{KubernetesKind::kEndpoints, kEndpoints},
                                                        {KubernetesKind::kService, kService},
                                                        {KubernetesKind::kPod, kPod}}));
  ASSERT_EQ(groups.size(), 1u);
  EXPECT_EQ(groups[0].labels.Get("__meta_kubernetes_service_label_x"), "y");
  ASSERT_EQ(groups[0].targets.size(), 3u);
  EXPECT_EQ(groups[0].targets[0].Get("__meta_kubernetes_pod_name"), "p");
  EXPECT_EQ(groups[0].targets[0].Get("__meta_kubernetes_pod_container_port_name"), "http");
  EXPECT_EQ(groups[0].targets[0].Get("__meta_kubernetes_endpoint_ready"), "true");
  EXPECT_EQ(groups[0].targets[1].Get("__meta_kubernetes_endpoint_ready"), "false");
  EXPECT_EQ(groups[0].targets[2].Get("__address__"), "10.0.0.3:9090");
}

TEST(Kubernetes, SlicesAndIngresses) {
  constexpr const char* kSlice = R"({"metadata":{"name":"svc-1","namespace":"ns",
    "labels":{"kubernetes.io/service-name":"svc"}},"addressType":"IPv4",
    "ports":[{"name":"http","port":8080,"protocol":"TCP"}],
    "endpoints":[{"addresses":["10.0.0.9"],"conditions":{"ready":true,"serving":true,
    "terminating":false},"zone":"z"}]})";
  KubernetesSd config;
  config.role = KubernetesSd::Role::kEndpointSlice;
  auto groups = KubernetesTargets(config, Stores({{KubernetesKind::kEndpointSlice, kSlice},
                                                  {KubernetesKind::kService, kService}}));
  EXPECT_EQ(groups[0].labels.Get("__meta_kubernetes_service_name"), "svc");
  EXPECT_EQ(groups[0].targets[0].Get("__address__"), "10.0.0.9:8080");
  EXPECT_EQ(
      groups[0].targets[0].Get("__meta_kubernetes_endpointslice_endpoint_conditions_terminating"),
      "false");
  constexpr const char* kIngress = R"({"metadata":{"name":"i","namespace":"ns"},
    "spec":{"ingressClassName":"nginx","tls":[{"hosts":["*.example.org"]}],
    "rules":[{"host":"a.example.org","http":{"paths":[{"path":"/x"},{}]}},{"host":"plain"}]}})";
  config.role = KubernetesSd::Role::kIngress;
  groups = KubernetesTargets(config, Stores({{KubernetesKind::kIngress, kIngress}}));
  ASSERT_EQ(groups[0].targets.size(), 3u);
  EXPECT_EQ(groups[0].targets[0].Get("__meta_kubernetes_ingress_scheme"), "https");
  EXPECT_EQ(groups[0].targets[1].Get("__meta_kubernetes_ingress_path"), "/");
  EXPECT_EQ(groups[0].targets[2].Get("__meta_kubernetes_ingress_scheme"), "http");
  EXPECT_EQ(groups[0].labels.Get("__meta_kubernetes_ingress_class_name"), "nginx");
}

}  // namespace
}  // namespace meerkat::discovery
