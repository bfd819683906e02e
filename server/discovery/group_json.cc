#include "server/discovery/group_json.h"

#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/quote.h"

namespace meerkat::discovery {
namespace {

using Json = nlohmann::json;

Error Bad(const std::string& what) {
  return {Code::kInvalid, what};
}

Result<TargetGroup> ParseGroup(const Json& item) {
  if (!item.is_object()) return Bad("nil target group item found");
  TargetGroup group;
  std::map<std::string, std::string> labels;
  for (const auto& [key, value] : item.items()) {
    if (key == "targets") {
      if (value.is_null()) continue;
      if (!value.is_array()) return Bad("targets: expected a list");
      for (const Json& target : value) {
        if (!target.is_string()) return Bad("targets: expected a list of strings");
        group.targets.push_back(Labels{{"__address__", target.get_ref<const std::string&>()}});
      }
    } else if (key == "labels") {
      if (value.is_null()) continue;
      if (!value.is_object()) return Bad("labels: expected an object");
      for (const auto& [name, text] : value.items()) {
        if (!text.is_string()) return Bad("labels: value of " + Quote(name) + " is not a string");
        if (name.empty()) return Bad("\"\" is not a valid label name");
        labels[name] = text.get<std::string>();
      }
    } else {
      return Bad("json: unknown field " + Quote(key));
    }
  }
  std::vector<Label> list;
  for (const auto& [name, value] : labels) list.push_back({name, value});
  group.labels = Labels::From(std::move(list));
  return group;
}

}  // namespace

Labels WithLabel(const Labels& labels, std::string_view name, std::string_view value) {
  LabelsBuilder builder(labels);
  builder.Set(name, value);
  return builder.Build();
}

std::string SanitizeLabelName(std::string_view name) {
  std::string out(name);
  for (char& c : out) {
    const bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!word && c != '_') c = '_';
  }
  return out;
}

Result<std::vector<TargetGroup>> ParseGroups(std::string_view json, const std::string& source,
                                             std::string_view meta_label) {
  const Json document = Json::parse(json, nullptr, false);
  if (document.is_discarded()) return Bad("the body is not valid JSON");
  if (document.is_null()) return std::vector<TargetGroup>();
  if (!document.is_array()) return Bad("expected a list of target groups");
  std::vector<TargetGroup> groups;
  for (const Json& item : document) {
    auto group = ParseGroup(item);
    if (!group) return std::move(group).error();
    group->labels = WithLabel(group->labels, meta_label, source);
    group->source = source + ":" + std::to_string(groups.size());
    groups.push_back(*std::move(group));
  }
  return groups;
}

}  // namespace meerkat::discovery
