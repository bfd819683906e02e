#include "server/push/consistency.h"

#include <algorithm>
#include <functional>
#include <unordered_set>

#include "base/name_scheme.h"
#include "base/quote.h"
#include "base/utf8.h"

namespace meerkat::push {
namespace {

std::uint64_t HashOf(std::string_view family, const Metric& metric) {
  std::string text(family);
  for (const auto& [name, value] : metric.labels) {
    text += '\xFF';
    text += name;
    text += '\xFF';
    text += value;
  }
  return std::hash<std::string>()(text);
}

std::string Collected(const Family& family, const Metric& metric) {
  return "collected metric " + Quote(family.name) + " " + Describe(family.type, metric);
}

// What is wrong with the labels alone; "" when nothing is. They are sorted.
std::string LabelFault(const Family& family, const Metric& metric) {
  std::string_view previous;
  for (const auto& [name, value] : metric.labels) {
    if (name == previous) {
      return Collected(family, metric) + " has two or more labels with the same name: " + name;
    }
    if (!IsValidLabelName(NameScheme::kLegacy, name) || name.starts_with("__")) {
      return Collected(family, metric) + " has a label with an invalid name: " + name;
    }
    if (family.type == FamilyType::kSummary && name == "quantile") {
      return Collected(family, metric) + " must not have an explicit \"quantile\" label";
    }
    if (!IsValidUtf8(value)) {
      return Collected(family, metric) + " has a label named " + Quote(name) +
             " whose value is not utf8: " + Quote(value);
    }
    previous = name;
  }
  return "";
}

}  // namespace

void Consistency::Add(const std::string& key, const Group& group) {
  for (const auto& [name, entry] : group.families) {
    families_[name].push_back({key, entry->family.type});
    for (const Metric& metric : entry->family.metrics) owners_.emplace(HashOf(name, metric), key);
  }
}

void Consistency::Remove(const std::string& key, const Group& group) {
  for (const auto& [name, entry] : group.families) {
    const auto holders = families_.find(name);
    if (holders != families_.end()) {
      std::erase_if(holders->second, [&](const Holder& holder) { return holder.key == key; });
      if (holders->second.empty()) families_.erase(holders);
    }
    for (const Metric& metric : entry->family.metrics) {
      const auto owner = owners_.find(HashOf(name, metric));
      if (owner != owners_.end() && owner->second == key) owners_.erase(owner);
    }
  }
}

std::optional<FamilyType> Consistency::TypeElsewhere(std::string_view family,
                                                     const std::string& key) const {
  const auto holders = families_.find(std::string(family));
  if (holders == families_.end()) return std::nullopt;
  const auto other = std::ranges::find_if(holders->second,
                                          [&](const Holder& holder) { return holder.key != key; });
  return other == holders->second.end() ? std::nullopt : std::optional(other->type);
}

std::string Consistency::Collision(const std::string& key, const Group& group,
                                   const Family& family) const {
  const auto type_of = [&](const std::string& name) -> std::optional<FamilyType> {
    // Of two families of this very group the later one is to blame.
    const auto own = group.families.find(name);
    if (own != group.families.end() && name < family.name) return own->second->family.type;
    return TypeElsewhere(name, key);
  };
  for (const std::string_view suffix : {"_count", "_sum", "_bucket"}) {
    if (!family.name.ends_with(suffix)) continue;
    const std::string whole = family.name.substr(0, family.name.size() - suffix.size());
    const auto type = type_of(whole);
    const bool summary = type == FamilyType::kSummary && suffix != "_bucket";
    if (!summary && type != FamilyType::kHistogram) continue;
    return "collected metric named " + Quote(family.name) + " collides with previously collected " +
           std::string(WordOf(*type)) + " named " + Quote(whole);
  }
  const bool histogram = family.type == FamilyType::kHistogram;
  if (!histogram && family.type != FamilyType::kSummary) return "";
  for (const char* const suffix : {"_count", "_sum", "_bucket"}) {
    const bool bucket = suffix == std::string_view("_bucket");
    const std::string part = family.name + suffix;
    if ((bucket && !histogram) || !type_of(part)) continue;
    return std::string("collected histogram ") + (bucket ? "" : "or summary ") + "named " +
           Quote(family.name) + " collides with previously collected metric named " + Quote(part);
  }
  return "";
}

Result<> Consistency::Check(const std::string& key, const Group& group) const {
  std::vector<std::string> errors;
  for (const auto& [name, entry] : group.families) {
    const Family& family = entry->family;
    if (!IsValidMetricName(NameScheme::kLegacy, name)) {
      errors.push_back("invalid metric name " + Quote(name));
      continue;
    }
    if (std::string collision = Collision(key, group, family); !collision.empty()) {
      errors.push_back(std::move(collision));
      continue;
    }
    const auto elsewhere = TypeElsewhere(name, key);
    std::unordered_set<std::uint64_t> own;
    for (const Metric& metric : family.metrics) {
      if (elsewhere && *elsewhere != family.type) {
        errors.push_back(Collected(family, metric) + " is not a " + NameOf(*elsewhere));
        continue;
      }
      if (std::string fault = LabelFault(family, metric); !fault.empty()) {
        errors.push_back(std::move(fault));
        continue;
      }
      const std::uint64_t hash = HashOf(name, metric);
      const auto owner = owners_.find(hash);
      if (!own.insert(hash).second || (owner != owners_.end() && owner->second != key)) {
        errors.push_back(Collected(family, metric) +
                         " was collected before with the same name and label values");
      }
    }
  }
  if (errors.empty()) return {};
  if (errors.size() == 1) return Error(Code::kInvalid, std::move(errors.front()));
  std::string all = std::to_string(errors.size()) + " error(s) occurred:";
  for (const std::string& error : errors) all += "\n* " + error;
  return Error(Code::kInvalid, std::move(all));
}

}  // namespace meerkat::push
