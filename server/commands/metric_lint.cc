#include "server/commands/metric_lint.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include "base/letter_case.h"
#include "base/quote.h"

namespace meerkat::commands {
namespace {

using Type = MetricFamily::Type;

// A unit, and the base unit of what it measures.
constexpr std::pair<std::string_view, std::string_view> kUnits[] = {
    {"amperes", "amperes"}, {"bytes", "bytes"},        {"celsius", "celsius"},
    {"grams", "grams"},     {"joules", "joules"},      {"kelvin", "kelvin"},
    {"meters", "meters"},   {"metres", "metres"},      {"seconds", "seconds"},
    {"volts", "volts"},     {"minutes", "seconds"},    {"hours", "seconds"},
    {"days", "seconds"},    {"weeks", "seconds"},      {"kelvins", "kelvin"},
    {"rankine", "celsius"}, {"fahrenheit", "celsius"}, {"inches", "meters"},
    {"yards", "meters"},    {"miles", "meters"},       {"bits", "bytes"},
    {"calories", "joules"}, {"pounds", "grams"},       {"ounces", "grams"}};
constexpr std::string_view kPrefixes[] = {"pico", "nano",  "micro", "milli", "centi", "deci",
                                          "deca", "hecto", "kilo",  "kibi",  "mega",  "mibi",
                                          "giga", "gibi",  "tera",  "tebi",  "peta",  "pebi"};
constexpr std::string_view kAbbreviations[] = {"s",  "ms", "us", "ns", "sec", "b", "kb",
                                               "mb", "gb", "tb", "pb", "m",   "h", "d"};

bool IsCamelCase(std::string_view name) {
  for (std::size_t i = 1; i < name.size(); ++i) {
    const char before = name[i - 1];
    if (before >= 'a' && before <= 'z' && name[i] >= 'A' && name[i] <= 'Z') return true;
  }
  return false;
}

std::vector<std::string_view> Words(std::string_view name) {
  std::vector<std::string_view> words;
  for (std::size_t at = 0; at <= name.size();) {
    const std::size_t end = std::min(name.find('_', at), name.size());
    words.push_back(name.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

class Linter {
 public:
  explicit Linter(std::vector<MetricProblem>& problems) : problems_(problems) {}

  void Check(const MetricFamily& family) {
    family_ = &family;
    if (!family.help || family.help->empty()) Say("no help text");
    const bool repeated = std::any_of(family.metrics.begin(), family.metrics.end(),
                                      [](const auto& metric) { return !metric.unique; });
    if (repeated) Say("metric not unique");
    CheckUnits();
    CheckSuffixes();
    CheckTypeInName();
    if (family.name.find(':') != std::string::npos) Say("metric names should not contain ':'");
    if (IsCamelCase(family.name)) {
      Say("metric names should be written in 'snake_case' not 'camelCase'");
    }
    CheckLabels();
  }

 private:
  void Say(std::string text) { problems_.push_back({family_->name, std::move(text)}); }

  void CheckUnits() {
    const auto words = Words(family_->name);
    for (const std::string_view word : words) {
      if (const auto base = BaseUnitOf(word); !base.empty()) {
        if (base != word) {
          Say("use base unit " + Quote(base) + " instead of " + Quote(word));
        }
        break;  // the first unit counts
      }
    }
    const std::string lower = ToLower(family_->name);
    for (const std::string_view word : Words(lower)) {
      if (word.data() == lower.data()) continue;  // no unit without something it measures
      if (std::find(std::begin(kAbbreviations), std::end(kAbbreviations), word) !=
          std::end(kAbbreviations)) {
        Say("metric names should not contain abbreviated units");
        break;
      }
    }
  }

  static std::string_view BaseUnitOf(std::string_view word) {
    for (const auto& [unit, base] : kUnits) {
      if (!word.ends_with(unit)) continue;
      const std::string_view prefix = word.substr(0, word.size() - unit.size());
      if (prefix.empty() ||
          std::find(std::begin(kPrefixes), std::end(kPrefixes), prefix) != std::end(kPrefixes)) {
        return base;
      }
    }
    return {};
  }

  void CheckSuffixes() {
    const std::string_view name = family_->name;
    const Type type = *family_->type;
    if (type == Type::kUntyped) return;
    const bool is_total = name.ends_with("_total");
    if (type == Type::kCounter && !is_total) Say("counter metrics should have \"_total\" suffix");
    if (type != Type::kCounter && is_total) {
      Say("non-counter metrics should not have \"_total\" suffix");
    }
    const bool histogram = type == Type::kHistogram;
    const bool summary = type == Type::kSummary;
    if (!histogram && name.ends_with("_bucket")) {
      Say("non-histogram metrics should not have \"_bucket\" suffix");
    }
    if (histogram || summary) return;
    for (const std::string_view suffix : {"_count", "_sum"}) {
      if (!name.ends_with(suffix)) continue;
      Say("non-histogram and non-summary metrics should not have \"" + std::string(suffix) +
          "\" suffix");
    }
  }

  void CheckTypeInName() {
    if (*family_->type == Type::kUntyped) return;
    const std::string word = "_" + std::string(NameOf(*family_->type));
    const std::string name = ToLower(family_->name);
    if (name.ends_with(word) || name.find(word + "_") != std::string::npos) {
      Say("metric name should not include type '" + word.substr(1) + "'");
    }
  }

  void CheckLabels() {
    const Type type = *family_->type;
    for (const auto& metric : family_->metrics) {
      for (const auto& [name, value] : metric.labels) {
        if (type != Type::kUntyped && type != Type::kHistogram && name == "le") {
          Say("non-histogram metrics should not have \"le\" label");
        }
        if (type != Type::kUntyped && type != Type::kSummary && name == "quantile") {
          Say("non-summary metrics should not have \"quantile\" label");
        }
        if (IsCamelCase(name)) {
          Say("label names should be written in 'snake_case' not 'camelCase'");
        }
      }
    }
  }

  std::vector<MetricProblem>& problems_;
  const MetricFamily* family_ = nullptr;
};

}  // namespace

std::vector<MetricProblem> LintMetrics(std::span<const MetricFamily> families) {
  std::vector<MetricProblem> problems;
  Linter linter(problems);
  for (const MetricFamily& family : families) linter.Check(family);
  std::sort(problems.begin(), problems.end());
  return problems;
}

}  // namespace meerkat::commands
