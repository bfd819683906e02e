#include <algorithm>
#include <array>
#include <cmath>

#include "promql/exec/operators.h"
#include "promql/funcs/counter.h"
#include "promql/funcs/registry.h"
#include "promql/histogram_math.h"

// rate, increase, delta and their instant kin: how fast a series moves.
namespace meerkat::promql {
namespace {

// The samples of a window that a rate is made of, whatever their type.
struct Edges {
  std::int64_t first = 0, last = 0;
  std::size_t samples = 0;
  double first_value = 0;  // the counter's value at the first sample
  // The counter is known to have been 0 at this time within the window.
  bool zero_known = false;
  std::int64_t zero_time = 0;
};

// How much longer than the samples' own time the change is taken to have gone on.
double ExtrapolationFactor(const Edges& edges, const Window& window, bool counter, double change) {
  const double between = static_cast<double>(edges.last - edges.first) / 1000;
  const double average = edges.samples > 1 ? between / static_cast<double>(edges.samples - 1) : 0;
  const double threshold = average * 1.1;
  double to_end = static_cast<double>(window.end - edges.last) / 1000;
  double sampled = between;
  double to_start = 0;
  if (edges.zero_known) {
    sampled = static_cast<double>(edges.last - edges.zero_time) / 1000;
  } else {
    to_start = static_cast<double>(edges.first - window.start) / 1000;
    if (to_start >= threshold) to_start = average / 2;
    if (counter && change > 0 && edges.first_value >= 0) {
      // Not beyond the point where the counter would have been zero.
      const double to_zero = sampled * (edges.first_value / change);
      if (to_zero < to_start) to_start = to_zero;
    }
  }
  if (to_end >= threshold) to_end = average / 2;
  return (sampled + to_start + to_end) / sampled;
}

Edges EdgesOf(RangeCall& call, const Window& window, std::span<const Timestamp> times,
              std::span<const Timestamp> starts, bool counter) {
  Edges edges;
  edges.samples = times.size();
  edges.first = ToMillis(times.front());
  edges.last = ToMillis(times.back());
  if (counter && !starts.empty() && call.execution.options().use_start_timestamps) {
    const std::int64_t start = StartOf(starts[0]);
    if (start != 0 && start > window.start && start < edges.first) {
      edges.zero_known = true;
      edges.zero_time = start;
    }
    NoteOverlaps(call, times, starts);
  }
  return edges;
}

template <bool kCounter, bool kRate>
Result<> Extrapolated(RangeCall& call, const Window& window, std::size_t, Outcome& out) {
  if (call.argument.anchored || call.argument.smoothed) {
    ExtendedRate(call, window, kCounter, kRate, out);
    return {};
  }
  if (!window.histograms.empty() && !window.values.empty()) {
    call.execution.notes().Add(Note::kMixedFloatsHistograms, call.Position(), call.metric_name());
    return {};
  }
  const bool use_starts = kCounter && call.execution.options().use_start_timestamps;
  if (!window.histograms.empty()) {
    const std::span<const Timestamp> starts =
        use_starts ? window.histogram_starts : std::span<const Timestamp>();
    Edges edges = EdgesOf(call, window, window.histogram_times, starts, kCounter);
    if (edges.samples < 2 && !edges.zero_known) return {};
    auto change = HistogramChange(call, window, starts, kCounter, edges.zero_known);
    if (!change) return {};
    edges.first_value = window.histograms[0]->count;
    double factor = ExtrapolationFactor(edges, window, kCounter, change->count());
    if (kRate) factor /= call.RangeSeconds();
    change->Multiply(factor);
    change->SetResetHint(Histogram::ResetHint::kGauge);
    out.histogram = change->Share();
    return {};
  }
  const std::span<const Timestamp> starts =
      use_starts ? window.starts : std::span<const Timestamp>();
  Edges edges = EdgesOf(call, window, window.times, starts, kCounter);
  if (edges.samples < 2 && !edges.zero_known) return {};
  const std::span<const double> values = window.values;
  double change = values.back() - values.front();
  if constexpr (kCounter) {
    if (edges.zero_known) change += values.front();
    for (std::size_t i = 1; i < values.size(); ++i) {
      if (values[i] < values[i - 1] || IsStartReset(window.times, starts, i)) {
        change += values[i - 1];
      }
    }
  }
  edges.first_value = values.front();
  double factor = ExtrapolationFactor(edges, window, kCounter, change);
  if (kRate) factor /= call.RangeSeconds();
  out.value = change * factor;
  return {};
}

// The factor of a window that is extended to the counter's zero only.
double CutFactor(const RangeCall& call, const Grid& grid, std::size_t step, std::int64_t last,
                 double sampled, double to_zero, std::size_t samples, bool rate) {
  const double average = sampled / static_cast<double>(samples - 1);
  double to_end = static_cast<double>(RangeAt(call.argument, grid, step).end - last) / 1000;
  if (to_end >= average * 1.1) to_end = average / 2;
  const double factor = (sampled + to_zero + to_end) / sampled;
  return rate ? factor / call.RangeSeconds() : factor;
}

// Everything about the windows that does not depend on values. The factor is that of a window whose
// start is not cut short at the counter's zero.
const Extrapolation& ExtrapolationOf(RangeCall& call, const SharedBounds& bounds,
                                     const tsdb::SeriesColumns::Times& times, const Grid& grid,
                                     bool rate) {
  const auto [it, added] = call.extrapolations.try_emplace(bounds.get());
  Extrapolation& out = it->second;
  if (!added) return out;
  out.bounds = bounds;
  out.to_start.resize(grid.count);
  out.sampled.resize(grid.count);
  out.factor.resize(grid.count);
  for (std::size_t i = 0; i < grid.count; ++i) {
    const std::size_t low = bounds->low[i], high = bounds->high[i];
    if (high - low < 2) continue;
    const Span span = RangeAt(call.argument, grid, i);
    const std::int64_t first = ToMillis(times[low]), last = ToMillis(times[high - 1]);
    double to_start = static_cast<double>(first - span.start) / 1000;
    double to_end = static_cast<double>(span.end - last) / 1000;
    const double sampled = static_cast<double>(last - first) / 1000;
    const double average = sampled / static_cast<double>(high - low - 1);
    const double threshold = average * 1.1;
    if (to_start >= threshold) to_start = average / 2;
    if (to_end >= threshold) to_end = average / 2;
    double factor = (sampled + to_start + to_end) / sampled;
    if (rate) factor /= call.RangeSeconds();
    out.to_start[i] = to_start;
    out.sampled[i] = sampled;
    out.factor[i] = factor;
  }
  return out;
}

// The same for a whole row of floats. Counter resets are rare: one pass finds them, and only
// windows that hold one are summed up, in the order of the plain loop above.
template <bool kCounter, bool kRate>
void ExtrapolatedRow(RangeCall& call, const RangeSeries& series, const SharedBounds& bounds,
                     const Grid& grid, std::span<double> out) {
  const double* const values = series.values.data();
  const Extrapolation& known = ExtrapolationOf(call, bounds, *series.times, grid, kRate);
  // Position of the first reset at or behind the window's second sample, kept up while sliding.
  const std::size_t size = series.values.size();
  std::size_t next_reset = 1;
  const auto advance = [&](std::size_t from) {
    if (next_reset < from) next_reset = from;
    // Several at once as long as there is none.
    constexpr std::size_t kBlock = 64;
    for (; next_reset + kBlock <= size; next_reset += kBlock) {
      std::uint64_t found = 0;
      for (std::size_t k = next_reset; k < next_reset + kBlock; ++k) {
        found |= values[k] < values[k - 1] ? 1 : 0;
      }
      if (found != 0) break;
    }
    while (next_reset < size && !(values[next_reset] < values[next_reset - 1])) ++next_reset;
  };
  if (kCounter) advance(1);
  const std::uint32_t* const lows = bounds->low.data();
  const std::uint32_t* const highs = bounds->high.data();
  for (std::size_t i = 0; i < grid.count; ++i) {
    const std::size_t low = lows[i], high = highs[i];
    if (high - low < 2) continue;
    const double first = values[low];
    double change = values[high - 1] - first;
    double factor = known.factor[i];
    if constexpr (kCounter) {
      if (next_reset <= low) advance(low + 1);
      for (std::size_t reset = next_reset; reset < high; ++reset) {
        if (values[reset] < values[reset - 1]) change += values[reset - 1];
      }
      // Whether the counter would have been zero within what is added at the start, first without
      // the division: nearly always it is far from that.
      const double to_start = known.to_start[i], sampled = known.sampled[i];
      if (change > 0 && first >= 0 && sampled * first < to_start * change * 1.0001) {
        const double to_zero = sampled * (first / change);
        if (to_zero < to_start) {
          factor = CutFactor(call, grid, i, ToMillis((*series.times)[high - 1]), sampled, to_zero,
                             high - low, kRate);
        }
      }
    }
    out[i] = change * factor;
  }
}

// The last two samples of a window, floats and histograms in one order of time.
struct Pair {
  std::int64_t times[2] = {};
  double values[2] = {};
  HistogramPtr histograms[2];
  Timestamp starts[2] = {kMinTime, kMinTime};
  std::size_t count = 0;
};

Pair LastTwo(const Window& window) {
  Pair pair;
  std::size_t floats = window.values.size(), histograms = window.histograms.size();
  while (pair.count < 2 && floats + histograms > 0) {
    const std::size_t slot = 1 - pair.count++;
    const bool take_float =
        histograms == 0 ||
        (floats > 0 && window.times[floats - 1] > window.histogram_times[histograms - 1]);
    if (take_float) {
      --floats;
      pair.times[slot] = ToMillis(window.times[floats]);
      pair.values[slot] = window.values[floats];
      if (!window.starts.empty()) pair.starts[slot] = window.starts[floats];
    } else {
      --histograms;
      pair.times[slot] = ToMillis(window.histogram_times[histograms]);
      pair.histograms[slot] = window.histograms[histograms];
      if (!window.histogram_starts.empty()) {
        pair.starts[slot] = window.histogram_starts[histograms];
      }
    }
  }
  return pair;
}

template <bool kRate>
Result<> Instant(RangeCall& call, const Window& window, std::size_t, Outcome& out) {
  const Pair pair = LastTwo(window);
  if (pair.count < 2) return {};
  const std::int64_t interval = pair.times[1] - pair.times[0];
  if (interval == 0) return {};
  Annotations& notes = call.execution.notes();
  const PositionRange where = call.Position();
  const std::array<Timestamp, 2> times = {FromMillis(pair.times[0]), FromMillis(pair.times[1])};
  const bool start_reset =
      kRate && call.execution.options().use_start_timestamps && IsStartReset(times, pair.starts, 1);
  if ((pair.histograms[0] == nullptr) != (pair.histograms[1] == nullptr)) {
    notes.Add(Note::kMixedFloatsHistograms, where, call.metric_name());
    return {};
  }
  if (pair.histograms[1] == nullptr) {
    double change = pair.values[1];
    if (!kRate || !(pair.values[1] < pair.values[0] || start_reset)) {
      change = pair.values[1] - pair.values[0];
    }
    if (kRate) change /= static_cast<double>(interval) / 1000;
    out.value = change;
    return {};
  }
  const Histogram& before = *pair.histograms[0];
  const Histogram& last = *pair.histograms[1];
  const auto is_gauge = [](const Histogram& h) {
    return h.reset_hint == Histogram::ResetHint::kGauge;
  };
  if (kRate && (is_gauge(before) || is_gauge(last))) {
    notes.Add(Note::kNotCounterHistogram, where, call.metric_name());
  }
  if (!kRate && (!is_gauge(before) || !is_gauge(last))) {
    notes.Add(Note::kNotGaugeHistogram, where, call.metric_name());
  }
  WorkingHistogram change(last);
  if (!kRate || !(start_reset || IsCounterReset(last, before))) {
    const CombineResult combined = change.Add(before, -1);
    if (!combined.compatible) {
      notes.Add(Note::kMixedExponentialCustom, where, call.metric_name());
      return {};
    }
    if (combined.bounds_reconciled) notes.Add(Note::kReconciledBuckets, where, "subtraction");
  }
  if (kRate) change.Divide(static_cast<double>(interval) / 1000);
  change.SetResetHint(Histogram::ResetHint::kGauge);
  out.histogram = change.Share();
  return {};
}

// changes() and resets() look at floats and histograms in one order of time.
template <typename Differs>
void CountNeighbours(const Window& window, Differs&& differs, Outcome& out) {
  std::size_t next_float = 0, next_histogram = 0, count = 0;
  // An anchored window begins at its anchor: the newest sample at or before the start.
  const Timestamp start = FromMillis(window.start);
  const auto anchor = [&](std::span<const Timestamp> times) {
    return static_cast<std::size_t>(std::upper_bound(times.begin(), times.end(), start) -
                                    times.begin());
  };
  const std::size_t floats_before = anchor(window.times);
  const std::size_t histograms_before = anchor(window.histogram_times);
  next_float = floats_before;
  next_histogram = histograms_before;
  if (floats_before == window.times.size() && histograms_before == window.histogram_times.size()) {
    return;  // nothing inside
  }
  if (floats_before > 0 &&
      (histograms_before == 0 ||
       window.times[floats_before - 1] > window.histogram_times[histograms_before - 1])) {
    --next_float;
  } else if (histograms_before > 0) {
    --next_histogram;
  }
  SampleAt before, current;
  bool first = true;
  while (next_float < window.times.size() || next_histogram < window.histogram_times.size()) {
    const bool take_float = next_histogram == window.histogram_times.size() ||
                            (next_float < window.times.size() &&
                             window.times[next_float] < window.histogram_times[next_histogram]);
    current = SampleAt();
    if (take_float) {
      current.time = window.times[next_float];
      current.value = window.values[next_float];
      if (!window.starts.empty()) current.start = window.starts[next_float];
      ++next_float;
    } else {
      current.time = window.histogram_times[next_histogram];
      current.histogram = window.histograms[next_histogram].get();
      if (!window.histogram_starts.empty()) {
        current.start = window.histogram_starts[next_histogram];
      }
      ++next_histogram;
    }
    if (!first && differs(before, current)) ++count;
    before = current;
    first = false;
  }
  out.value = static_cast<double>(count);
}

Result<> Changes(RangeCall&, const Window& window, std::size_t, Outcome& out) {
  CountNeighbours(
      window,
      [](const SampleAt& before, const SampleAt& now) {
        if ((before.histogram == nullptr) != (now.histogram == nullptr)) return true;
        if (now.histogram != nullptr) return !EqualHistograms(*now.histogram, *before.histogram);
        return now.value != before.value && !(std::isnan(now.value) && std::isnan(before.value));
      },
      out);
  return {};
}

Result<> Resets(RangeCall& call, const Window& window, std::size_t, Outcome& out) {
  const bool use_starts = call.execution.options().use_start_timestamps;
  CountNeighbours(
      window,
      [&](const SampleAt& before, const SampleAt& now) {
        if ((before.histogram == nullptr) != (now.histogram == nullptr)) return true;
        if (use_starts && IsStartReset(before, now)) return true;
        if (now.histogram != nullptr) return IsCounterReset(*now.histogram, *before.histogram);
        return now.value < before.value;
      },
      out);
  return {};
}

constexpr FunctionImpl kFunctions[] = {
    {.name = "rate", .range = Extrapolated<true, true>, .kernel = ExtrapolatedRow<true, true>},
    {.name = "increase",
     .range = Extrapolated<true, false>,
     .kernel = ExtrapolatedRow<true, false>},
    {.name = "delta", .range = Extrapolated<false, false>, .kernel = ExtrapolatedRow<false, false>},
    {.name = "irate", .range = Instant<true>},
    {.name = "idelta", .range = Instant<false>},
    {.name = "changes", .range = Changes},
    {.name = "resets", .range = Resets},
};

}  // namespace

std::span<const FunctionImpl> RateFunctions() {
  return kFunctions;
}

}  // namespace meerkat::promql
