#pragma once

#include <span>
#include <string_view>

#include "promql/ast.h"

namespace meerkat::promql {

// The signature of a function: what parse/ and check/ need to know. What it computes lives in
// funcs/.
struct Function {
  std::string_view name;
  std::span<const ValueType> arg_types;
  // 0: exactly arg_types.size() arguments. n > 0: up to n of the last may be left out or, for
  // repeating ones, up to n more given. -1: the last type may repeat any number of times (or be
  // absent).
  int variadic = 0;
  ValueType return_type = ValueType::kVector;
  bool experimental = false;
};

// All functions of the language, sorted by name.
std::span<const Function> Functions();
const Function* FindFunction(std::string_view name);

}  // namespace meerkat::promql
