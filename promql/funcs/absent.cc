#include <algorithm>
#include <vector>

#include "promql/exec/operators.h"
#include "promql/funcs/registry.h"

// absent and absent_over_time: one element where there is none.
namespace meerkat::promql {
namespace {

// What a selector promises about its series: labels with exactly one matcher, which is =.
Labels LabelsOf(const Node& argument) {
  if (argument.kind != Expr::Kind::kVectorSelector &&
      argument.kind != Expr::Kind::kMatrixSelector) {
    return {};
  }
  LabelsBuilder builder;
  std::vector<std::string_view> seen;
  for (const Matcher& matcher : argument.selector().matchers) {
    if (matcher.name() == kMetricName) continue;
    const bool again = std::find(seen.begin(), seen.end(), matcher.name()) != seen.end();
    seen.push_back(matcher.name());
    if (matcher.type() == Matcher::Type::kEqual && !again) {
      builder.Set(matcher.name(), matcher.value());
    } else {
      builder.Delete(matcher.name());
    }
  }
  return builder.Build();
}

Result<> PushAbsent(const Node& argument, const std::vector<std::uint8_t>& present,
                    const RowSink& sink) {
  Row row;
  row.Clear(present.size());
  bool any = false;
  for (std::size_t i = 0; i < present.size(); ++i) {
    if (present[i] != 0) continue;
    row.values[i] = 1;
    any = true;
  }
  if (!any) return {};
  row.labels = LabelsOf(argument);
  return sink(row);
}

Result<> AbsentNow(Execution& execution, const Node& node, const Grid& grid, const RowSink& sink) {
  std::vector<std::uint8_t> present(grid.count);
  auto done = execution.Evaluate(*node.children[0], grid, [&](Row& row) -> Result<> {
    for (std::size_t i = 0; i < grid.count; ++i) present[i] |= row.Has(i);
    return {};
  });
  return done ? PushAbsent(*node.children[0], present, sink) : std::move(done);
}

Result<> AbsentOverTime(Execution& execution, const Node& node, const Grid& grid,
                        const RowSink& sink) {
  const Node& argument = *node.children[0];
  std::vector<std::uint8_t> present(grid.count);
  const auto bounds_of = [&](const std::shared_ptr<const tsdb::SeriesColumns::Times>& times) {
    return execution.BoundsFor(argument, grid, times, 0, 0);
  };
  auto done = ForEachRange(execution, argument, grid, [&](RangeSeries& series) -> Result<> {
    const auto floats = bounds_of(series.times);
    CountSamples(execution.counter(), *floats, 1);
    for (std::size_t i = 0; i < grid.count; ++i) present[i] |= floats->high[i] > floats->low[i];
    if (series.histograms.empty()) return {};
    const auto histograms =
        bounds_of(std::make_shared<const tsdb::SeriesColumns::Times>(series.histogram_times));
    CountHistograms(execution.counter(), *histograms, series.histograms, argument.find_resets);
    for (std::size_t i = 0; i < grid.count; ++i) {
      present[i] |= histograms->high[i] > histograms->low[i];
    }
    return {};
  });
  return done ? PushAbsent(argument, present, sink) : std::move(done);
}

constexpr FunctionImpl kFunctions[] = {
    {.name = "absent", .call = AbsentNow},
    {.name = "absent_over_time", .call = AbsentOverTime},
};

}  // namespace

std::span<const FunctionImpl> AbsentFunctions() {
  return kFunctions;
}

}  // namespace meerkat::promql
