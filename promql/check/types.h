#pragma once

#include <optional>
#include <string>

#include "promql/ast.h"

namespace meerkat::promql {

struct TypeError {
  PositionRange position;
  std::string text;
};

// Sets the type of every node and finds the first place where types, arguments or matching rules do
// not fit; the order of the checks is upstream's, so that the same error comes first. Drops the
// vector matching of operators that do not have a vector on both sides.
std::optional<TypeError> CheckTypes(Expr& expr);

}  // namespace meerkat::promql
