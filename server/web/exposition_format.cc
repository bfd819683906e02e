#include "server/web/exposition_format.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/number.h"
#include "base/trim.h"

namespace meerkat::web {
namespace {

constexpr std::string_view kProtobuf = "application/vnd.google.protobuf";
constexpr std::string_view kMetricFamily = "io.prometheus.client.MetricFamily";

// One of an Accept header: type;parameter=value;…
struct Clause {
  std::string_view media, version, proto, encoding, escaping;
  double weight = 1;
};

Clause ParseClause(std::string_view text) {
  Clause clause;
  const auto semicolon = text.find(';');
  clause.media = Trim(text.substr(0, semicolon));
  std::string_view parameters =
      semicolon == std::string_view::npos ? std::string_view() : text.substr(semicolon + 1);
  while (!parameters.empty()) {
    const auto end = parameters.find(';');
    const std::string_view parameter = Trim(parameters.substr(0, end));
    parameters = end == std::string_view::npos ? std::string_view() : parameters.substr(end + 1);
    const auto equal = parameter.find('=');
    if (equal == std::string_view::npos) continue;
    const std::string_view key = Trim(parameter.substr(0, equal));
    const std::string_view value = Trim(parameter.substr(equal + 1));
    if (key == "version") clause.version = value;
    if (key == "proto") clause.proto = value;
    if (key == "encoding") clause.encoding = value;
    if (key == "escaping") clause.escaping = value;
    if (key == "q") clause.weight = ParseFloat(value).value_or(1);
  }
  return clause;
}

void AppendValueText(std::string& out, std::string_view value) {
  for (const char c : value) {
    switch (c) {
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '"':
        out += "\\\"";
        break;
      default:
        out += c;
    }
  }
}

void AppendQuotedName(std::string& out, std::string_view name) {
  out += '"';
  AppendValueText(out, name);
  out += '"';
}

// name{labels} with `suffix` behind the name and one more label.
void AppendSeries(std::string& out, const Labels& labels, const MoreLabels& more,
                  std::string_view suffix, std::string_view le, Escaping escaping) {
  const std::string name = EscapeName(labels.metric_name(), escaping) + std::string(suffix);
  const bool quoted = !IsLegacyMetricName(name);
  bool open = false;
  const auto separate = [&] {
    out += open ? ',' : '{';
    open = true;
  };
  if (quoted) {
    separate();
    AppendQuotedName(out, name);
  } else {
    out += name;
  }
  const auto add = [&](std::string_view label, std::string_view value) {
    separate();
    const std::string text = EscapeName(label, escaping);
    if (IsLegacyMetricName(text)) {
      out += text;
    } else {
      AppendQuotedName(out, text);
    }
    out += "=\"";
    AppendValueText(out, value);
    out += '"';
  };
  for (const Label label : labels) {
    if (label.name != kMetricName) add(label.name, label.value);
  }
  for (const auto& [label, value] : more) add(label, value);
  if (!le.empty()) add("le", le);
  if (open) out += '}';
  out += ' ';
}

void AppendEnd(std::string& out, double value, Timestamp time) {
  out += FormatFloat(value, 'g');
  out += ' ';
  out += std::to_string(ToMillis(time));
  out += '\n';
}

}  // namespace

ExpositionFormat Negotiate(std::string_view accept) {
  std::vector<Clause> clauses;
  while (!accept.empty()) {
    const auto comma = accept.find(',');
    clauses.push_back(ParseClause(accept.substr(0, comma)));
    accept = comma == std::string_view::npos ? std::string_view() : accept.substr(comma + 1);
  }
  std::stable_sort(clauses.begin(), clauses.end(),
                   [](const Clause& a, const Clause& b) { return a.weight > b.weight; });
  ExpositionFormat format;
  std::string type = "text/plain; version=0.0.4; charset=utf-8";
  for (const Clause& clause : clauses) {
    // The way to escape may stand at a type that is passed over.
    if (!clause.escaping.empty()) format.escaping = ParseEscaping(clause.escaping);
    if (clause.media == kProtobuf && clause.proto == kMetricFamily &&
        clause.encoding == "delimited") {
      format.protobuf = true;
      type =
          std::string(kProtobuf) + "; proto=" + std::string(kMetricFamily) + "; encoding=delimited";
      break;
    }
    if (clause.media != "text/plain") continue;
    if (clause.version == "1.0.0") type = "text/plain; version=1.0.0; charset=utf-8";
    if (clause.version.empty() || clause.version == "0.0.4" || clause.version == "1.0.0") break;
  }
  format.content_type = type + "; escaping=" + std::string(NameOf(format.escaping));
  return format;
}

void AppendTypeLine(std::string& out, std::string_view name, std::string_view type,
                    Escaping escaping) {
  const std::string text = EscapeName(name, escaping);
  out += "# TYPE ";
  if (IsLegacyMetricName(text)) {
    out += text;
  } else {
    AppendQuotedName(out, text);
  }
  out += ' ';
  out += type;
  out += '\n';
}

void AppendSample(std::string& out, const Labels& labels, const MoreLabels& more, double value,
                  Timestamp time, Escaping escaping) {
  AppendSeries(out, labels, more, "", "", escaping);
  AppendEnd(out, value, time);
}

std::vector<std::pair<double, double>> ClassicBuckets(const Histogram& h) {
  std::vector<std::pair<double, double>> buckets;
  if (h.uses_custom_buckets()) {
    std::vector<double> counts(h.custom_bounds.size() + 1, 0);
    std::size_t index = 0;
    std::size_t at = 0;
    for (const BucketSpan& span : h.positive_spans) {
      index += static_cast<std::size_t>(span.offset);
      for (std::uint32_t i = 0; i < span.length && at < h.positive_buckets.size(); ++i) {
        if (index < counts.size()) counts[index] = h.positive_buckets[at];
        ++index;
        ++at;
      }
    }
    double cumulative = 0;
    for (std::size_t i = 0; i < h.custom_bounds.size(); ++i) {
      cumulative += counts[i];
      buckets.emplace_back(h.custom_bounds[i], cumulative);
    }
  }
  buckets.emplace_back(std::numeric_limits<double>::infinity(), h.count);
  return buckets;
}

void AppendClassicHistogram(std::string& out, const Labels& labels, const MoreLabels& more,
                            const Histogram& h, Timestamp time, Escaping escaping) {
  for (const auto& [bound, cumulative] : ClassicBuckets(h)) {
    AppendSeries(out, labels, more, "_bucket", FormatFloat(bound, 'g'), escaping);
    AppendEnd(out, cumulative, time);
  }
  AppendSeries(out, labels, more, "_sum", "", escaping);
  AppendEnd(out, h.sum, time);
  AppendSeries(out, labels, more, "_count", "", escaping);
  AppendEnd(out, h.count, time);
}

}  // namespace meerkat::web
