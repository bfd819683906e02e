#include "server/push/body_reader.h"

#include <algorithm>

#include "base/number.h"
#include "server/push/text_reader.h"
#include "server/scrape/exposition/parser.h"

namespace meerkat::push {
namespace {

using tsdb::MetricType;

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

FamilyType TypeFor(MetricType type) {
  switch (type) {
    case MetricType::kCounter:
      return FamilyType::kCounter;
    case MetricType::kGauge:
    case MetricType::kInfo:
    case MetricType::kStateset:
      return FamilyType::kGauge;
    case MetricType::kHistogram:
      return FamilyType::kHistogram;
    case MetricType::kSummary:
      return FamilyType::kSummary;
    case MetricType::kGaugeHistogram:
    case MetricType::kUnknown:
      return FamilyType::kUntyped;
  }
  return FamilyType::kUntyped;
}

// Puts the samples of the scrape parsers together to families again.
class Collector {
 public:
  explicit Collector(scrape::Parser& parser) : parser_(parser) {}

  Result<Families> Collect() {
    while (true) {
      auto entry = parser_.Next();
      if (!entry) return std::move(entry).error();
      switch (*entry) {
        case scrape::Entry::kEnd:
          std::erase_if(families_, [](const auto& item) { return item.second.metrics.empty(); });
          return std::move(families_);
        case scrape::Entry::kType:
          announced_[std::string(parser_.name())].type = TypeFor(parser_.type());
          family_ = parser_.name();
          break;
        case scrape::Entry::kHelp:
          announced_[std::string(parser_.name())].help = parser_.text();
          break;
        case scrape::Entry::kSeries:
          Take();
          break;
        case scrape::Entry::kHistogram:
        case scrape::Entry::kUnit:
        case scrape::Entry::kComment:
          break;
      }
    }
  }

 private:
  struct Announced {
    FamilyType type = FamilyType::kUntyped;
    std::optional<std::string> help;
  };

  void Take() {
    parser_.GetLabels(raw_);
    std::string name;
    std::optional<double> le;
    std::optional<double> quantile;
    LabelPairs labels;
    const auto announced = announced_.find(family_);
    const FamilyType type =
        announced == announced_.end() ? FamilyType::kUntyped : announced->second.type;
    for (auto& [label, value] : raw_) {
      if (label == "__name__") {
        name = value;
      } else if (type == FamilyType::kHistogram && label == "le") {
        le = ParseFloat(value);
      } else if (type == FamilyType::kSummary && label == "quantile") {
        quantile = ParseFloat(value);
      } else {
        labels.emplace_back(std::move(label), std::move(value));
      }
    }
    const std::string_view suffix =
        name.starts_with(family_) ? std::string_view(name).substr(family_.size()) : "-";
    const bool compound = type == FamilyType::kHistogram || type == FamilyType::kSummary;
    const bool part = compound && (suffix.empty() || suffix == "_bucket" || suffix == "_sum" ||
                                   suffix == "_count");
    // The text format knows the samples of a counter by the counter's own name.
    const bool own = suffix.empty() || (type == FamilyType::kCounter && suffix == "_total");
    Family& family = families_[part ? family_ : name];
    if (family.name.empty()) {
      family.name = part ? family_ : name;
      if (part || own) {
        family.type = type;
        if (announced != announced_.end()) family.help = announced->second.help;
      }
    }
    Metric& metric = part ? Whole(family, labels) : family.metrics.emplace_back();
    metric.labels = std::move(labels);
    metric.has_time = metric.has_time || parser_.time().has_value();
    const double value = parser_.value();
    if (!part) {
      metric.value = value;
    } else if (suffix == "_count") {
      metric.count = CountOf(value);
    } else if (suffix == "_sum") {
      metric.sum = value;
    } else if (le) {
      metric.buckets.emplace_back(*le, CountOf(value));
    } else if (quantile) {
      metric.quantiles.emplace_back(*quantile, value);
    }
  }

  // Parts of one histogram or summary follow each other.
  static Metric& Whole(Family& family, const LabelPairs& labels) {
    if (!family.metrics.empty() && family.metrics.back().labels == labels) {
      return family.metrics.back();
    }
    return family.metrics.emplace_back();
  }

  scrape::Parser& parser_;
  std::map<std::string, Announced, std::less<>> announced_;
  std::string family_;  // announced last
  Families families_;
  scrape::RawLabels raw_;
};

}  // namespace

Result<Families> ReadBody(std::string_view body, std::string_view content_type) {
  const bool protobuf = content_type.starts_with("application/vnd.google.protobuf") &&
                        Contains(content_type, "delimited") &&
                        Contains(content_type, "io.prometheus.client.MetricFamily");
  const bool open_metrics = content_type.starts_with("application/openmetrics-text");
  if (!protobuf && !open_metrics) return ReadText(body);
  auto parser = scrape::NewParser(body, content_type, std::nullopt, {});
  if (!parser) return std::move(parser).error();
  return Collector(**parser).Collect();
}

}  // namespace meerkat::push
