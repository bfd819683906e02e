#include <algorithm>
#include <cmath>
#include <limits>

#include "promql/exec/compensated.h"
#include "promql/exec/histogram_sum.h"
#include "promql/exec/quantile.h"
#include "promql/funcs/registry.h"
#include "promql/histogram_math.h"

// The *_over_time functions: one number out of each window.
namespace meerkat::promql {
namespace {

double Seconds(Timestamp time) {
  return static_cast<double>(ToMillis(time)) / 1000;
}

// Functions on floats pass over histograms, and say so when there were both.
bool FloatsOnly(RangeCall& call, const Window& window) {
  if (window.values.empty()) return false;
  if (!window.histograms.empty()) {
    call.execution.notes().Add(Note::kIgnoredHistogramRange, call.Position(), call.metric_name());
  }
  return true;
}

bool Mixed(RangeCall& call, const Window& window) {
  if (window.values.empty() || window.histograms.empty()) return false;
  call.execution.notes().Add(Note::kMixedFloatsHistograms, call.Position(), call.metric_name());
  return true;
}

double Sum(std::span<const double> values) {
  double sum = 0, lost = 0;
  for (const double value : values) CompensatedAdd(value, sum, lost);
  return sum + lost;
}

double Average(std::span<const double> values) {
  double sum = values[0], lost = 0, mean = 0, count = 1;
  bool incremental = false;
  for (std::size_t i = 1; i < values.size(); ++i) {
    count = static_cast<double>(i + 1);
    if (!incremental) {
      double next = sum, next_lost = lost;
      CompensatedAdd(values[i], next, next_lost);
      if (!std::isinf(next)) {
        sum = next;
        lost = next_lost;
        continue;
      }
      // The sum would overflow; the mean does not.
      incremental = true;
      mean = sum / (count - 1);
      lost /= count - 1;
    }
    const double weight = (count - 1) / count;
    double scaled = weight * mean, scaled_lost = weight * lost;
    CompensatedAdd(values[i] / count, scaled, scaled_lost);
    mean = scaled;
    lost = scaled_lost;
  }
  return incremental ? mean + lost : sum / count + lost / count;
}

template <bool kMean>
Result<> SumOverTime(RangeCall& call, const Window& window, std::size_t, Outcome& out) {
  if (Mixed(call, window)) return {};
  if (window.histograms.empty()) {
    out.value = kMean ? Average(window.values) : Sum(window.values);
    return {};
  }
  HistogramSum sum(kMean);
  for (const HistogramPtr& histogram : window.histograms) sum.Add(*histogram, call.metric_name());
  out.histogram = sum.Finish(call.execution.notes(), call.Position());
  return {};
}

template <bool kMax>
std::size_t Extreme(std::span<const double> values, bool last_of_equal) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < values.size(); ++i) {
    const double value = values[i], known = values[best];
    const bool better = kMax ? value > known : value < known;
    if (better || std::isnan(known) || (last_of_equal && value == known)) best = i;
  }
  return best;
}

template <bool kMax>
Result<> ExtremeOverTime(RangeCall& call, const Window& window, std::size_t, Outcome& out) {
  if (FloatsOnly(call, window)) out.value = window.values[Extreme<kMax>(window.values, false)];
  return {};
}

template <bool kMax>
Result<> TimeOfExtreme(RangeCall& call, const Window& window, std::size_t, Outcome& out) {
  if (FloatsOnly(call, window)) {
    out.value = Seconds(window.times[Extreme<kMax>(window.values, true)]);
  }
  return {};
}

Result<> CountOverTime(RangeCall&, const Window& window, std::size_t, Outcome& out) {
  out.value = static_cast<double>(window.values.size() + window.histograms.size());
  return {};
}

Result<> PresentOverTime(RangeCall&, const Window&, std::size_t, Outcome& out) {
  out.value = 1;
  return {};
}

bool LastIsFloat(const Window& window) {
  return window.histograms.empty() ||
         (!window.values.empty() && window.times.back() > window.histogram_times.back());
}

bool FirstIsFloat(const Window& window) {
  return window.histograms.empty() ||
         (!window.values.empty() && window.times.front() < window.histogram_times.front());
}

Result<> LastOverTime(RangeCall&, const Window& window, std::size_t, Outcome& out) {
  if (LastIsFloat(window)) {
    out.value = window.values.back();
  } else {
    out.histogram = window.histograms.back();
  }
  return {};
}

Result<> FirstOverTime(RangeCall&, const Window& window, std::size_t, Outcome& out) {
  if (FirstIsFloat(window)) {
    out.value = window.values.front();
  } else {
    out.histogram = window.histograms.front();
  }
  return {};
}

Result<> TimeOfLast(RangeCall&, const Window& window, std::size_t, Outcome& out) {
  out.value = Seconds(LastIsFloat(window) ? window.times.back() : window.histogram_times.back());
  return {};
}

Result<> TimeOfFirst(RangeCall&, const Window& window, std::size_t, Outcome& out) {
  out.value = Seconds(FirstIsFloat(window) ? window.times.front() : window.histogram_times.front());
  return {};
}

