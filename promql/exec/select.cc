#include <algorithm>
#include <memory>

#include "promql/exec/operators.h"
#include "promql/exec/samples.h"
#include "promql/histogram_buckets.h"

// Instant selectors: the newest sample of each series within the lookback of each step.
namespace meerkat::promql {

Result<> SelectInstant(Execution& execution, const Node& node, const Grid& grid,
                       const RowSink& sink) {
  Row row;
  const auto visit = [&](const Labels& labels, const tsdb::SeriesColumns& columns) -> Result<> {
    const auto bounds = execution.BoundsFor(node, grid, columns.times, 0, 0);
    SampleCounter& counter = execution.counter();
    const std::uint32_t* low = bounds->low.data();
    const std::uint32_t* high = bounds->high.data();
    const double* values = columns.values.data();
    row.Clear(grid.count);
    bool any = false;
    if (columns.histograms.empty()) {
      std::uint32_t last = 0;
      for (std::size_t i = 0; i < grid.count; ++i) {
        if (high[i] <= low[i]) continue;
        const double value = values[high[i] - 1];
        if (IsAbsent(value)) continue;  // the series ended
        row.values[i] = value;
        any = true;
        ++counter.touched[i];
        counter.read[i] += high[i] != last;
        last = high[i];
      }
    } else {
      const HistogramColumn histograms(columns, node.find_resets);
      for (std::size_t i = 0; i < grid.count; ++i) {
        if (high[i] <= low[i]) continue;
        const std::uint32_t at = high[i] - 1;
        if (HistogramPtr histogram = histograms.At(at); histogram != nullptr) {
          if (histogram->IsStale()) continue;
          const std::uint64_t weight = SampleWeight(*histogram, node.find_resets);
          counter.touched[i] += weight;
          counter.read[i] += weight;
          row.SetHistogram(i, std::move(histogram));
        } else {
          if (IsAbsent(values[at])) continue;
          row.values[i] = values[at];
          ++counter.touched[i];
          ++counter.read[i];
        }
        any = true;
      }
    }
    if (!any) return {};
    row.labels = labels;
    row.drop_name = false;
    return sink(row);
  };
  return execution.ForEachSeries(node.selection, visit);
}

}  // namespace meerkat::promql
