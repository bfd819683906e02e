#include <algorithm>

#include "promql/exec/execution.h"
#include "promql/funcs/counter.h"

// anchored and smoothed ranges: changes between the values at the two ends of the range.
namespace meerkat::promql {
namespace {

// Indices of the outermost samples the range is measured by.
struct Ends {
  bool found = false;
  std::size_t first = 0, last = 0;
};

// first: the newest sample at or before the range, else the first inside. last: the newest inside,
// or for a smoothed range the first at or behind its end.
Ends FindEnds(std::span<const Timestamp> times, const Window& window, bool smoothed) {
  Ends ends;
  if (times.empty()) return ends;
  const Timestamp start = FromMillis(window.start), end = FromMillis(window.end);
  const auto after_start = std::upper_bound(times.begin(), times.end(), start);
  ends.first =
      static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, after_start - times.begin() - 1));
  ends.last = times.size() - 1;
  if (smoothed) {
    const auto at_end = std::lower_bound(times.begin(), times.end(), end);
    ends.last = std::min(ends.last, static_cast<std::size_t>(at_end - times.begin()));
  }
  ends.found = times[ends.last] > start && !(smoothed && times[ends.first] > end);
  return ends;
}

void FloatRate(RangeCall& call, const Window& window, bool counter, bool rate, Outcome& out) {
  const bool smoothed = call.argument.smoothed;
  const auto [found, first, last] = FindEnds(window.times, window, smoothed);
  if (!found) return;
  const std::span<const double> values = window.values;
  const std::span<const Timestamp> times = window.times;
  double left = values[first];
  if (smoothed && ToMillis(times[first]) < window.start) {
    left = Interpolate(values[first], values[first + 1],
                       WayTo(window.start, times[first], times[first + 1]), counter, true);
  }
  double right = values[last];
  if (smoothed && ToMillis(times[last]) > window.end && last > 0) {
    right = Interpolate(values[last - 1], values[last],
                        WayTo(window.end, times[last - 1], times[last]), counter, false);
  }
  double change = right - left;
  if (counter) {
    double correction = 0, before = left;
    for (std::size_t i = first + 1; i < last; ++i) {
      if (values[i] < before) correction += before;
      before = values[i];
    }
    if (right < before) correction += before;
    change += correction;
  }
  out.value = rate ? change / call.RangeSeconds() : change;
}

void HistogramRate(RangeCall& call, const Window& window, bool counter, bool rate, Outcome& out) {
  const bool smoothed = call.argument.smoothed;
  const std::span<const Timestamp> times = window.histogram_times;
  const std::span<const HistogramPtr> points = window.histograms;
  const auto [found, first, last] = FindEnds(times, window, smoothed);
  if (!found) return;
  Annotations& notes = call.execution.notes();
  const PositionRange where = call.Position();
  const auto used = points.subspan(first, last - first + 1);
  const auto is_gauge = [](const HistogramPtr& h) {
    return h->reset_hint == Histogram::ResetHint::kGauge;
  };
  const bool custom = points[first]->uses_custom_buckets();
  if (std::any_of(used.begin(), used.end(),
                  [&](const auto& h) { return h->uses_custom_buckets() != custom; })) {
    notes.Add(Note::kMixedExponentialCustom, where, call.metric_name());
    return;
  }
  if (counter && std::any_of(used.begin(), used.end(), is_gauge)) {
    notes.Add(Note::kNotCounterHistogram, where, call.metric_name());
  }
  if (!counter && (!is_gauge(used.front()) || !is_gauge(used.back()))) {
    notes.Add(Note::kNotGaugeHistogram, where, call.metric_name());
  }
  HistogramPtr left = points[first], right = points[last];
  // Counter resets before this sample are accounted for already.
  std::size_t checked = first;
  if (smoothed && ToMillis(times[first]) < window.start) {
    const bool reset = counter && IsCounterReset(*points[first + 1], *points[first]);
    left = Interpolate(*points[first], *points[first + 1],
                       WayTo(window.start, times[first], times[first + 1]), counter);
    if (reset) checked = first + 1;
  }
  const bool right_between = smoothed && ToMillis(times[last]) > window.end && last > 0;
  if (right_between) {
    right = Interpolate(*points[last - 1], *points[last],
                        WayTo(window.end, times[last - 1], times[last]), counter);
  }
  WorkingHistogram change(*right);
  std::int32_t schema = std::min(left->schema, right->schema);
  for (const HistogramPtr& point : used) schema = std::min(schema, point->schema);
  change.ReduceSchema(schema);
  const auto add = [&](const Histogram& histogram, double sign, std::string_view operation) {
    if (change.Add(histogram, sign).bounds_reconciled) {
      notes.Add(Note::kReconciledBuckets, where, operation);
    }
  };
  add(*left, -1, "subtraction");
  if (counter) {
    for (std::size_t i = checked + 1; i <= last; ++i) {
      if (IsCounterReset(*points[i], *points[i - 1])) {
        // At the very first step the counter stood at `left`, wherever that is between samples.
        add(i - 1 == first ? *left : *points[i - 1], 1, "addition");
      }
    }
  }
  if (rate) change.Divide(call.RangeSeconds());
  change.SetResetHint(Histogram::ResetHint::kGauge);
  out.histogram = change.Share();
}

}  // namespace

void ExtendedRate(RangeCall& call, const Window& window, bool counter, bool rate, Outcome& out) {
  if (!window.histograms.empty() && !window.values.empty()) {
    call.execution.notes().Add(Note::kMixedFloatsHistograms, call.Position(), call.metric_name());
    return;
  }
  if (!window.histograms.empty()) {
    HistogramRate(call, window, counter, rate, out);
  } else {
    FloatRate(call, window, counter, rate, out);
  }
}

}  // namespace meerkat::promql
