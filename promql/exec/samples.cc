#include "promql/exec/samples.h"

#include <algorithm>

#include "promql/histogram_math.h"

namespace meerkat::promql {

HistogramColumn::HistogramColumn(const tsdb::SeriesColumns& columns, bool find_resets)
    : histograms_(&columns.histograms) {
  if (!find_resets) return;
  own_ = columns.histograms;
  HistogramPtr before;
  for (auto& [index, histogram] : own_) {
    if (histogram->IsStale()) continue;
    const HistogramPtr raw = histogram;
    if (before != nullptr && raw->reset_hint == Histogram::ResetHint::kUnknown) {
      auto told = std::make_shared<Histogram>(*raw);
      told->reset_hint = IsCounterReset(*raw, *before) ? Histogram::ResetHint::kReset
                                                       : Histogram::ResetHint::kNotReset;
      histogram = std::move(told);
    }
    before = raw;
  }
  histograms_ = &own_;
}

HistogramPtr HistogramColumn::At(std::uint32_t index) const {
  const auto it = std::lower_bound(histograms_->begin(), histograms_->end(), index,
                                   [](const auto& at, std::uint32_t i) { return at.index < i; });
  return it != histograms_->end() && it->index == index ? it->histogram : nullptr;
}

void PrepareRange(const tsdb::SeriesColumns& columns, bool find_resets, RangeSeries& out) {
  out.histogram_times.clear();
  out.histograms.clear();
  out.histogram_starts.clear();
  const std::size_t size = columns.size();
  // Nearly always: floats alone, none of them stale. Then nothing is copied.
  bool plain = columns.histograms.empty();
  if (plain && HasNan(columns.values)) {
    plain = std::none_of(columns.values.begin(), columns.values.end(), IsAbsent);
  }
  if (plain) {
    out.times = columns.times;
    out.values = {columns.values.data(), size};
    out.starts = columns.starts;
    return;
  }
  const HistogramColumn histograms(columns, find_resets);
  auto times = std::make_shared<tsdb::SeriesColumns::Times>();
  out.own_values.clear();
  out.own_starts.clear();
  auto next = histograms.all().begin();
  const auto end = histograms.all().end();
  for (std::size_t i = 0; i < size; ++i) {
    const Timestamp time = (*columns.times)[i];
    if (next != end && next->index == i) {
      if (!next->histogram->IsStale()) {
        out.histogram_times.push_back(time);
        out.histograms.push_back(next->histogram);
        if (!columns.starts.empty()) out.histogram_starts.push_back(columns.starts[i]);
      }
      ++next;
    } else if (!IsAbsent(columns.values[i])) {
      times->push_back(time);
      out.own_values.push_back(columns.values[i]);
      if (!columns.starts.empty()) out.own_starts.push_back(columns.starts[i]);
    }
  }
  out.times = std::move(times);
  out.values = out.own_values;
  out.starts = out.own_starts;
}

}  // namespace meerkat::promql
