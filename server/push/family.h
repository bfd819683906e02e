#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// What a job pushed, as families of metrics: the model of Pushgateway, whose answers depend on it.
namespace meerkat::push {

enum class FamilyType : unsigned char { kCounter, kGauge, kSummary, kUntyped, kHistogram };
std::string_view WordOf(FamilyType type);                 // "counter"
std::string NameOf(FamilyType type);                      // "COUNTER"
std::optional<FamilyType> TypeOf(std::string_view word);  // in any case

using LabelPairs = std::vector<std::pair<std::string, std::string>>;

// One metric of a family. Histograms and summaries are whole.
struct Metric {
  LabelPairs labels;  // without `le` and `quantile`; sorted once a group has taken the metric
  double value = 0;
  std::optional<std::uint64_t> count;
  std::optional<double> sum;
  std::vector<std::pair<double, std::uint64_t>> buckets;  // upper bound, cumulative count
  std::vector<std::pair<double, double>> quantiles;
  bool has_time = false;
};

struct Family {
  std::string name;
  FamilyType type = FamilyType::kUntyped;
  std::optional<std::string> help;
  std::vector<Metric> metrics;
};
using Families = std::map<std::string, Family, std::less<>>;

// The count a sample's value stands for, as Go converts floats to uint64.
std::uint64_t CountOf(double value);

// Appends a family in the text format 0.0.4; `metrics` in this order, of this type.
void AppendText(const Family& family, std::span<const Metric* const> metrics, std::string& out);
// `{ label:<name:"a" value:"b" > gauge:<value:1 > }`: how upstream's messages show a metric.
std::string Describe(FamilyType type, const Metric& metric);
// Fewer labels first, then by their values: upstream's order on a page.
bool ComesBefore(const Metric& a, const Metric& b);

}  // namespace meerkat::push
