#include "server/push/group.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json_writer.h"
#include "server/push/text_reader.h"

namespace meerkat::push {
namespace {

double ValueOf(const Group& group, std::string_view name) {
  const auto found = group.families.find(name);
  if (found == group.families.end() || found->second->family.metrics.empty()) return 0;
  return found->second->family.metrics.front().value;
}

}  // namespace

std::string KeyOf(const GroupLabels& labels) {
  std::string key;
  for (const auto& [name, value] : labels) {
    key += name;
    key += '\xFF';
    key += value;
    key += '\xFF';
  }
  return key;
}

bool Group::last_push_successful() const {
  return ValueOf(*this, kPushTime) > ValueOf(*this, kFailureTime);
}

Family PushTimeFamily(std::string_view name, const GroupLabels& labels,
                      std::optional<Timestamp> at) {
  Family family;
  family.name = name;
  family.type = FamilyType::kGauge;
  family.help = std::string("Last Unix time when changing this group in the Pushgateway ") +
                (name == kPushTime ? "succeeded." : "failed.");
  Metric& metric = family.metrics.emplace_back();
  if (at) metric.value = static_cast<double>(ToMillis(*at)) / 1000;
  Ground(family, labels);
  return family;
}

void Ground(Family& family, const GroupLabels& labels) {
  for (Metric& metric : family.metrics) {
    const auto set = [&metric](const std::string& name, const std::string& value, bool overwrite) {
      const auto known = std::ranges::find(metric.labels, name, &LabelPairs::value_type::first);
      if (known == metric.labels.end()) {
        metric.labels.emplace_back(name, value);
      } else if (overwrite) {
        known->second = value;
      }
    };
    for (const auto& [name, value] : labels) set(name, value, true);
    set("instance", "", false);
    std::ranges::stable_sort(metric.labels, {}, &LabelPairs::value_type::first);
  }
}

std::string Serialize(const Group& group) {
  std::string out;
  JsonWriter json(out);
  json.BeginObject().Key("labels").BeginObject();
  for (const auto& [name, value] : group.labels) json.Key(name).String(value);
  json.EndObject();
  if (group.expires) json.Key("expires").Int(ToMillis(*group.expires));
  json.Key("families").BeginArray();
  for (const auto& [name, entry] : group.families) {
    std::vector<const Metric*> metrics;
    for (const Metric& metric : entry->family.metrics) metrics.push_back(&metric);
    std::string text;
    AppendText(entry->family, metrics, text);
    json.BeginObject().Key("pushed").Int(ToMillis(entry->pushed)).Key("text").String(text);
    json.EndObject();
  }
  json.EndArray().EndObject();
  return out;
}

Result<Group> Deserialize(std::string_view text) {
  Group group;
  try {
    const auto json = nlohmann::json::parse(text);
    group.labels = json.at("labels").get<GroupLabels>();
    if (json.contains("expires")) {
      group.expires = FromMillis(json["expires"].get<std::int64_t>());
    }
    for (const auto& item : json.at("families")) {
      auto families = ReadText(item.at("text").get_ref<const std::string&>());
      if (!families) return std::move(families).error();
      const Timestamp pushed = FromMillis(item.at("pushed").get<std::int64_t>());
      for (auto& [name, family] : *families) {
        Ground(family, group.labels);
        group.families[name] =
            std::make_shared<const Group::Entry>(Group::Entry{pushed, std::move(family)});
      }
    }
  } catch (const nlohmann::json::exception& error) {
    return Error(Code::kCorruption, error.what());
  }
  return group;
}

}  // namespace meerkat::push
