#include <algorithm>
#include <memory>

#include "promql/exec/map_series.h"
#include "promql/exec/operators.h"
#include "promql/exec/samples.h"
#include "promql/histogram_buckets.h"

// Instant selectors: the newest sample of each series within the lookback of each step.
namespace meerkat::promql {

namespace {

class NewestRows : public RowMaker {
 public:
  NewestRows(Execution& execution, const Node& node, const Grid& grid)
      : execution_(execution), node_(node), grid_(grid) {}

  Result<bool> Make(const Labels& labels, const tsdb::SeriesColumns& columns, Row& row) override {
    std::shared_ptr<const WindowBounds> shared;
    if (grid_.count <= kFewSteps) {
      Execution::FindBounds(node_, grid_, *columns.times, 0, 0, own_bounds_);
    } else {
      shared = execution_.BoundsFor(node_, grid_, columns.times, 0, 0);
    }
    const WindowBounds& bounds = shared != nullptr ? *shared : own_bounds_;
    row.Clear(grid_.count);
    const bool any = columns.histograms.empty() ? TakeFloats(columns, bounds, row)
                                                : TakeHistograms(columns, bounds, row);
    if (!any) return false;
    row.labels = labels;
    row.drop_name = false;
    return true;
  }

 private:
  bool TakeFloats(const tsdb::SeriesColumns& columns, const WindowBounds& bounds, Row& row) {
    SampleCounter& counter = execution_.counter();
    const std::uint32_t* low = bounds.low.data();
    const std::uint32_t* high = bounds.high.data();
    const double* values = columns.values.data();
    bool any = false;
    std::uint32_t last = 0;
    for (std::size_t i = 0; i < grid_.count; ++i) {
      if (high[i] <= low[i]) continue;
      const double value = values[high[i] - 1];
      if (IsAbsent(value)) continue;  // the series ended
      row.values[i] = value;
      any = true;
      ++counter.touched[i];
      counter.read[i] += high[i] != last;
      last = high[i];
    }
    return any;
  }

  bool TakeHistograms(const tsdb::SeriesColumns& columns, const WindowBounds& bounds, Row& row) {
    SampleCounter& counter = execution_.counter();
    const HistogramColumn histograms(columns, node_.find_resets);
    bool any = false;
    for (std::size_t i = 0; i < grid_.count; ++i) {
      if (bounds.high[i] <= bounds.low[i]) continue;
      const std::uint32_t at = bounds.high[i] - 1;
      if (HistogramPtr histogram = histograms.At(at); histogram != nullptr) {
        if (histogram->IsStale()) continue;
        const std::uint64_t weight = SampleWeight(*histogram, node_.find_resets);
        counter.touched[i] += weight;
        counter.read[i] += weight;
        row.SetHistogram(i, std::move(histogram));
      } else {
        if (IsAbsent(columns.values[at])) continue;
        row.values[i] = columns.values[at];
        ++counter.touched[i];
        ++counter.read[i];
      }
      any = true;
    }
    return any;
  }

  // Found faster than remembered.
  static constexpr std::size_t kFewSteps = 4;

  Execution& execution_;
  const Node& node_;
  const Grid& grid_;
  WindowBounds own_bounds_;
};

}  // namespace

Result<> SelectInstant(Execution& execution, const Node& node, const Grid& grid,
                       const RowSink& sink) {
  const auto new_maker = [&](Execution& own) -> std::unique_ptr<RowMaker> {
    return std::make_unique<NewestRows>(own, node, grid);
  };
  return MapSeries(execution, node.selection, grid, new_maker, sink);
}

}  // namespace meerkat::promql
