#pragma once

#include "promql/funcs/window.h"
#include "tsdb/storage.h"

namespace meerkat::promql {

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
