#include "server/push/group_json.h"

#include <map>
#include <utility>

#include "base/json_writer.h"
#include "base/number.h"
#include "base/rfc3339.h"

namespace meerkat::push {
namespace {

template <typename Pairs>
void WriteStrings(JsonWriter& json, const Pairs& pairs) {
  json.BeginObject();
  for (const auto& [name, value] : pairs) json.Key(name).String(value);
  json.EndObject();
}

// Keys in the order of their text, as Go writes maps.
template <typename Parts>
std::map<std::string, std::string> ByText(const Parts& parts) {
  std::map<std::string, std::string> texts;
  for (const auto& [at, value] : parts) {
    texts[FormatFloat(at, 'g')] = FormatFloat(static_cast<double>(value), 'g');
  }
  return texts;
}

void WriteMetric(JsonWriter& json, FamilyType type, const Metric& metric) {
  json.BeginObject();
  const bool compound = type == FamilyType::kHistogram || type == FamilyType::kSummary;
  if (type == FamilyType::kHistogram) {
    json.Key("buckets");
    WriteStrings(json, ByText(metric.buckets));
  }
  if (compound) json.Key("count").String(std::to_string(metric.count.value_or(0)));
  json.Key("labels");
  WriteStrings(json, metric.labels);
  if (type == FamilyType::kSummary) {
    json.Key("quantiles");
    WriteStrings(json, ByText(metric.quantiles));
  }
  if (compound) {
    json.Key("sum").String(FormatFloat(metric.sum.value_or(0), 'g'));
  } else {
    json.Key("value").String(FormatFloat(metric.value, 'g'));
  }
  json.EndObject();
}

std::string FamilyJson(const Group::Entry& entry) {
  std::string out;
  JsonWriter json(out);
  json.BeginObject().Key("time_stamp").String(FormatRfc3339Millis(entry.pushed));
  json.Key("type").String(NameOf(entry.family.type));
  if (entry.family.help && !entry.family.help->empty()) {
    json.Key("help").String(*entry.family.help);
  }
  json.Key("metrics").BeginArray();
  for (const Metric& metric : entry.family.metrics) {
    WriteMetric(json, entry.family.type, metric);
  }
  json.EndArray().EndObject();
  return out;
}

}  // namespace

std::string GroupsJson(std::span<const std::shared_ptr<const Group>> groups) {
  std::string out;
  JsonWriter json(out);
  json.BeginArray();
  for (const auto& group : groups) {
    std::map<std::string, std::string> members;
    std::string labels;
    JsonWriter inner(labels);
    WriteStrings(inner, group->labels);
    members["labels"] = std::move(labels);
    members["last_push_successful"] = group->last_push_successful() ? "true" : "false";
    for (const auto& [name, entry] : group->families) members[name] = FamilyJson(*entry);
    json.BeginObject();
    for (const auto& [name, value] : members) json.Key(name).Raw(value);
    json.EndObject();
  }
  json.EndArray();
  return out;
}

}  // namespace meerkat::push
