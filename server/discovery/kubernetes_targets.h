#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "server/discovery/json_client.h"
#include "server/discovery/sd_config.h"

// What objects of a Kubernetes API mean as targets. Pure: JSON in, groups out.
namespace meerkat::discovery {

enum class KubernetesKind : unsigned char {
  kNode,
  kNamespace,
  kPod,
  kService,
  kEndpoints,
  kEndpointSlice,
  kIngress,
  kJob,
};

using KubernetesObject = std::shared_ptr<const Json>;
// By "namespace/name", or "name" for what has no namespace.
using KubernetesStore = std::map<std::string, KubernetesObject>;
using KubernetesStores = std::map<KubernetesKind, KubernetesStore>;

// The kinds a role needs; the first is the one whose objects become groups.
std::vector<KubernetesKind> KindsOf(const KubernetesSd& config);

// One group for each object of the role's kind.
std::vector<TargetGroup> KubernetesTargets(const KubernetesSd& config,
                                           const KubernetesStores& stores);

std::string KubernetesKey(const Json& object);
// Takes out what no label is made of: an object of a busy cluster is mostly that.
void TrimKubernetesObject(Json& object);

}  // namespace meerkat::discovery
