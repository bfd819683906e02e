#pragma once

#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "promql/exec/plan.h"
#include "promql/exec/rows.h"
#include "tsdb/storage.h"

namespace meerkat::promql {

class Execution;

// The samples of one series for range functions: stale markers taken out, floats and histograms
// apart, each in time order. The spans point into storage columns or into the vectors beside them.
struct RangeSeries {
  Labels labels;
  bool drop_name = false;
  std::shared_ptr<const tsdb::SeriesColumns::Times> times;  // of the floats
  std::span<const double> values;
  std::span<const Timestamp> starts;  // of the floats; empty when there is none
  tsdb::SeriesColumns::Times histogram_times;
  std::vector<HistogramPtr> histograms;
  std::vector<Timestamp> histogram_starts;

  std::vector<double> own_values;  // backs `values` when samples had to be taken out
  std::vector<Timestamp> own_starts;
};

// What a range function sees at one step.
struct Window {
  std::span<const Timestamp> times;
  std::span<const double> values;
  std::span<const Timestamp> starts;  // empty, or parallel to times
  std::span<const Timestamp> histogram_times;
  std::span<const HistogramPtr> histograms;
  std::span<const Timestamp> histogram_starts;
  // The range is (start, end], in milliseconds; `now` is the evaluation time.
  std::int64_t start = 0;
  std::int64_t end = 0;
  std::int64_t now = 0;
};

// The half-open index range of each step's window within one column of times.
struct WindowBounds {
  std::vector<std::uint32_t> low, high;
};

// What extrapolation needs to know of each window's times: the same for all series with one column
// of times.
struct Extrapolation {
  std::shared_ptr<const WindowBounds> bounds;  // what it is about
  std::vector<double> to_start, sampled, factor;
};

// One call of a range function: what does not change from window to window.
struct RangeCall {
  Execution& execution;
  const Node& node;                          // the call
  const Node& argument;                      // its range vector
  const Labels* labels = nullptr;            // of the present series
  std::vector<std::vector<double>> scalars;  // by argument position, by step
  std::int64_t range = 0;                    // milliseconds
  std::unordered_map<const WindowBounds*, Extrapolation> extrapolations;

  // Where notes point at: the first argument; for upstream, a subquery is at the very start.
  PositionRange Position() const;
  std::string_view metric_name() const { return labels->metric_name(); }
  double RangeSeconds() const { return static_cast<double>(range) / 1000; }
};

// The value of one window: none (nothing set), a float or a histogram.
struct Outcome {
  double value = Absent();
  HistogramPtr histogram;
};
using RangeFunction = Result<> (*)(RangeCall&, const Window&, std::size_t step, Outcome&);

// All windows of a series of floats alone, without start timestamps. `out` has a value per step,
// absent where the window is too short.
using SharedBounds = std::shared_ptr<const WindowBounds>;
using RangeKernel = void (*)(RangeCall&, const RangeSeries&, const SharedBounds&, const Grid&,
                             std::span<double> out);

}  // namespace meerkat::promql
