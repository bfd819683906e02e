#pragma once

#include "base/result.h"
#include "promql/ast.h"
#include "promql/exec/plan.h"

namespace meerkat::promql {

// A duration expression in milliseconds, for a query. `must_be_positive`: ranges and
// subquery steps; offsets may have any sign.
Result<std::int64_t> ComputeDuration(const DurationExpr& expr, const QueryTimes& query,
                                     bool must_be_positive);

}  // namespace meerkat::promql
