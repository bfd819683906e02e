#pragma once

#include <functional>
#include <memory>

#include "promql/exec/execution.h"

namespace meerkat::promql {

// Makes a row of each series of a selection, each by itself. One thread at a time.
class RowMaker {
 public:
  virtual ~RowMaker() = default;
  // Fills `row`; false: nothing is to be handed on.
  virtual Result<bool> Make(const Labels& labels, const tsdb::SeriesColumns& columns, Row& row) = 0;
  // After the last series.
  virtual void Finish() {}
};

// Hands the rows of all series to `sink`, in the order of the series. Of large selections parts are
// decoded and computed by other threads, when some are free; each thread has a maker of its own,
// made with an Execution of its own. Rows, notes and counts are the same either way, and in the
// same order.
using NewRowMaker = std::function<std::unique_ptr<RowMaker>(Execution&)>;
Result<> MapSeries(Execution& execution, std::size_t selection, const Grid& grid,
                   const NewRowMaker& new_maker, const RowSink& sink);

}  // namespace meerkat::promql
