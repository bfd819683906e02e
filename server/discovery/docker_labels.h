#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/labels.h"
#include "server/discovery/json_client.h"

// Label sets of Docker's and Swarm's objects; private to server/discovery.
namespace meerkat::discovery {

using LabelMap = std::map<std::string, std::string>;

// `prefix` + sanitized key for each entry of a JSON object of strings.
void AddLabels(LabelMap& labels, const std::string& prefix, const Json& object);
// Networks by id: <prefix>network_{id,name,scope,internal,ingress} and their labels.
std::map<std::string, LabelMap> NetworkLabels(const std::string& prefix, const Json& networks);
Labels ToLabels(const LabelMap& labels);
// `filters` as Docker's API takes them in a query.
std::string FilterQuery(const Filters& filters);

}  // namespace meerkat::discovery
