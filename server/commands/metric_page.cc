#include "server/commands/metric_page.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "base/number.h"
#include "base/quote.h"

namespace meerkat::commands {
namespace {

using Labels = std::vector<std::pair<std::string, std::string>>;
using Type = MetricFamily::Type;

constexpr std::string_view kTypeNames[] = {"untyped", "counter", "gauge", "summary", "histogram"};

bool IsNameStart(char c, bool colon) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (colon && c == ':');
}
bool IsNamePart(char c, bool colon) {
  return IsNameStart(c, colon) || (c >= '0' && c <= '9');
}
bool IsMetricName(std::string_view name) {
  return !name.empty() && IsNameStart(name[0], true) &&
         std::all_of(name.begin(), name.end(), [](char c) { return IsNamePart(c, true); });
}

bool IsLabelName(std::string_view name) {
  return !name.empty() && IsNameStart(name[0], false) &&
         std::all_of(name.begin(), name.end(), [](char c) { return IsNamePart(c, false); });
}

// Hexadecimal numbers and grouped digits, which Go's parser knows, are not of this format.
bool IsFloat(std::string_view text) {
  return text.find_first_of("pP_") == std::string_view::npos && ParseFloat(text).has_value();
}

// One line at a time; families grow.
class PageReader {
 public:
  explicit PageReader(std::string_view text) : text_(text) {}

  Result<std::vector<MetricFamily>> Read() {
    while (!text_.empty()) {
      ++line_number_;
      const std::size_t end = text_.find('\n');
      line_ = text_.substr(0, end);
      if (end == std::string_view::npos) return Bad("unexpected end of input stream");
      text_.remove_prefix(end + 1);
      SkipBlanks();
      if (line_.empty()) continue;
      auto read = line_[0] == '#' ? ReadComment() : ReadSample();
      if (!read) return std::move(read).error();
    }
    std::vector<MetricFamily> families;
    for (auto& [name, family] : families_) {
      if (family.metrics.empty()) continue;
      MarkDuplicates(family);
      families.push_back(std::move(family));
    }
    return families;
  }

 private:
  Error Bad(const std::string& why) const {
    return {Code::kInvalid,
            "text format parsing error in line " + std::to_string(line_number_) + ": " + why};
  }

  void SkipBlanks() {
    while (!line_.empty() && (line_[0] == ' ' || line_[0] == '\t')) line_.remove_prefix(1);
  }
  // Up to the next blank.
  std::string_view TakeWord() {
    const std::size_t end = std::min(line_.find_first_of(" \t"), line_.size());
    const std::string_view word = line_.substr(0, end);
    line_.remove_prefix(end);
    SkipBlanks();
    return word;
  }

  Result<> ReadComment() {
    line_.remove_prefix(1);
    SkipBlanks();
    const std::string_view keyword = TakeWord();
    if (keyword != "HELP" && keyword != "TYPE") return {};
    if (line_.empty()) return {};
    const std::string name(TakeWord());
    if (!IsMetricName(name)) return Bad("invalid metric name in comment");
    if (keyword == "TYPE" && line_.empty()) return {};
    MetricFamily& family = FamilyOf(name);
    if (keyword == "HELP") {
      if (family.help) return Bad("second HELP line for metric name " + Quote(name));
      family.help = std::string(line_);
      return {};
    }
    if (family.type) {
      return Bad("second TYPE line for metric name " + Quote(name) +
                 ", or TYPE reported after samples");
    }
    const auto known = std::find(std::begin(kTypeNames), std::end(kTypeNames), line_);
    if (line_ == "gaugehistogram") {
      family.type = Type::kHistogram;
    } else if (known == std::end(kTypeNames)) {
      return Bad("unknown metric type " + Quote(line_));
    } else {
      family.type = static_cast<Type>(known - std::begin(kTypeNames));
    }
    return {};
  }

  // The family a sample of this name belongs to: x_sum may be part of a histogram x.
  MetricFamily& FamilyOf(const std::string& name) {
    if (const auto found = families_.find(name); found != families_.end()) return found->second;
    for (const std::string_view suffix : {"_count", "_sum", "_bucket"}) {
      if (!name.ends_with(suffix)) continue;
      const auto found = families_.find(name.substr(0, name.size() - suffix.size()));
      if (found == families_.end()) continue;
      const auto type = found->second.type;
      if (type == Type::kHistogram || (type == Type::kSummary && suffix != "_bucket")) {
        return found->second;
      }
    }
    MetricFamily& family = families_[name];
    family.name = name;
    return family;
  }

  Result<std::string> TakeQuoted() {
    std::string value;
    std::size_t at = 1;
    for (; at < line_.size() && line_[at] != '"'; ++at) {
      if (line_[at] != '\\') {
        value += line_[at];
        continue;
      }
      if (++at == line_.size()) break;
      if (line_[at] != '"' && line_[at] != '\\' && line_[at] != 'n') {
        return Bad(std::string("invalid escape sequence '\\") + line_[at] + "'");
      }
      value += line_[at] == 'n' ? '\n' : line_[at];
    }
    if (at >= line_.size())
      return Bad("label value " + Quote(value) + " contains unescaped new-line");
    line_.remove_prefix(at + 1);
    return value;
  }

