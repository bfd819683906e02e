#include "server/commands/metric_page.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "base/number.h"
#include "base/quote.h"
#include "base/utf8.h"

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
      const bool cut = end == std::string_view::npos;
      text_.remove_prefix(cut ? text_.size() : end + 1);
      SkipBlanks();
      if (line_.empty() && !cut) continue;
      const bool comment = line_.starts_with('#');
      auto read = line_.empty() ? Result<>() : comment ? ReadComment() : ReadSample();
      // What is wrong before the end of a line that has none is told first.
      if (cut && (read.ok() || comment || line_.empty())) {
        return Bad("unexpected end of input stream");
      }
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
    auto taken = TakeMetricName();
    if (!taken) return std::move(taken).error();
    const bool ends = line_.empty() || line_[0] == ' ' || line_[0] == '\t';
    if (!taken->found || !ends) return Bad("invalid metric name in comment");
    SkipBlanks();
    const std::string& name = taken->text;
    if (line_.empty()) return {};
    MetricFamily& family = FamilyOf(name);
    if (keyword == "HELP") {
      if (family.help) return Bad("second HELP line for metric name " + Quote(name));
      for (std::size_t at = line_.find('\\'); at != line_.npos; at = line_.find('\\', at + 2)) {
        const char escaped = at + 1 < line_.size() ? line_[at + 1] : '\n';
        if (!IsEscaped(escaped)) return BadEscape(escaped);
      }
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

  static bool IsEscaped(char c) { return c == '"' || c == '\\' || c == 'n'; }
  Error BadEscape(char c) const {
    return Bad(std::string("invalid escape sequence '\\") + c + "'");
  }

  Result<std::string> TakeQuoted(std::string_view what) {
    std::string value;
    std::size_t at = 1;
    for (; at < line_.size() && line_[at] != '"'; ++at) {
      if (line_[at] != '\\') {
        value += line_[at];
        continue;
      }
      if (++at == line_.size()) break;
      if (!IsEscaped(line_[at])) return BadEscape(line_[at]);
      value += line_[at] == 'n' ? '\n' : line_[at];
    }
    if (at >= line_.size()) {
      return Bad(std::string(what) + " " + Quote(value) + " contains unescaped new-line");
    }
    line_.remove_prefix(at + 1);
    return value;
  }

  // A name or what stands between quotes, which may also begin behind the beginning of a name.
  struct Name {
    std::string text;
    bool found = false;
  };
  Result<Name> TakeName(bool colon, std::string_view what) {
    Name name;
    if (!line_.empty() && IsNameStart(line_[0], colon)) {
      std::size_t end = 1;
      while (end < line_.size() && IsNamePart(line_[end], colon)) ++end;
      name = {std::string(line_.substr(0, end)), true};
      line_.remove_prefix(end);
    }
    if (line_.starts_with('"')) {
      auto quoted = TakeQuoted(std::string(what) + " name");
      if (!quoted) return std::move(quoted).error();
      name = {name.text + *quoted, true};
    }
    return name;
  }
  // Of a metric; `found` may be false.
  Result<Name> TakeMetricName() {
    auto name = TakeName(true, "metric");
    if (name && name->found && !IsMetricName(name->text)) {
      return Bad("invalid metric name " + Quote(name->text));
    }
    return name;
  }

  // `family`: of the name in front of the brace; null: the name stands between the braces.
  Result<> ReadLabels(MetricFamily* family, std::string& name, Labels& labels) {
    const bool name_inside = family == nullptr;
    const auto known = [&family] { return Quote(family == nullptr ? "" : family->name); };
    line_.remove_prefix(1);
    for (;;) {
      SkipBlanks();
      if (line_.starts_with('}')) {
        line_.remove_prefix(1);
        return {};
      }
      auto label = TakeName(false, "label");
      if (!label) return std::move(label).error();
      if (!label->found) return Bad("invalid label name for metric " + known());
      SkipBlanks();
      const char next = line_.empty() ? '\n' : line_[0];
      if (next != '=' && name_inside) {
        if (family != nullptr) return Bad("multiple metric names for metric " + known());
        if (next != ',' && next != '}') {
          return Bad("unexpected end of metric name " + Character(next));
        }
        name = std::move(label->text);
        if (!IsMetricName(name)) return Bad("invalid metric name " + Quote(name));
        family = &FamilyOf(name);
        if (next == ',') line_.remove_prefix(1);
        continue;
      }
      if (next != '=') return Bad("expected '=' after label name, found " + Character(next));
      if (label->text == "__name__") return Bad("label name \"__name__\" is reserved");
      if (!IsLabelName(label->text)) return Bad("invalid label name " + Quote(label->text));
      for (const auto& [other, ignored] : labels) {
        if (other == label->text) return Bad("duplicate label names for metric " + known());
      }
      line_.remove_prefix(1);
      SkipBlanks();
      if (!line_.starts_with('"')) {
        return Bad("expected '\"' at start of label value, found " +
                   Character(line_.empty() ? '\n' : line_[0]));
      }
      auto value = TakeQuoted("label value");
      if (!value) return std::move(value).error();
      if (!IsValidUtf8(*value)) return Bad("invalid label value " + Quote(*value));
      SkipBlanks();
      if (line_.starts_with(',')) {
        line_.remove_prefix(1);
      } else if (!line_.starts_with('}')) {
        return Bad("unexpected end of label value " + Quote(*value));
      }
      labels.emplace_back(std::move(label->text), *std::move(value));
    }
  }

  // As Go shows a byte.
  static std::string Character(char c) {
    switch (c) {
      case '\n':
        return R"('\n')";
      case '\r':
        return R"('\r')";
      case '\t':
        return R"('\t')";
      case '\'':
      case '\\':
        return std::string(R"('\)") + c + "'";
      default:
        break;
    }
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) return std::string("'") + c + "'";
    return {'\'', static_cast<char>(0xc0 | byte >> 6), static_cast<char>(0x80 | (byte & 0x3f)),
            '\''};
  }

  Result<> ReadSample() {
    auto taken = TakeMetricName();
    if (!taken) return std::move(taken).error();
    std::string name = std::move(taken->text);
    MetricFamily* before = taken->found ? &FamilyOf(name) : nullptr;
    SkipBlanks();
    Labels labels;
    if (line_.starts_with('{')) {
      if (auto read = ReadLabels(before, name, labels); !read) return read;
      SkipBlanks();
    }
    if (name.empty()) return Bad("invalid metric name");
    MetricFamily& family = FamilyOf(name);
    if (!family.type) family.type = Type::kUntyped;
    const bool of_histogram = family.type == Type::kHistogram;
    const bool bucket = of_histogram && std::any_of(labels.begin(), labels.end(),
                                                    [](const auto& l) { return l.first == "le"; });
    if (auto added = Add(family, std::move(labels)); !added) return added;
    const std::string_view value = line_.substr(0, line_.find_first_of(" \t"));
    line_.remove_prefix(value.size());
    if (!IsFloat(value)) return Bad("expected float as value, got " + Quote(value));
    if (of_histogram && *ParseFloat(value) < 0) {
      if (name == family.name + "_count") {
        return Bad("negative count for histogram " + Quote(family.name));
      }
      if (bucket && name != family.name + "_sum") {
        return Bad("negative bucket population for histogram " + Quote(family.name));
      }
    }
    if (line_.empty()) return {};
    SkipBlanks();
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
