#include "server/scrape/sample_labels.h"

#include <algorithm>

#include "base/quote.h"
#include "base/relabel.h"

namespace meerkat::scrape {
namespace {

const std::string* FindExposed(const RawLabels& exposed, std::string_view name) {
  for (const auto& [key, value] : exposed) {
    if (key == name) return &value;
  }
  return nullptr;
}

// A label that is exposed without a value is no label, even if it comes with one elsewhere.
bool IsEmptied(const RawLabels& exposed, std::string_view name) {
  return std::ranges::any_of(
      exposed, [&](const auto& label) { return label.first == name && label.second.empty(); });
}

// Both together, sorted; false when a name is there twice or an exposed value is empty.
bool JoinPlain(const Labels& target, const RawLabels& exposed, std::vector<Label>& joined) {
  joined.reserve(target.size() + exposed.size());
  for (const auto& [name, value] : exposed) {
    if (value.empty()) return false;
    joined.push_back({name, value});
  }
  for (const Label label : target) joined.push_back(label);
  std::ranges::sort(joined, {}, &Label::name);
  return std::ranges::adjacent_find(joined, {}, &Label::name) == joined.end();
}

// At most 50 bytes of names and values go into messages.
std::string Shorten(std::string_view text) {
  return std::string(text.substr(0, 50));
}

}  // namespace

Labels SampleLabels(const ScrapeConfig& config, const Labels& target, const RawLabels& exposed) {
  if (config.metric_relabel_rules.empty()) {
    // Without rules and conflicts nothing is to be built step by step.
    std::vector<Label> joined;
    if (JoinPlain(target, exposed, joined)) return Labels::FromSorted(joined);
  }
  LabelsBuilder labels;
  for (const auto& [name, value] : exposed) {
    if (!IsEmptied(exposed, name)) labels.Set(name, value);
  }
  if (config.honor_labels) {
    // An exposed label wins even when it is empty: so a page can refuse a target's label.
    for (const Label label : target) {
      if (FindExposed(exposed, label.name) == nullptr) labels.Set(label.name, label.value);
    }
  } else {
    std::vector<std::pair<std::string, std::string>> conflicts;
    for (const Label label : target) {
      const std::string* const value = FindExposed(exposed, label.name);
      if (value != nullptr && !value->empty()) conflicts.emplace_back(label.name, *value);
      labels.Set(label.name, label.value);
    }
    std::ranges::stable_sort(
        conflicts, {}, [](const std::pair<std::string, std::string>& c) { return c.first.size(); });
    for (const auto& [name, value] : conflicts) {
      std::string free_name = "exported_" + name;
      while (!labels.Get(free_name).empty()) free_name.insert(0, "exported_");
      labels.Set(free_name, value);
    }
  }
  if (!Relabel(config.metric_relabel_rules, labels)) return {};
  return labels.Build();
}

Labels ReportLabels(std::string_view metric, const Labels& target) {
  LabelsBuilder labels(target);
  labels.Set(kMetricName, metric);
  return labels.Build();
}

LabelCheck CheckLabels(const ScrapeConfig& config, const Labels& labels) {
  const std::string_view metric = labels.metric_name();
  if (metric.empty()) return {LabelFault::kInvalid, "missing metric name (__name__ label)"};
  bool valid = IsValidMetricName(config.name_scheme, metric);
  for (const Label label : labels) {
    valid = valid && IsValidLabelName(config.name_scheme, label.name);
  }
  if (!valid) {
    return {LabelFault::kInvalid, "invalid metric name or label names: " + labels.ToString()};
  }
  const ScrapeLimits& limits = config.limits;
  const auto exceeded = [&](std::string_view limit, const std::string& rest) {
    return LabelCheck{LabelFault::kLimit, std::string(limit) + " exceeded (metric: " +
                                              Shorten(metric) + ", " + rest + ")"};
  };
  if (limits.labels > 0 && labels.size() > limits.labels) {
    return exceeded("label_limit", "number of labels: " + std::to_string(labels.size()) +
                                       ", limit: " + std::to_string(limits.labels));
  }
  for (const Label label : labels) {
    if (limits.label_name_length > 0 && label.name.size() > limits.label_name_length) {
      return exceeded("label_name_length_limit",
                      "label name: " + Shorten(label.name) +
                          ", length: " + std::to_string(label.name.size()) +
                          ", limit: " + std::to_string(limits.label_name_length));
    }
    if (limits.label_value_length > 0 && label.value.size() > limits.label_value_length) {
      return exceeded("label_value_length_limit",
                      "label name: " + Shorten(label.name) +
                          ", value: " + Quote(Shorten(label.value)) +
                          ", length: " + std::to_string(label.value.size()) +
                          ", limit: " + std::to_string(limits.label_value_length));
    }
  }
  return {};
}

std::optional<std::string_view> DuplicateName(const RawLabels& labels) {
  std::vector<std::string_view> names;
  names.reserve(labels.size());
  for (const auto& [name, value] : labels) names.push_back(name);
  std::ranges::sort(names);
  for (auto at = names.begin(); at != names.end(); ++at) {
    at = std::adjacent_find(at, names.end());
    if (at == names.end()) break;
    if (!IsEmptied(labels, *at)) return *at;
  }
  return std::nullopt;
}

}  // namespace meerkat::scrape
