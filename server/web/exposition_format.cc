#include "server/web/exposition_format.h"

#include <cmath>
#include <limits>

#include "base/number.h"

namespace meerkat::web {
namespace {

std::string_view Trim(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
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
  const std::string name =
      EscapeName(std::string(labels.metric_name()) + std::string(suffix), escaping, true);
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
    const std::string text = EscapeName(label, escaping, false);
    if (IsLegacyLabelName(text)) {
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
  ExpositionFormat format;
  std::string version = "0.0.4";
  bool escaping_asked = false;
  bool chosen = false;
  while (!accept.empty() && !chosen) {
    const auto comma = accept.find(',');
    std::string_view item = accept.substr(0, comma);
    accept = comma == std::string_view::npos ? std::string_view() : accept.substr(comma + 1);
    const auto semicolon = item.find(';');
    const std::string_view media = Trim(item.substr(0, semicolon));
    chosen = media == "text/plain";
    std::string_view parameters =
        semicolon == std::string_view::npos ? std::string_view() : item.substr(semicolon + 1);
    while (!parameters.empty()) {
      const auto end = parameters.find(';');
      const std::string_view parameter = Trim(parameters.substr(0, end));
      parameters = end == std::string_view::npos ? std::string_view() : parameters.substr(end + 1);
      const auto equal = parameter.find('=');
      if (equal == std::string_view::npos) continue;
      const std::string_view key = Trim(parameter.substr(0, equal));
      const std::string_view value = Trim(parameter.substr(equal + 1));
      if (key == "escaping" && (chosen || media == "*/*")) {
        format.escaping = ParseEscaping(value);
        escaping_asked = true;
      } else if (key == "version" && chosen && value == "1.0.0") {
        version = "1.0.0";
      }
    }
  }
  format.content_type = "text/plain; version=" + version + "; charset=utf-8";
  if (escaping_asked || version == "1.0.0") {
    format.content_type += "; escaping=" + std::string(NameOf(format.escaping));
  }
  return format;
}

void AppendTypeLine(std::string& out, std::string_view name, std::string_view type,
                    Escaping escaping) {
  const std::string text = EscapeName(name, escaping, true);
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

void AppendClassicHistogram(std::string& out, const Labels& labels, const MoreLabels& more,
                            const Histogram& h, Timestamp time, Escaping escaping) {
  const auto bucket = [&](const std::string& le, double cumulative) {
    AppendSeries(out, labels, more, "_bucket", le, escaping);
    AppendEnd(out, cumulative, time);
  };
  double cumulative = 0;
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
    for (std::size_t i = 0; i < h.custom_bounds.size(); ++i) {
      cumulative += counts[i];
      bucket(FormatFloat(h.custom_bounds[i], 'g'), cumulative);
    }
  }
  bucket("+Inf", h.count);
  AppendSeries(out, labels, more, "_sum", "", escaping);
  AppendEnd(out, h.sum, time);
  AppendSeries(out, labels, more, "_count", "", escaping);
  AppendEnd(out, h.count, time);
}

}  // namespace meerkat::web
