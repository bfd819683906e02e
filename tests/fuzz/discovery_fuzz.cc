// What sources of targets answer: the first byte says whose answer the rest is. Whatever it is, it
// becomes groups whose targets all have an address, or nothing.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/discovery/consul_discovery.h"
#include "server/discovery/docker_discovery.h"
#include "server/discovery/ec2_discovery.h"
#include "server/discovery/group_json.h"
#include "server/discovery/kubernetes_targets.h"

namespace {

using namespace meerkat;             // NOLINT(google-build-using-namespace): a fuzz target
using namespace meerkat::discovery;  // NOLINT(google-build-using-namespace): a fuzz target

void Check(const std::vector<Labels>& targets) {
  for (const Labels& target : targets) {
    if (target.Get("__address__").empty()) std::abort();
  }
}

// The i-th of a list of answers, as a source gets them from several calls.
const Json& Part(const Json& answers, std::size_t i) {
  static const Json* const kNull = new Json();
  return answers.is_array() && i < answers.size() ? answers[i] : *kNull;
}

// A list of objects, each with its kind.
KubernetesStores StoresOf(const Json& objects) {
  static constexpr std::pair<std::string_view, KubernetesKind> kKinds[] = {
      {"Node", KubernetesKind::kNode},
      {"Namespace", KubernetesKind::kNamespace},
      {"Pod", KubernetesKind::kPod},
      {"Service", KubernetesKind::kService},
      {"Endpoints", KubernetesKind::kEndpoints},
      {"EndpointSlice", KubernetesKind::kEndpointSlice},
      {"Ingress", KubernetesKind::kIngress},
      {"Job", KubernetesKind::kJob},
  };
  KubernetesStores stores;
  if (!objects.is_array()) return stores;
  for (const Json& object : objects) {
    const std::string kind = Text(object, "kind");
    for (const auto& [name, which] : kKinds) {
      if (name != kind) continue;
      Json trimmed = object;
      TrimKubernetesObject(trimmed);
      stores[which][KubernetesKey(object)] = std::make_shared<const Json>(std::move(trimmed));
    }
  }
  return stores;
}

void ReadKubernetes(KubernetesSd::Role role, const Json& objects) {
  KubernetesSd config;
  config.role = role;
  config.attach_node = config.attach_namespace = config.attach_deployment = true;
  config.attach_job = config.attach_cronjob = true;
  for (const TargetGroup& group : KubernetesTargets(config, StoresOf(objects))) {
    Check(group.targets);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  constexpr std::uint8_t kKubernetes = 7;
  constexpr std::uint8_t kRoles = 6;
  const auto choice = static_cast<std::uint8_t>(data[0] % (kKubernetes + kRoles));
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (choice == 0) {  // of file_sd and http_sd; addresses there are judged with the target
    if (auto groups = ParseGroups(text, "u", "__meta_url"); groups) {
      for (const TargetGroup& group : *groups) {
        if (group.labels.Get("__meta_url") != "u") std::abort();
      }
    }
    return 0;
  }
  if (choice == 1) {
    Check(Ec2Targets({}, {{"eu-1a", "z"}}, text).targets);
    return 0;
  }
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) return 0;
  switch (choice) {
    case 2:
      Check(DockerTargets({}, Part(json, 0), Part(json, 1)).targets);
      break;
    case 3:
      Check(SwarmServiceTargets({}, Part(json, 0), Part(json, 1)).targets);
      break;
    case 4:
      Check(
          SwarmTaskTargets({}, Part(json, 0), Part(json, 1), Part(json, 2), Part(json, 3)).targets);
      break;
    case 5:
      Check(SwarmNodeTargets({}, json).targets);
      break;
    case 6: {
      ConsulSd config;
      config.tags = {"a"};
      (void)ConsulWants(config, "s", json);
      Check(ConsulTargets(config, "s", "dc", json).targets);
      break;
    }
    default:
      ReadKubernetes(static_cast<KubernetesSd::Role>(choice - kKubernetes), json);
  }
  return 0;
}
