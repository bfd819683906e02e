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

std::vector<std::string_view> LinesOf(std::string_view text) {
  std::vector<std::string_view> lines;
  while (true) {
    const std::size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return lines;
    text.remove_prefix(end + 1);
  }
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

std::string LineDiff(std::string_view expected, std::string_view got) {
  const std::vector<std::string_view> a = LinesOf(expected);
  const std::vector<std::string_view> b = LinesOf(got);
  // longest[i][j]: of the common subsequence of what begins at lines i and j. Texts of a test are
  // short; longer ones are shown whole, one after the other.
  constexpr std::size_t kMaxCells = 4'000'000;
  const bool small = (a.size() + 1) * (b.size() + 1) <= kMaxCells;
  std::vector<std::size_t> longest(small ? (a.size() + 1) * (b.size() + 1) : 0, 0);
  const auto at = [&](std::size_t i, std::size_t j) -> std::size_t& {
    return longest[i * (b.size() + 1) + j];
  };
  for (std::size_t i = a.size(); small && i-- > 0;) {
    for (std::size_t j = b.size(); j-- > 0;) {
      at(i, j) = a[i] == b[j] ? at(i + 1, j + 1) + 1 : std::max(at(i + 1, j), at(i, j + 1));
    }
  }
  std::string out;
  const auto line = [&](const char* mark, std::string_view text) {
    if (!out.empty()) out += '\n';
    out.append(mark).append(text);
  };
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < a.size() || j < b.size()) {
    if (small && i < a.size() && j < b.size() && a[i] == b[j]) {
      line("  ", a[i++]);
      ++j;
    } else if (i < a.size() && (!small || j == b.size() || at(i + 1, j) >= at(i, j + 1))) {
      line("- ", a[i++]);
    } else {
      line("+ ", b[j++]);
    }
  }
  return out;
}

}  // namespace meerkat::commands
