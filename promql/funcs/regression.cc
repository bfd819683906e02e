#include <cmath>
#include <limits>

#include "promql/exec/compensated.h"
#include "promql/funcs/registry.h"

// Functions that fit a line through a window.
namespace meerkat::promql {
namespace {

struct Line {
  double slope = 0;
  double intercept = 0;  // at the given time
};

// Least squares over x in seconds relative to `origin`, sums compensated.
Line Fit(const Window& window, std::int64_t origin) {
  double n = 0;
  double sum_x = 0, lost_x = 0, sum_y = 0, lost_y = 0;
  double sum_xy = 0, lost_xy = 0, sum_xx = 0, lost_xx = 0;
  const double first = window.values[0];
  bool constant = true;
  for (std::size_t i = 0; i < window.values.size(); ++i) {
    const double y = window.values[i];
    if (i > 0 && y != first) constant = false;
    ++n;
    const double x = static_cast<double>(ToMillis(window.times[i]) - origin) / 1e3;
    CompensatedAdd(x, sum_x, lost_x);
    CompensatedAdd(y, sum_y, lost_y);
    CompensatedAdd(x * y, sum_xy, lost_xy);
    CompensatedAdd(x * x, sum_xx, lost_xx);
  }
  if (constant) {
    if (std::isinf(first)) {
      const double nan = std::numeric_limits<double>::quiet_NaN();
      return {nan, nan};
    }
    return {0, first};
  }
  sum_x += lost_x;
  sum_y += lost_y;
  sum_xy += lost_xy;
  sum_xx += lost_xx;
  const double covariance = sum_xy - sum_x * sum_y / n;
  const double variance = sum_xx - sum_x * sum_x / n;
  const double slope = covariance / variance;
  return {slope, sum_y / n - slope * sum_x / n};
}

// Two floats make a line; histograms are passed over, and that is told.
bool EnoughFloats(RangeCall& call, const Window& window) {
  if (!window.values.empty() && !window.histograms.empty()) {
    call.execution.notes().Add(Note::kIgnoredHistogramRange, call.Position(), call.metric_name());
  }
  return window.values.size() >= 2;
}

Result<> Deriv(RangeCall& call, const Window& window, std::size_t, Outcome& out) {
  if (EnoughFloats(call, window)) out.value = Fit(window, ToMillis(window.times[0])).slope;
  return {};
}

Result<> PredictLinear(RangeCall& call, const Window& window, std::size_t step, Outcome& out) {
  if (!EnoughFloats(call, window)) return {};
  const Line line = Fit(window, window.now);
  out.value = line.slope * call.scalars[1][step] + line.intercept;
  return {};
}

// Holt's linear trend: level and slope, both smoothed exponentially.
Result<> Smooth(RangeCall& call, const Window& window, std::size_t step, Outcome& out) {
  const double level_factor = call.scalars[1][step], trend_factor = call.scalars[2][step];
  const auto outside = [](double factor) { return !(factor > 0 && factor < 1); };
  if (outside(level_factor)) {
    return Error(Code::kExecution, "invalid smoothing factor. Expected: 0 < sf < 1, got: " +
                                       std::to_string(level_factor));
  }
  if (outside(trend_factor)) {
    return Error(Code::kExecution, "invalid trend factor. Expected: 0 < tf < 1, got: " +
                                       std::to_string(trend_factor));
  }
  if (!EnoughFloats(call, window)) return {};
  const std::span<const double> values = window.values;
  double before = 0, level = values[0], trend = values[1] - values[0];
  for (std::size_t i = 1; i < values.size(); ++i) {
    const double x = level_factor * values[i];
    if (i > 1) trend = trend_factor * (level - before) + (1 - trend_factor) * trend;
    const double y = (1 - level_factor) * (level + trend);
    before = level;
    level = x + y;
  }
  out.value = level;
  return {};
}

constexpr FunctionImpl kFunctions[] = {
    {.name = "deriv", .range = Deriv},
    {.name = "predict_linear", .range = PredictLinear, .uses_time = true},
    {.name = "double_exponential_smoothing", .range = Smooth},
};

}  // namespace

std::span<const FunctionImpl> RegressionFunctions() {
  return kFunctions;
}

}  // namespace meerkat::promql