// Welford's recurrence, mean and squares compensated.
double Variance(std::span<const double> values) {
  double count = 0, mean = 0, mean_lost = 0, squares = 0, squares_lost = 0;
  for (const double value : values) {
    ++count;
    const double delta = value - (mean + mean_lost);
    CompensatedAdd(delta / count, mean, mean_lost);
    CompensatedAdd(delta * (value - (mean + mean_lost)), squares, squares_lost);
  }
  return (squares + squares_lost) / count;
}

template <bool kRoot>
Result<> DeviationOverTime(RangeCall& call, const Window& window, std::size_t, Outcome& out) {
  if (!FloatsOnly(call, window)) return {};
  const double variance = Variance(window.values);
  out.value = kRoot ? std::sqrt(variance) : variance;
  return {};
}

Result<> QuantileOverTime(RangeCall& call, const Window& window, std::size_t step, Outcome& out) {
  if (window.values.empty()) return {};
  const double rank = call.scalars[0][step];
  NoteInvalidQuantile(call.execution.notes(), call.node.children[0]->position, rank);
  if (FloatsOnly(call, window)) {
    std::vector<double> values(window.values.begin(), window.values.end());
    out.value = Quantile(rank, values);
  }
  return {};
}

Result<> MadOverTime(RangeCall& call, const Window& window, std::size_t, Outcome& out) {
  if (!FloatsOnly(call, window)) return {};
  std::vector<double> values(window.values.begin(), window.values.end());
  if (std::any_of(values.begin(), values.end(), [](double v) { return std::isnan(v); })) {
    out.value = std::numeric_limits<double>::quiet_NaN();
    return {};
  }
  const double median = Quantile(0.5, values);
  for (double& value : values) value = std::fabs(value - median);
  out.value = Quantile(0.5, values);
  return {};
}

void CountRow(RangeCall&, const RangeSeries&, const SharedBounds& shared, const Grid& grid,
              std::span<double> out) {
  const WindowBounds& bounds = *shared;
  for (std::size_t i = 0; i < grid.count; ++i) {
    if (bounds.high[i] > bounds.low[i]) out[i] = bounds.high[i] - bounds.low[i];
  }
}

void LastRow(RangeCall&, const RangeSeries& series, const SharedBounds& shared, const Grid& grid,
             std::span<double> out) {
  const WindowBounds& bounds = *shared;
  for (std::size_t i = 0; i < grid.count; ++i) {
    if (bounds.high[i] > bounds.low[i]) out[i] = series.values[bounds.high[i] - 1];
  }
}

template <double (*kFold)(std::span<const double>)>
void FoldRow(RangeCall&, const RangeSeries& series, const SharedBounds& shared, const Grid& grid,
             std::span<double> out) {
  const WindowBounds& bounds = *shared;
  for (std::size_t i = 0; i < grid.count; ++i) {
    const std::uint32_t low = bounds.low[i], high = bounds.high[i];
    if (high > low) out[i] = kFold(series.values.subspan(low, high - low));
  }
}

// A long window slid by a short step: the best sample of the window before is nearly always still
// in it, and only the new ones are to be looked at.
template <bool kMax>
void ExtremeRow(RangeCall&, const RangeSeries& series, const SharedBounds& shared, const Grid& grid,
                std::span<double> out) {
  const WindowBounds& bounds = *shared;
  std::size_t best = 0, seen = 0;
  bool known = false;
  for (std::size_t i = 0; i < grid.count; ++i) {
    const std::size_t low = bounds.low[i], high = bounds.high[i];
    if (high == low) continue;
    if (!known || best < low || seen > high) {
      best = low + Extreme<kMax>(series.values.subspan(low, high - low), true);
      known = true;
    } else {
      for (std::size_t at = seen; at < high; ++at) {
        const double value = series.values[at], held = series.values[best];
        if ((kMax ? value >= held : value <= held) || std::isnan(held)) best = at;
      }
    }
    seen = high;
    out[i] = series.values[best];
  }
}

constexpr FunctionImpl kFunctions[] = {
    {.name = "sum_over_time", .range = SumOverTime<false>, .kernel = FoldRow<Sum>},
    {.name = "avg_over_time", .range = SumOverTime<true>, .kernel = FoldRow<Average>},
    {.name = "min_over_time", .range = ExtremeOverTime<false>, .kernel = ExtremeRow<false>},
    {.name = "max_over_time", .range = ExtremeOverTime<true>, .kernel = ExtremeRow<true>},
    {.name = "ts_of_min_over_time", .range = TimeOfExtreme<false>},
    {.name = "ts_of_max_over_time", .range = TimeOfExtreme<true>},
    {.name = "ts_of_first_over_time", .range = TimeOfFirst},
    {.name = "ts_of_last_over_time", .range = TimeOfLast},
    {.name = "count_over_time", .range = CountOverTime, .kernel = CountRow},
    {.name = "present_over_time", .range = PresentOverTime},
    {.name = "last_over_time", .range = LastOverTime, .keeps_name = true, .kernel = LastRow},
    {.name = "first_over_time", .range = FirstOverTime, .keeps_name = true},
    {.name = "stddev_over_time", .range = DeviationOverTime<true>},
    {.name = "stdvar_over_time", .range = DeviationOverTime<false>, .kernel = FoldRow<Variance>},
    {.name = "quantile_over_time", .range = QuantileOverTime},
    {.name = "mad_over_time", .range = MadOverTime},
};

}  // namespace

std::span<const FunctionImpl> OverTimeFunctions() {
  return kFunctions;
}

}  // namespace meerkat::promql
