#pragma once

#include <bit>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/histogram.h"
#include "base/labels.h"
#include "base/number.h"
#include "base/result.h"

// What flows between operators: one series at a time, over all steps at once.
namespace meerkat::promql {

// The times an expression is evaluated at, in milliseconds: start, start + step, … `count` of them.
struct Grid {
  std::int64_t start = 0;
  std::int64_t step = 0;
  std::size_t count = 1;

  std::int64_t At(std::size_t index) const {
    return start + static_cast<std::int64_t>(index) * step;
  }
  std::int64_t end() const { return At(count - 1); }
};

// Where a series has no float, its column holds the stale marker: selectors never let that through
// and arithmetic cannot make it, so a column needs no second one that says what is there.
inline double Absent() {
  return StaleNan();
}
inline bool IsAbsent(double value) {
  return std::bit_cast<std::uint64_t>(value) == kStaleNanBits;
}

struct Row {
  Labels labels;
  // With delayed name removal: the name goes when the query is done.
  bool drop_name = false;
  std::vector<double> values;            // one for each step
  std::vector<HistogramPtr> histograms;  // one for each step, or empty when there is none at all

  bool HasHistogram(std::size_t step) const {
    return !histograms.empty() && histograms[step] != nullptr;
  }
  bool Has(std::size_t step) const { return !IsAbsent(values[step]) || HasHistogram(step); }

  // Nothing at any step.
  void Clear(std::size_t steps) {
    values.assign(steps, Absent());
    histograms.clear();
  }
  void SetHistogram(std::size_t step, HistogramPtr histogram) {
    if (histograms.empty()) histograms.resize(values.size());
    histograms[step] = std::move(histogram);
    values[step] = Absent();
  }
  void Remove(std::size_t step) {
    values[step] = Absent();
    if (!histograms.empty()) histograms[step] = nullptr;
  }
};

// Takes rows as an operator makes them, in the order of an instant vector. The sink may move out of
// the row whatever it likes; the producer fills it anew.
using RowSink = std::function<Result<>(Row&)>;

}  // namespace meerkat::promql
