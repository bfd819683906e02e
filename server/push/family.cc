#include "server/push/family.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/number.h"
#include "base/quote.h"

namespace meerkat::push {
namespace {

constexpr std::array<std::string_view, 5> kWords = {"counter", "gauge", "summary", "untyped",
                                                    "histogram"};

char Upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

void AppendEscaped(std::string_view text, bool quotes, std::string& out) {
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '\\' || (quotes && c == '"')) out += '\\';
    out += c;
  }
}

void AppendSample(std::string_view name, std::string_view suffix, const LabelPairs& labels,
                  std::string_view extra_name, double extra, double value, std::string& out) {
  out += name;
  out += suffix;
  bool first = true;
  const auto label = [&](std::string_view label_name, std::string_view label_value) {
    out += first ? '{' : ',';
    first = false;
    out += label_name;
    out += "=\"";
    AppendEscaped(label_value, true, out);
    out += '"';
  };
  for (const auto& [label_name, label_value] : labels) label(label_name, label_value);
  if (!extra_name.empty()) label(extra_name, FormatFloat(extra, 'g'));
  if (!first) out += '}';
  out += ' ';
  out += FormatFloat(value, 'g');
  out += '\n';
}

// Floats as Go prints them in protobuf's text form.
std::string ProtobufFloat(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  return FormatFloat(value, 'g');
}

}  // namespace

std::string_view WordOf(FamilyType type) {
  return kWords[static_cast<std::size_t>(type)];
}

std::string NameOf(FamilyType type) {
  std::string name(WordOf(type));
  std::ranges::transform(name, name.begin(), Upper);
  return name;
}

std::optional<FamilyType> TypeOf(std::string_view word) {
  for (std::size_t i = 0; i < kWords.size(); ++i) {
    const auto same = [](char a, char b) { return Upper(a) == Upper(b); };
    if (std::ranges::equal(word, kWords[i], same)) return static_cast<FamilyType>(i);
  }
  return std::nullopt;
}

std::uint64_t CountOf(double value) {
  constexpr double kTwo63 = 9223372036854775808.0;
  if (std::isnan(value) || value >= 2 * kTwo63 || value < -kTwo63) return 1ULL << 63;
  if (value < 0) return static_cast<std::uint64_t>(static_cast<std::int64_t>(value));
  return static_cast<std::uint64_t>(value);
}

void AppendText(const Family& family, std::span<const Metric* const> metrics, std::string& out) {
  if (family.help) {
    out += "# HELP " + family.name + ' ';
    AppendEscaped(*family.help, false, out);
    out += '\n';
  }
  out += "# TYPE " + family.name + ' ';
  out += WordOf(family.type);
  out += '\n';
  for (const Metric* const metric : metrics) {
    const auto sample = [&](std::string_view suffix, double value, std::string_view extra_name = "",
                            double extra = 0) {
      AppendSample(family.name, suffix, metric->labels, extra_name, extra, value, out);
    };
    const auto count = static_cast<double>(metric->count.value_or(0));
    if (family.type == FamilyType::kSummary) {
      for (const auto& [rank, value] : metric->quantiles) sample("", value, "quantile", rank);
      sample("_sum", metric->sum.value_or(0));
      sample("_count", count);
    } else if (family.type == FamilyType::kHistogram) {
      bool whole = false;
      for (const auto& [bound, cumulative] : metric->buckets) {
        sample("_bucket", static_cast<double>(cumulative), "le", bound);
        whole = whole || (std::isinf(bound) && bound > 0);
      }
      if (!whole) sample("_bucket", count, "le", HUGE_VAL);
      sample("_sum", metric->sum.value_or(0));
      sample("_count", count);
    } else {
      sample("", metric->value);
    }
  }
}

std::string Describe(FamilyType type, const Metric& metric) {
  std::string out = "{ ";
  for (const auto& [name, value] : metric.labels) {
    out += "label:<name:" + Quote(name) + " value:" + Quote(value) + " > ";
  }
  out += WordOf(type);
  out += ":<";
  const auto counts = [&] {
    if (metric.count) out += "sample_count:" + std::to_string(*metric.count) + ' ';
    if (metric.sum) out += "sample_sum:" + ProtobufFloat(*metric.sum) + ' ';
  };
  if (type == FamilyType::kSummary) {
    counts();
    for (const auto& [rank, value] : metric.quantiles) {
      out += "quantile:<quantile:" + ProtobufFloat(rank) + " value:" + ProtobufFloat(value) + " > ";
    }
  } else if (type == FamilyType::kHistogram) {
    counts();
    for (const auto& [bound, cumulative] : metric.buckets) {
      out += "bucket:<cumulative_count:" + std::to_string(cumulative) +
             " upper_bound:" + ProtobufFloat(bound) + " > ";
    }
  } else {
    out += "value:" + ProtobufFloat(metric.value) + ' ';
  }
  return out + "> }";
}

bool ComesBefore(const Metric& a, const Metric& b) {
  if (a.labels.size() != b.labels.size()) return a.labels.size() < b.labels.size();
  for (std::size_t i = 0; i < a.labels.size(); ++i) {
    if (a.labels[i].second != b.labels[i].second) return a.labels[i].second < b.labels[i].second;
  }
  return false;
}

}  // namespace meerkat::push