  Result<> ReadLabels(std::string& name, Labels& labels) {
    line_.remove_prefix(1);
    for (;;) {
      SkipBlanks();
      if (line_.starts_with('}')) {
        line_.remove_prefix(1);
        return {};
      }
      std::string label;
      const bool quoted = line_.starts_with('"');
      if (quoted) {
        auto taken = TakeQuoted();
        if (!taken) return std::move(taken).error();
        label = *std::move(taken);
      } else {
        std::size_t end = 0;
        while (end < line_.size() && IsNamePart(line_[end], false)) ++end;
        label = line_.substr(0, end);
        if (label.empty() || !IsNameStart(label[0], false)) {
          if (name.empty()) return Bad("invalid metric name");
          return Bad("invalid label name for metric " + Quote(name));
        }
        line_.remove_prefix(end);
      }
      SkipBlanks();
      const char next = line_.empty() ? '\n' : line_[0];
      if (quoted && name.empty() && (next == ',' || next == '}')) {
        if (!IsMetricName(label)) return Bad("invalid metric name " + Quote(label));
        name = label;
        if (next == ',') line_.remove_prefix(1);
        continue;
      }
      if (name.empty()) return Bad("invalid metric name");
      if (!IsLabelName(label)) return Bad("invalid label name " + Quote(label));
      if (label == "__name__") return Bad("label name \"__name__\" is reserved");
      if (next != '=') {
        return Bad(std::string("expected '=' after label name, found ") + Character(next));
      }
      line_.remove_prefix(1);
      SkipBlanks();
      if (!line_.starts_with('"')) {
        return Bad(std::string("expected '\"' at start of label value, found ") +
                   Character(line_.empty() ? '\n' : line_[0]));
      }
      auto value = TakeQuoted();
      if (!value) return std::move(value).error();
      SkipBlanks();
      if (line_.starts_with(',')) {
        line_.remove_prefix(1);
      } else if (!line_.starts_with('}')) {
        return Bad("unexpected end of label value " + Quote(*value));
      }
      for (const auto& [other, ignored] : labels) {
        if (other == label) return Bad("duplicate label names for metric " + Quote(name));
      }
      labels.emplace_back(std::move(label), *std::move(value));
    }
  }

  static std::string Character(char c) { return c == '\n' ? "'\\n'" : std::string("'") + c + "'"; }

  Result<> ReadSample() {
    std::size_t end = 0;
    while (end < line_.size() && IsNamePart(line_[end], true)) ++end;
    std::string name(line_.substr(0, end));
    if (!name.empty() && !IsNameStart(name[0], true)) return Bad("invalid metric name");
    if (name.empty() && line_[0] != '{') return Bad("invalid metric name");
    line_.remove_prefix(end);
    SkipBlanks();
    Labels labels;
    if (line_.starts_with('{')) {
      if (auto read = ReadLabels(name, labels); !read) return read;
      SkipBlanks();
    }
    if (name.empty()) return Bad("invalid metric name");
    MetricFamily& family = FamilyOf(name);
    if (!family.type) family.type = Type::kUntyped;
    if (auto added = Add(family, std::move(labels)); !added) return added;
    const std::string_view value = TakeWord();
    if (!IsFloat(value)) return Bad("expected float as value, got " + Quote(value));
    if (line_.empty()) return {};
    const std::string_view time =
        line_.substr(0, std::min(line_.find_first_of(" \t"), line_.size()));
    std::int64_t millis = 0;
    const auto [stop, error] = std::from_chars(time.data(), time.data() + time.size(), millis);
    if (error != std::errc() || stop != time.data() + time.size()) {
      return Bad("expected integer as timestamp, got " + Quote(time));
    }
    line_.remove_prefix(time.size());
    if (!line_.empty()) return Bad("spurious string after timestamp: " + Quote(line_));
    return {};
  }

  // Buckets of one histogram and quantiles of one summary are one metric.
  Result<> Add(MetricFamily& family, Labels labels) {
    const bool grouped = family.type == Type::kHistogram || family.type == Type::kSummary;
    const std::string_view bound_name = family.type == Type::kHistogram ? "le" : "quantile";
    bool has_bound = false;
    if (grouped) {
      const auto bound = std::find_if(labels.begin(), labels.end(),
                                      [&](const auto& label) { return label.first == bound_name; });
      if (bound != labels.end()) {
        if (!IsFloat(bound->second)) {
          return Bad("expected float as value for '" + std::string(bound_name) + "' label, got " +
                     Quote(bound->second));
        }
        labels.erase(bound);
        has_bound = true;
      }
    }
    std::sort(labels.begin(), labels.end());
    auto metric = family.metrics.end();
    if (grouped) {
      metric = std::find_if(family.metrics.begin(), family.metrics.end(),
                            [&](const auto& other) { return other.labels == labels; });
    }
    if (metric == family.metrics.end()) {
      metric = family.metrics.insert(metric, {std::move(labels), 0, true});
    }
    if (has_bound) ++metric->bounds;
    return {};
  }

  static void MarkDuplicates(MetricFamily& family) {
    std::map<Labels, std::size_t> seen;
    for (const auto& metric : family.metrics) ++seen[metric.labels];
    for (auto& metric : family.metrics) metric.unique = seen[metric.labels] == 1;
  }

  std::string_view text_;
  std::string_view line_;  // what is left of it
  std::size_t line_number_ = 0;
  std::map<std::string, MetricFamily, std::less<>> families_;
};

}  // namespace

std::string_view NameOf(MetricFamily::Type type) {
  return kTypeNames[static_cast<std::size_t>(type)];
}

Result<std::vector<MetricFamily>> ReadMetricPage(std::string_view text) {
  return PageReader(text).Read();
}

}  // namespace meerkat::commands
