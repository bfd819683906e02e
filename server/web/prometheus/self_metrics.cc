#include "server/web/prometheus/self_metrics.h"

#include <map>
#include <utility>
#include <vector>

#include "base/json_writer.h"
#include "base/number.h"
#include "server/web/metric_message.h"

namespace meerkat::web {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

struct Sample {
  std::string_view name;
  Pairs labels;
  std::string_view value;
};

// name{a="b"} value : what Registry::Exposition writes, nothing more.
Sample ParseLine(std::string_view line) {
  Sample sample;
  const auto end = line.find_first_of("{ ");
  sample.name = line.substr(0, end);
  line.remove_prefix(end);
  if (line.starts_with('{')) {
    line.remove_prefix(1);
    while (!line.empty() && !line.starts_with('}')) {
      const auto equal = line.find('=');
      std::string name(line.substr(0, equal));
      line.remove_prefix(equal + 2);
      std::string value;
      while (!line.empty() && line[0] != '"') {
        if (line[0] == '\\' && line.size() > 1) {
          value += line[1] == 'n' ? '\n' : line[1];
          line.remove_prefix(2);
        } else {
          value += line[0];
          line.remove_prefix(1);
        }
      }
      line.remove_prefix(line.empty() ? 0 : 1);
      if (line.starts_with(',')) line.remove_prefix(1);
      sample.labels.emplace_back(std::move(name), std::move(value));
    }
    line.remove_prefix(line.empty() ? 0 : 1);
  }
  while (line.starts_with(' ')) line.remove_prefix(1);
  sample.value = line;
  return sample;
}

std::string Take(Pairs& labels, std::string_view name) {
  for (auto it = labels.begin(); it != labels.end(); ++it) {
    if (it->first != name) continue;
    std::string value = std::move(it->second);
    labels.erase(it);
    return value;
  }
  return "";
}

void WriteNumber(JsonWriter& json, std::string_view key, std::string_view text) {
  json.Key(key);
  const auto value = ParseFloat(text);
  if (!value || *value != *value || *value - *value != 0) {
    json.String(text);  // protobuf's JSON has NaN and infinities as texts
  } else {
    json.Raw(text);
  }
}

struct Metric {
  Pairs labels;
  std::vector<std::pair<std::string, std::string>> points;  // le or quantile, and its value
  std::string sum, count, value;
};

class Family {
 public:
  std::string name, help, type;

  void Add(Sample sample) {
    const bool histogram = type == "histogram";
    const bool summary = type == "summary";
    std::string point;
    if (histogram) point = Take(sample.labels, "le");
    if (summary) point = Take(sample.labels, "quantile");
    if (metrics_.empty() || metrics_.back().labels != sample.labels) {
      metrics_.push_back({});
      metrics_.back().labels = std::move(sample.labels);
    }
    Metric& metric = metrics_.back();
    const std::string_view suffix = sample.name.substr(std::min(name.size(), sample.name.size()));
    if (!histogram && !summary) {
      metric.value = sample.value;
    } else if (suffix == "_sum") {
      metric.sum = sample.value;
    } else if (suffix == "_count") {
      metric.count = sample.value;
    } else {
      metric.points.emplace_back(std::move(point), sample.value);
    }
  }

  void AppendMessage(std::string& out) const {
    const FamilyType kind = type == "counter"     ? FamilyType::kCounter
                            : type == "gauge"     ? FamilyType::kGauge
                            : type == "summary"   ? FamilyType::kSummary
                            : type == "histogram" ? FamilyType::kHistogram
                                                  : FamilyType::kUntyped;
    FamilyMessage message(name, help, kind);
    const auto number = [](const std::string& text) { return ParseFloat(text).value_or(0); };
    for (const Metric& metric : metrics_) {
      if (kind != FamilyType::kSummary && kind != FamilyType::kHistogram) {
        message.AddValue(metric.labels, number(metric.value), kMinTime);
        continue;
      }
      std::vector<std::pair<double, double>> points;
      for (const auto& [at, value] : metric.points) points.emplace_back(number(at), number(value));
      message.AddPoints(metric.labels, number(metric.count), number(metric.sum), points, kMinTime);
    }
    message.AppendTo(out);
  }

  void Write(JsonWriter& json) const {
    json.BeginObject();
    json.Key("name").String(name);
    json.Key("help").String(help);
    std::string upper = type;
    for (char& c : upper) c = static_cast<char>(c & ~0x20);
    json.Key("type").String(upper);
    json.Key("metric").BeginArray();
    for (const Metric& metric : metrics_) Write(json, metric);
    json.EndArray();
    json.EndObject();
  }

 private:
  void Write(JsonWriter& json, const Metric& metric) const {
    json.BeginObject();
    json.Key("label").BeginArray();
    for (const auto& [label, value] : metric.labels) {
      json.BeginObject();
      json.Key("name").String(label);
      json.Key("value").String(value);
      json.EndObject();
    }
    json.EndArray();
    json.Key(type).BeginObject();
    if (type == "histogram" || type == "summary") {
      const bool histogram = type == "histogram";
      json.Key("sampleCount").String(metric.count);
      WriteNumber(json, "sampleSum", metric.sum);
      json.Key(histogram ? "bucket" : "quantile").BeginArray();
      for (const auto& [bound, value] : metric.points) {
        json.BeginObject();
        if (histogram) {
          json.Key("cumulativeCount").String(value);
          WriteNumber(json, "upperBound", bound);
        } else {
          WriteNumber(json, "quantile", bound);
          WriteNumber(json, "value", value);
        }
        json.EndObject();
      }
      json.EndArray();
    } else {
      WriteNumber(json, "value", metric.value);
    }
    json.EndObject();
    json.EndObject();
  }

  std::vector<Metric> metrics_;
};

// Calls take(family) for each of an exposition.
template <typename Take>
void EachFamily(std::string_view exposition, const Take& take) {
  Family family;
  const auto finish = [&] {
    if (!family.name.empty()) take(family);
    family = {};
  };
  while (!exposition.empty()) {
    const auto newline = exposition.find('\n');
    const std::string_view line = exposition.substr(0, newline);
    exposition.remove_prefix(newline == std::string_view::npos ? exposition.size() : newline + 1);
    if (line.starts_with("# HELP ")) {
      finish();
      const std::string_view rest = line.substr(7);
      family.name = rest.substr(0, rest.find(' '));
      family.help = rest.substr(std::min(rest.size(), family.name.size() + 1));
    } else if (line.starts_with("# TYPE ")) {
      const std::string_view rest = line.substr(7);
      const std::string_view name = rest.substr(0, rest.find(' '));
      if (name != family.name) {
        finish();
        family.name = name;
      }
      family.type = rest.substr(std::min(rest.size(), name.size() + 1));
    } else if (!line.empty()) {
      family.Add(ParseLine(line));
    }
  }
  finish();
}

}  // namespace

std::string FamiliesJson(std::string_view exposition,
                         const std::function<bool(std::string_view name)>& wanted) {
  std::string out;
  JsonWriter json(out);
  json.BeginArray();
  EachFamily(exposition, [&](const Family& family) {
    if (wanted(family.name)) family.Write(json);
  });
  json.EndArray();
  return out;
}

std::string FamilyMessages(std::string_view exposition) {
  std::string out;
  EachFamily(exposition, [&](const Family& family) { family.AppendMessage(out); });
  return out;
}

}  // namespace meerkat::web
