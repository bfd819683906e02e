#pragma once

#include <optional>

#include "promql/funcs/window.h"
#include "promql/histogram_math.h"

// What the functions on counters share: resets, start timestamps, changes of histograms, and the
// anchored and smoothed variants.
namespace meerkat::promql {

// A start timestamp in milliseconds, 0 for none.
inline std::int64_t StartOf(Timestamp start) {
  return start == kMinTime ? 0 : ToMillis(start);
}

struct SampleAt {
  Timestamp time{};
  Timestamp start = kMinTime;
  double value = 0;
  const Histogram* histogram = nullptr;
};

// Whether start timestamps say that a counter began anew between two samples: it started after the
// sample before, or right at it while that one had started earlier (a delta).
bool IsStartReset(const SampleAt& before, const SampleAt& now);
// The same for samples i - 1 and i of a column; no starts, no reset.
bool IsStartReset(std::span<const Timestamp> times, std::span<const Timestamp> starts,
                  std::size_t i);

// Warns when a sample claims to have started before the sample before it, with another start.
void NoteOverlaps(RangeCall& call, std::span<const Timestamp> times,
                  std::span<const Timestamp> starts);

// Last minus first of the window's histograms, with resets added back for a counter. `from_zero`:
// the first is known to have grown from nothing within the window. nullopt after a warning: the
// layouts do not go together.
std::optional<WorkingHistogram> HistogramChange(RangeCall& call, const Window& window,
                                                std::span<const Timestamp> starts, bool counter,
                                                bool from_zero);

// rate, increase and delta with the anchored or smoothed modifier: the values at the ends of the
// range itself, without extrapolation. The window reaches beyond the range by the lookback.
void ExtendedRate(RangeCall& call, const Window& window, bool counter, bool rate, Outcome& out);

// How far the way from one sample to the next has been gone.
struct Way {
  double gone = 0;  // milliseconds
  double whole = 1;
};
Way WayTo(std::int64_t time, Timestamp from, Timestamp to);
// The value there on the line between two samples. Of a counter that was reset between them:
// `after_reset` sees it restart from zero, else it goes on rising from the first.
double Interpolate(double from, double to, Way way, bool counter, bool after_reset);
// For histograms a reset always restarts from zero. Null: exponential and custom buckets.
HistogramPtr Interpolate(const Histogram& from, const Histogram& to, Way way, bool counter);

}  // namespace meerkat::promql
