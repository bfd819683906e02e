#include "server/commands/check_metrics.h"

#include <algorithm>
#include <cstdio>
#include <istream>
#include <iterator>
#include <ostream>
#include <string>
#include <vector>

#include "server/commands/arguments.h"
#include "server/commands/metric_lint.h"

namespace meerkat::commands {
namespace {

constexpr FlagRule kFlags[] = {
    {"extended", '\0', false, "", "Also print how many series each metric has."},
    {"lint", '\0', true, "all", "What to look for: all or none."},
    kLookbackFlag,
    kExperimentalFlag,
    kFeatureFlag};

// Series that a family stands for: of a histogram every bucket, sum and count.
std::size_t SeriesOf(const MetricFamily& family) {
  const auto type = *family.type;
  if (type != MetricFamily::Type::kHistogram && type != MetricFamily::Type::kSummary) {
    return family.metrics.size();
  }
  return (family.metrics[0].bounds + 2) * family.metrics.size();
}

std::string Percent(std::size_t part, std::size_t all) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f%%",
                static_cast<double>(part) / static_cast<double>(all) * 100);
  return text;
}

void PrintCardinality(std::ostream& out, std::vector<MetricFamily> families) {
  std::stable_sort(families.begin(), families.end(),
                   [](const auto& a, const auto& b) { return SeriesOf(a) > SeriesOf(b); });
  std::size_t total = 0;
  for (const MetricFamily& family : families) total += SeriesOf(family);
  std::vector<std::vector<std::string>> rows = {{"Metric", "Cardinality", "Percentage"}};
  for (const MetricFamily& family : families) {
    const std::size_t series = SeriesOf(family);
    rows.push_back({family.name, std::to_string(series), Percent(series, total)});
  }
  rows.push_back({"Total", std::to_string(total), "100%"});
  // Columns four spaces apart, the last one filled up too.
  std::vector<std::size_t> widths(3);
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      out << row[i] << std::string(widths[i] + 4 - row[i].size(), ' ');
    }
    out << "\n";
  }
}

}  // namespace

int CheckMetrics(std::span<const std::string> args, Streams streams) {
  const auto arguments = Arguments::Parse(args, kFlags, "");
  if (!arguments) return Misused(streams, arguments.error());
  const auto lint = arguments->Choice("lint", {"all", "none"});
  if (!lint) return Misused(streams, lint.error());
  const std::string text(std::istreambuf_iterator<char>(streams.in), {});
  auto families = ReadMetricPage(text);
  if (!families) {
    streams.err << "error while linting: " << families.error().message() << "\n";
    return 1;
  }
  if (*lint == "all") {
    const auto problems = LintMetrics(*families);
    for (const MetricProblem& problem : problems) {
      streams.err << problem.metric << " " << problem.text << "\n";
    }
    if (!problems.empty()) return 3;
  }
  if (arguments->On("extended")) PrintCardinality(streams.out, *std::move(families));
  return 0;
}

std::vector<Command> MetricsCommands() {
  return {{"check metrics", "", "Hold a page of metrics, from standard input, to the conventions.",
           CheckMetrics, kFlags}};
}

}  // namespace meerkat::commands
