#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace meerkat::commands {

// A page of metrics by families, as the linter looks at it: names and labels, no values.
struct MetricFamily {
  enum class Type : std::uint8_t { kUntyped, kCounter, kGauge, kSummary, kHistogram };
  struct Metric {
    std::vector<std::pair<std::string, std::string>> labels;  // sorted; without `le`, `quantile` of
                                                              // a histogram, a summary
    std::size_t bounds = 0;  // buckets of a histogram, quantiles of a summary
    bool unique = true;      // no other one of the page is the same
  };
  std::string name;
  std::optional<std::string> help;
  std::optional<Type> type;  // none: nothing was said, and no sample seen
  std::vector<Metric> metrics;
};

std::string_view NameOf(MetricFamily::Type type);  // "counter"

// Families in the order of their names; those without samples are left out. What is refused, and in
// which words, is upstream's reader of the text format: stricter than scraping.
Result<std::vector<MetricFamily>> ReadMetricPage(std::string_view text);

}  // namespace meerkat::commands
