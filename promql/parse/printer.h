#pragma once

#include <string_view>

#include "promql/ast.h"

namespace meerkat::promql {

// The operator or function of a duration expression as it is written: "+", "step", "max_of".
std::string_view OperatorOf(DurationExpr::Kind kind);

}  // namespace meerkat::promql
