#include <algorithm>

#include "promql/exec/operators.h"
#include "promql/exec/samples.h"
#include "promql/funcs/counter.h"

// Instant selectors with the smoothed modifier: the value on the line between the samples around
// each step, or the last one when none follows within the lookback.
namespace meerkat::promql {
namespace {

template <typename T>
struct Around {
  bool found = false;
  const T* before = nullptr;
  const T* after = nullptr;  // null: none follows
  Way way;
};

// The samples around `time` among those in (time - lookback, time + lookback].
template <typename T>
Around<T> FindAround(std::span<const Timestamp> times, std::span<const T> samples,
                     std::int64_t time, std::int64_t lookback) {
  Around<T> around;
  const auto at = static_cast<std::size_t>(
      std::lower_bound(times.begin(), times.end(), FromMillis(time)) - times.begin());
  if (at < times.size() && ToMillis(times[at]) == time) return {true, &samples[at], nullptr, {}};
  if (at == 0 || ToMillis(times[at - 1]) <= time - lookback) return around;
  around.found = true;
  around.before = &samples[at - 1];
  if (at < times.size() && ToMillis(times[at]) <= time + lookback) {
    around.after = &samples[at];
    around.way = WayTo(time, times[at - 1], times[at]);
  }
  return around;
}

bool AnyWithin(std::span<const Timestamp> times, std::int64_t after, std::int64_t until) {
  const auto it = std::upper_bound(times.begin(), times.end(), FromMillis(after));
  return it != times.end() && ToMillis(*it) <= until;
}

}  // namespace

Result<> SelectSmoothed(Execution& execution, const Node& node, const Grid& grid,
                        const RowSink& sink) {
  Row row;
  RangeSeries series;
  const std::int64_t lookback = execution.lookback();
  const auto visit = [&](const Labels& labels, const tsdb::SeriesColumns& columns) -> Result<> {
    PrepareRange(columns, node.find_resets, series);
    row.Clear(grid.count);
    bool any = false;
    for (std::size_t i = 0; i < grid.count; ++i) {
      const std::int64_t time = RangeAt(node, grid, i).end;
      if (!series.histograms.empty() &&
          AnyWithin(series.histogram_times, time - lookback, time + lookback)) {
        if (AnyWithin(*series.times, time - lookback, time + lookback)) {
          execution.notes().Add(Note::kMixedFloatsHistograms, node.position, labels.metric_name());
          continue;
        }
        const auto around =
            FindAround<HistogramPtr>(series.histogram_times, series.histograms, time, lookback);
        if (!around.found) continue;
        HistogramPtr histogram = *around.before;
        if (around.after != nullptr) {
          const bool counter = histogram->reset_hint != Histogram::ResetHint::kGauge;
          histogram = Interpolate(*histogram, **around.after, around.way, counter);
        }
        if (histogram == nullptr) {
          execution.notes().Add(Note::kMixedExponentialCustom, node.position, labels.metric_name());
          continue;
        }
        row.SetHistogram(i, std::move(histogram));
      } else {
        const auto around = FindAround<double>(*series.times, series.values, time, lookback);
        if (!around.found) continue;
        row.values[i] = around.after == nullptr
                            ? *around.before
                            : Interpolate(*around.before, *around.after, around.way, false, false);
      }
      ++execution.counter().touched[i];
      ++execution.counter().read[i];
      any = true;
    }
    if (!any) return {};
    row.labels = labels;
    row.drop_name = false;
    return sink(row);
  };
  return execution.ForEachSeries(node.selection, visit);
}

}  // namespace meerkat::promql
