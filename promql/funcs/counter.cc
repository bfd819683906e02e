#include "promql/funcs/counter.h"

#include <algorithm>

#include "promql/exec/execution.h"

namespace meerkat::promql {

bool IsStartReset(const SampleAt& before, const SampleAt& now) {
  const std::int64_t start = StartOf(now.start), time = ToMillis(before.time);
  if (start == 0 || start >= ToMillis(now.time)) return false;
  if (start > time) return true;
  const std::int64_t earlier = StartOf(before.start);
  return start == time && earlier != 0 && earlier < time;
}

bool IsStartReset(std::span<const Timestamp> times, std::span<const Timestamp> starts,
                  std::size_t i) {
  if (starts.empty()) return false;
  return IsStartReset(SampleAt{times[i - 1], starts[i - 1], 0, nullptr},
                      SampleAt{times[i], starts[i], 0, nullptr});
}

void NoteOverlaps(RangeCall& call, std::span<const Timestamp> times,
                  std::span<const Timestamp> starts) {
  for (std::size_t i = 1; i < times.size(); ++i) {
    const std::int64_t start = StartOf(starts[i]);
    if (start != 0 && start < ToMillis(times[i - 1]) && start != StartOf(starts[i - 1])) {
      call.execution.notes().AddOverlap(call.Position(), call.metric_name());
      return;
    }
  }
}

std::optional<WorkingHistogram> HistogramChange(RangeCall& call, const Window& window,
                                                std::span<const Timestamp> starts, bool counter,
                                                bool from_zero) {
  Annotations& notes = call.execution.notes();
  const PositionRange where = call.Position();
  const std::string_view metric = call.metric_name();
  const std::span<const HistogramPtr> points = window.histograms;
  const auto is_gauge = [](const HistogramPtr& h) {
    return h->reset_hint == Histogram::ResetHint::kGauge;
  };
  if (counter && std::any_of(points.begin(), points.end(), is_gauge)) {
    notes.Add(Note::kNotCounterHistogram, where, metric);
  }
  const auto is_reset = [&](std::size_t i) {
    return IsStartReset(window.histogram_times, starts, i) ||
           IsCounterReset(*points[i], *points[i - 1]);
  };
  // A reset right behind the first sample makes its layout irrelevant: only what comes after
  // counts. So does a start within the window.
  const bool skip_first = counter && points.size() > 1 && is_reset(1);
  const Histogram& base = skip_first ? *points[1] : *points[0];
  const Histogram& last = *points.back();
  if (last.uses_custom_buckets() != base.uses_custom_buckets()) {
    notes.Add(Note::kMixedExponentialCustom, where, metric);
    return std::nullopt;
  }
  std::int32_t schema = std::min(base.schema, last.schema);
  if (counter) {
    for (const HistogramPtr& point : points.subspan(skip_first ? 1 : 0)) {
      if (point->uses_custom_buckets() != base.uses_custom_buckets()) {
        notes.Add(Note::kMixedExponentialCustom, where, metric);
        return std::nullopt;
      }
      schema = std::min(schema, point->schema);
    }
  }
  WorkingHistogram change(last);
  change.ReduceSchema(schema);
  const auto add = [&](const Histogram& histogram, double sign, std::string_view operation) {
    if (change.Add(histogram, sign).bounds_reconciled) {
      notes.Add(Note::kReconciledBuckets, where, operation);
    }
  };
  const bool subtract_first = !skip_first && !from_zero;
  if (subtract_first) add(*points[0], -1, "subtraction");
  if (counter) {
    for (std::size_t i = 1; i < points.size(); ++i) {
      // With the first one skipped, its reset has been dealt with, unless it had grown from zero.
      if (i == 1 && skip_first && !from_zero) continue;
      if (is_reset(i) && points[i - 1]->uses_custom_buckets() == base.uses_custom_buckets()) {
        add(*points[i - 1], 1, "addition");
      }
    }
  } else if (!is_gauge(points.front()) || !is_gauge(points.back())) {
    notes.Add(Note::kNotGaugeHistogram, where, metric);
  }
  return change;
}

Way WayTo(std::int64_t time, Timestamp from, Timestamp to) {
  return {static_cast<double>(time - ToMillis(from)), static_cast<double>((to - from).count())};
}

double Interpolate(double from, double to, Way way, bool counter, bool after_reset) {
  if (counter && to < from) {
    if (after_reset) {
      from = 0;
    } else {
      to += from;
    }
  }
  return from + (to - from) * way.gone / way.whole;  // in this order: the last bit is upstream's
}

HistogramPtr Interpolate(const Histogram& from, const Histogram& to, Way way, bool counter) {
  const double fraction = way.gone / way.whole;
  if (from.uses_custom_buckets() != to.uses_custom_buckets()) return nullptr;
  if (counter && IsCounterReset(to, from)) return Scaled(to, fraction);
  WorkingHistogram between(to);
  between.Add(from, -1);
  between.Multiply(fraction);
  between.Add(from, 1);
  between.SetResetHint(from.reset_hint);
  return between.Share();
}

}  // namespace meerkat::promql
