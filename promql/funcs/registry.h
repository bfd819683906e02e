#pragma once

#include <string_view>

#include "promql/exec/execution.h"
#include "promql/funcs/window.h"

// What the functions of promql/functions.h compute.
namespace meerkat::promql {

// Computes a call over all steps and hands its rows on.
using CallFunction = Result<> (*)(Execution&, const Node&, const Grid&, const RowSink&);

struct FunctionImpl {
  std::string_view name;
  // Exactly one of the three.
  double (*map)(double) = nullptr;  // each float by itself; histograms are left out
  RangeFunction range = nullptr;    // each window of a range vector by itself
  CallFunction call = nullptr;      // anything else
  bool keeps_name = false;
  // Not step-invariant even when its arguments are: it looks at the evaluation time.
  bool uses_time = false;
  // A whole row at once, for series without histograms; windows it cannot do are left to `range`.
  RangeKernel kernel = nullptr;
};

// Null when the function is not known here.
const FunctionImpl* FindImplementation(std::string_view name);

// The families; each returns its part of the table.
std::span<const FunctionImpl> MathFunctions();
std::span<const FunctionImpl> TimeFunctions();
std::span<const FunctionImpl> ScalarFunctions();
std::span<const FunctionImpl> RateFunctions();
std::span<const FunctionImpl> OverTimeFunctions();
std::span<const FunctionImpl> RegressionFunctions();
std::span<const FunctionImpl> LabelFunctions();
std::span<const FunctionImpl> SortFunctions();
std::span<const FunctionImpl> HistogramFunctions();
std::span<const FunctionImpl> QuantileFunctions();
std::span<const FunctionImpl> AbsentFunctions();
std::span<const FunctionImpl> InfoFunctions();

}  // namespace meerkat::promql
