#pragma once

#include <span>
#include <string>
#include <vector>

#include "server/commands/metric_page.h"

namespace meerkat::commands {

struct MetricProblem {
  std::string metric;
  std::string text;
  friend auto operator<=>(const MetricProblem&, const MetricProblem&) = default;
};

// What the naming conventions of metrics have against these families, by metric and text; the texts
// are upstream's. https://prometheus.io/docs/practices/naming/ has the conventions.
std::vector<MetricProblem> LintMetrics(std::span<const MetricFamily> families);

}  // namespace meerkat::commands
