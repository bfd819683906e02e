#include "server/discovery/docker_labels.h"

#include <nlohmann/json.hpp>

#include "server/discovery/group_json.h"
#include "server/net/url.h"

namespace meerkat::discovery {

void AddLabels(LabelMap& labels, const std::string& prefix, const Json& object) {
  if (!object.is_object()) return;
  for (const auto& [key, value] : object.items()) {
    if (value.is_string()) labels[prefix + SanitizeLabelName(key)] = value.get<std::string>();
  }
}

std::map<std::string, LabelMap> NetworkLabels(const std::string& prefix, const Json& networks) {
  std::map<std::string, LabelMap> by_id;
  if (!networks.is_array()) return by_id;
  for (const Json& network : networks) {
    LabelMap labels;
    labels[prefix + "network_id"] = Text(network, "Id");
    labels[prefix + "network_name"] = Text(network, "Name");
    labels[prefix + "network_scope"] = Text(network, "Scope");
    labels[prefix + "network_internal"] = Text(network, "Internal");
    labels[prefix + "network_ingress"] = Text(network, "Ingress");
    AddLabels(labels, prefix + "network_label_", Member(network, "Labels"));
    by_id[Text(network, "Id")] = std::move(labels);
  }
  return by_id;
}

Labels ToLabels(const LabelMap& labels) {
  std::vector<Label> list;
  list.reserve(labels.size());
  for (const auto& [name, value] : labels) list.push_back({name, value});
  return Labels::From(std::move(list));
}

std::string FilterQuery(const Filters& filters) {
  if (filters.empty()) return "";
  Json json = Json::object();
  for (const auto& [name, values] : filters) {
    for (const std::string& value : values) json[name][value] = true;
  }
  return "?filters=" + net::QueryEscape(json.dump());
}

}  // namespace meerkat::discovery
