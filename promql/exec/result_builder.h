#pragma once

#include "promql/exec/execution.h"

namespace meerkat::promql {

Error SameLabelset();

// Turns the rows of the outermost operator into the value of a query.
class ResultBuilder {
 public:
  ResultBuilder(Execution& execution, const Grid& grid, bool instant)
      : grid_(grid), instant_(instant), held_(execution.budget()) {}

  Result<> Add(Row& row);
  Result<Value> Finish(ValueType type);
  // The series so far, as they came: for who sends them before the others are made. They are not
  // held any longer.
  Matrix Take();
  bool has_histograms() const { return has_histograms_; }
  // Of the sort in Finish.
  double sort_seconds() const { return sort_seconds_; }

 private:
  Result<> AddSample(Labels labels, Row& row);
  Result<> AddSeries(Labels labels, Row& row);
  Result<> MergeEqual();

  const Grid& grid_;
  const bool instant_;
  Vector vector_;
  Matrix matrix_;
  Held held_;  // the vector or matrix
  bool has_histograms_ = false;
  double sort_seconds_ = 0;
};

}  // namespace meerkat::promql
