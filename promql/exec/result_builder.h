#pragma once

#include "promql/exec/execution.h"

namespace meerkat::promql {

Error SameLabelset();

// Turns the rows of the outermost operator into the value of a query.
class ResultBuilder {
 public:
  ResultBuilder(Execution& execution, const Grid& grid, bool instant)
      : execution_(execution), grid_(grid), instant_(instant) {}

  Result<> Add(Row& row);
  Result<Value> Finish(ValueType type);
  // Of the sort in Finish.
  double sort_seconds() const { return sort_seconds_; }

 private:
  Result<> AddSample(Labels labels, Row& row);
  Result<> AddSeries(Labels labels, Row& row);
  Result<> MergeEqual();

  Execution& execution_;
  const Grid& grid_;
  const bool instant_;
  Vector vector_;
  Matrix matrix_;
  double sort_seconds_ = 0;
};

}  // namespace meerkat::promql
