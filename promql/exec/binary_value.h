#pragma once

#include "promql/ast.h"
#include "promql/exec/annotations.h"
#include "promql/exec/rows.h"

namespace meerkat::promql {

double ApplyScalar(Op op, double left, double right);  // comparisons give 1 or 0
bool Compare(Op op, double left, double right);
// + - * / % ^ atan2: the result is another quantity, so the metric's name goes.
bool ChangesMeaning(Op op);

// One element with one element.
struct BinaryOutcome {
  bool keep = false;  // false: no element comes of it
  double value = 0;   // unless `histogram` is set
  HistogramPtr histogram;
  bool valid = true;  // false: the types do not go together, and that has been told
};
// A null histogram stands for its float. Comparisons keep the left side.
BinaryOutcome ApplyElement(Op op, double left, double right, const HistogramPtr& left_histogram,
                           const HistogramPtr& right_histogram, Annotations& notes,
                           PositionRange where);

}  // namespace meerkat::promql
