#include "server/commands/rule_test_report.h"

#include <algorithm>
#include <map>

#include "base/number.h"
#include "base/quote.h"

namespace meerkat::commands {
namespace {

std::string Indent(std::string_view lines, std::string_view indent) {
  std::string out;
  for (const char c : lines) {
    out += c;
    if (c == '\n') out += indent;
  }
  return out;
}

void AppendBuckets(std::vector<std::string>& parts, const std::string& prefix,
                   const std::vector<BucketSpan>& spans, const std::vector<double>& buckets) {
  std::map<std::int64_t, double> counts;
  std::int64_t index = 0;
  std::size_t next = 0;
  for (const BucketSpan& span : spans) {
    index += span.offset;
    for (std::uint32_t i = 0; i < span.length && next < buckets.size(); ++i) {
      if (buckets[next] != 0) counts[index] = buckets[next];
      ++next;
      ++index;
    }
  }
  if (counts.empty()) return;
  if (counts.begin()->first != 0) {
    parts.push_back(prefix + "offset:" + std::to_string(counts.begin()->first));
  }
  std::string list;
  for (std::int64_t i = counts.begin()->first; i <= counts.rbegin()->first; ++i) {
    const auto found = counts.find(i);
    if (!list.empty()) list += ' ';
    list += FormatFloat(found == counts.end() ? 0 : found->second, 'g');
  }
  parts.push_back(prefix + "buckets:[" + list + "]");
}

// As terminals show them: red, green and yellow.
constexpr std::string_view kMissing = "\033[0;31m", kTooMuch = "\033[0;32m",
                           kChanged = "\033[0;33m", kPlain = "\033[0m";

std::string Coloured(std::string_view colour, const std::string& text) {
  return std::string(colour) + text + std::string(kPlain);
}

// What is in one of them alone, or differs, between what is in both.
void AppendDiff(std::string& out, const Labels& expected, const Labels& got) {
  std::map<std::string_view, std::pair<const std::string_view*, const std::string_view*>> both;
  std::vector<std::string_view> values;
  values.reserve(expected.size() + got.size());
  for (const Label label : expected) both[label.name].first = &values.emplace_back(label.value);
  for (const Label label : got) both[label.name].second = &values.emplace_back(label.value);
  out += '{';
  for (const char* separator = "\n"; const auto& [name, pair] : both) {
    const auto& [wanted, there] = pair;
    out += separator;
    out += std::string(12, ' ');
    separator = ",\n";
    const std::string key = Quote(name) + ": ";
    if (there == nullptr) {
      out += Coloured(kMissing, key + Quote(*wanted));
    } else if (wanted == nullptr) {
      out += Coloured(kTooMuch, key + Quote(*there));
    } else if (*wanted == *there) {
      out += key + Quote(*there);
    } else {
      out += key + Coloured(kChanged, Quote(*wanted) + " => " + Quote(*there));
    }
  }
  out += both.empty() ? "}" : "\n        }";
}

// An alert that the other side lacks, each line of it in the colour.
void AppendWhole(std::string& out, const ShownAlert& alert, std::string_view colour) {
  const auto line = [&](std::size_t indent, const std::string& text) {
    out += "\n" + std::string(indent, ' ') + Coloured(colour, text);
  };
  const auto map = [&](const std::string& key, const Labels& labels, const char* end) {
    if (labels.empty()) {
      line(8, key + "{}" + end);
      return;
    }
    line(8, key + "{");
    std::size_t left = labels.size();
    for (const Label label : labels) {
      line(12, Quote(label.name) + ": " + Quote(label.value) + (--left > 0 ? "," : ""));
    }
    line(8, std::string("}") + end);
  };
  line(4, "{");
  map("\"Annotations\": ", alert.annotations, ",");
  map("\"Labels\": ", alert.labels, "");
  line(4, "}");
}

}  // namespace

std::string ShowLabels(const Labels& labels) {
  std::string out = "{";
  for (const Label label : labels) {
    if (out.size() > 1) out += ", ";
    out += IsLegacyLabelName(label.name) ? std::string(label.name) : Quote(label.name);
    out += "=" + Quote(label.value);
  }
  return out + "}";
}

std::string ShowAlerts(const std::vector<ShownAlert>& alerts, std::string_view indent) {
  if (alerts.empty()) return "[]";
  std::string out = "[";
  for (std::size_t i = 0; i < alerts.size(); ++i) {
    if (i > 0) out += ',';
    out += "\n" + std::to_string(i) + ":\n  Labels:" + ShowLabels(alerts[i].labels) +
           "\n  Annotations:" + ShowLabels(alerts[i].annotations);
  }
  return Indent(out + "\n]", indent);
}

std::string ShowSamples(const std::vector<ShownSample>& samples) {
  if (samples.empty()) return "nil";
  std::string out;
  for (const ShownSample& sample : samples) {
    if (!out.empty()) out += ", ";
    out += ShowLabels(sample.labels) + " ";
    if (sample.histogram.empty()) {
      std::string number = FormatFloat(sample.value, 'e');
      std::ranges::replace(number, 'e', 'E');
      out += number;
    } else {
      out += sample.histogram;
    }
  }
  return out;
}

std::string HistogramNotation(const Histogram& histogram) {
  std::vector<std::string> parts;
  const auto add = [&](const char* name, double value) {
    if (value != 0) parts.push_back(name + FormatFloat(value, 'g'));
  };
  if (histogram.schema != 0) parts.push_back("schema:" + std::to_string(histogram.schema));
  add("count:", histogram.count);
  add("sum:", histogram.sum);
  add("z_bucket:", histogram.zero_count);
  add("z_bucket_w:", histogram.zero_threshold);
  if (histogram.uses_custom_buckets()) {
    std::string bounds;
    for (const double bound : histogram.custom_bounds) {
      if (!bounds.empty()) bounds += ' ';
      bounds += FormatFloat(bound, 'g');
    }
    parts.push_back("custom_values:[" + bounds + "]");
  }
  switch (histogram.reset_hint) {
    case Histogram::ResetHint::kUnknown:
      break;
    case Histogram::ResetHint::kReset:
      parts.emplace_back("counter_reset_hint:reset");
      break;
    case Histogram::ResetHint::kNotReset:
      parts.emplace_back("counter_reset_hint:not_reset");
      break;
    case Histogram::ResetHint::kGauge:
      parts.emplace_back("counter_reset_hint:gauge");
      break;
  }
  AppendBuckets(parts, "", histogram.positive_spans, histogram.positive_buckets);
  AppendBuckets(parts, "n_", histogram.negative_spans, histogram.negative_buckets);
  std::string out = "{{";
  for (const std::string& part : parts) {
    if (out.size() > 2) out += ' ';
    out += part;
  }
  return out + "}}";
}

std::string DiffAlerts(std::vector<ShownAlert> expected, std::vector<ShownAlert> got,
                       std::string_view indent) {
  // None at all is shown as one without anything.
  if (expected.empty()) expected.emplace_back();
  if (got.empty()) got.emplace_back();
  std::string out = "[";
  const std::size_t count = std::max(expected.size(), got.size());
  for (std::size_t i = 0; i < count; ++i) {
    if (i >= got.size()) {
      AppendWhole(out, expected[i], kMissing);
    } else if (i >= expected.size()) {
      AppendWhole(out, got[i], kTooMuch);
    } else {
      out += "\n    {\n        \"Annotations\": ";
      AppendDiff(out, expected[i].annotations, got[i].annotations);
      out += ",\n        \"Labels\": ";
      AppendDiff(out, expected[i].labels, got[i].labels);
      out += "\n    }";
    }
    if (i + 1 < count) out += ',';
  }
  return Indent(out + "\n]", indent);
}

}  // namespace meerkat::commands
