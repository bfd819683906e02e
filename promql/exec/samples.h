#pragma once

#include "promql/funcs/window.h"
#include "tsdb/storage.h"

namespace meerkat::promql {

// Whether any value is a NaN, the stale marker included: one comparison for several values at once,
// to spare most columns the look at each.
inline bool HasNan(std::span<const double> values) {
  constexpr std::size_t kBlock = 64;
  std::size_t i = 0;
  for (; i + kBlock <= values.size(); i += kBlock) {
    std::uint64_t found = 0;
    for (std::size_t k = i; k < i + kBlock; ++k) found |= values[k] != values[k] ? 1 : 0;
    if (found != 0) return true;
  }
  for (; i < values.size(); ++i) {
    if (values[i] != values[i]) return true;
  }
  return false;
}

// The histograms of one series' columns, by position. With `find_resets`, samples whose reset hint
// is unknown get the answer from comparing with the histogram before.
class HistogramColumn {
 public:
  HistogramColumn(const tsdb::SeriesColumns& columns, bool find_resets);
  // Null when a float stands at `index`.
  HistogramPtr At(std::uint32_t index) const;
  const std::vector<tsdb::SeriesColumns::HistogramAt>& all() const { return *histograms_; }

 private:
  std::vector<tsdb::SeriesColumns::HistogramAt> own_;
  const std::vector<tsdb::SeriesColumns::HistogramAt>* histograms_;
};

// Columns of storage as range functions want them. `columns` must outlive `out`.
void PrepareRange(const tsdb::SeriesColumns& columns, bool find_resets, RangeSeries& out);

}  // namespace meerkat::promql
