#pragma once

#include <vector>

#include "promql/exec/annotations.h"

namespace meerkat::promql {

// The quantile of `values`, between neighbours interpolated; sorts them, NaN as the smallest.
// Outside of [0, 1]: ±Inf; NaN for NaN and for no values.
double Quantile(double rank, std::vector<double>& values);

// Warns about a quantile outside of [0, 1].
void NoteInvalidQuantile(Annotations& notes, PositionRange where, double rank);

}  // namespace meerkat::promql
