#include <cmath>
#include <limits>
#include <numbers>

#include "promql/funcs/registry.h"

// Functions of each element by itself.
namespace meerkat::promql {
namespace {

double Sign(double v) {
  if (v < 0) return -1;
  if (v > 0) return 1;
  return v;
}
double Degrees(double v) {
  return v * 180 / std::numbers::pi;
}
double Radians(double v) {
  return v * std::numbers::pi / 180;
}

template <double (*kFunction)(double)>
double Plain(double v) {
  return kFunction(v);
}

// Maps the floats of the first argument with up to two scalars beside it.
template <typename Map>
Result<> MapWithScalars(Execution& execution, const Node& node, const Grid& grid,
                        const RowSink& sink, Map&& map) {
  std::vector<double> first, second;
  if (node.children.size() > 1) {
    auto scalars = execution.Scalars(*node.children[1], grid);
    if (!scalars) return std::move(scalars).error();
    first = std::move(*scalars);
  }
  if (node.children.size() > 2) {
    auto scalars = execution.Scalars(*node.children[2], grid);
    if (!scalars) return std::move(scalars).error();
    second = std::move(*scalars);
  }
  return execution.Evaluate(*node.children[0], grid, [&](Row& row) -> Result<> {
    row.histograms.clear();
    bool any = false;
    for (std::size_t i = 0; i < grid.count; ++i) {
      double& value = row.values[i];
      if (IsAbsent(value)) continue;
      value = map(value, first.empty() ? 0 : first[i], second.empty() ? 0 : second[i]);
      any |= !IsAbsent(value);
    }
    if (!any) return {};
    execution.DropName(row);
    return sink(row);
  });
}

// Of two numbers an infinity that cannot be beaten wins over NaN, which wins over the rest.
double Max(double a, double b) {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  if (a == kInf || b == kInf) return kInf;
  if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<double>::quiet_NaN();
  return a > b || (a == b && !std::signbit(a)) ? a : b;
}
double Min(double a, double b) {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  if (a == -kInf || b == -kInf) return -kInf;
  if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<double>::quiet_NaN();
  return a < b || (a == b && std::signbit(a)) ? a : b;
}

Result<> Clamp(Execution& execution, const Node& node, const Grid& grid, const RowSink& sink) {
  return MapWithScalars(execution, node, grid, sink, [](double v, double low, double high) {
    return low > high ? Absent() : Max(low, Min(high, v));
  });
}
Result<> ClampMax(Execution& execution, const Node& node, const Grid& grid, const RowSink& sink) {
  return MapWithScalars(execution, node, grid, sink,
                        [](double v, double high, double) { return Min(high, v); });
}
Result<> ClampMin(Execution& execution, const Node& node, const Grid& grid, const RowSink& sink) {
  return MapWithScalars(execution, node, grid, sink,
                        [](double v, double low, double) { return Max(low, v); });
}

// Ties are rounded up. Multiplying by the inverse keeps round(x, 0.1) free of 0.30000000000000004.
Result<> Round(Execution& execution, const Node& node, const Grid& grid, const RowSink& sink) {
  const bool given = node.children.size() > 1;
  return MapWithScalars(execution, node, grid, sink, [given](double v, double nearest, double) {
    const double inverse = 1 / (given ? nearest : 1);
    return std::floor(v * inverse + 0.5) / inverse;
  });
}

Result<> PairOfScalars(Execution& execution, const Node& node, const Grid& grid,
                       const RowSink& sink, double (*choose)(double, double)) {
  auto left = execution.Scalars(*node.children[0], grid);
  if (!left) return std::move(left).error();
  auto right = execution.Scalars(*node.children[1], grid);
  if (!right) return std::move(right).error();
  Row row;
  row.Clear(grid.count);
  for (std::size_t i = 0; i < grid.count; ++i) row.values[i] = choose((*left)[i], (*right)[i]);
  return sink(row);
}
Result<> MaxOf(Execution& execution, const Node& node, const Grid& grid, const RowSink& sink) {
  return PairOfScalars(execution, node, grid, sink, Max);
}
Result<> MinOf(Execution& execution, const Node& node, const Grid& grid, const RowSink& sink) {
  return PairOfScalars(execution, node, grid, sink, Min);
}

constexpr FunctionImpl kFunctions[] = {
    {.name = "abs", .map = Plain<std::fabs>},
    {.name = "ceil", .map = Plain<std::ceil>},
    {.name = "floor", .map = Plain<std::floor>},
    {.name = "exp", .map = Plain<std::exp>},
    {.name = "sqrt", .map = Plain<std::sqrt>},
    {.name = "ln", .map = Plain<std::log>},
    {.name = "log2", .map = Plain<std::log2>},
    {.name = "log10", .map = Plain<std::log10>},
    {.name = "sgn", .map = Sign},
    {.name = "deg", .map = Degrees},
    {.name = "rad", .map = Radians},
    {.name = "sin", .map = Plain<std::sin>},
    {.name = "cos", .map = Plain<std::cos>},
    {.name = "tan", .map = Plain<std::tan>},
    {.name = "asin", .map = Plain<std::asin>},
    {.name = "acos", .map = Plain<std::acos>},
    {.name = "atan", .map = Plain<std::atan>},
    {.name = "sinh", .map = Plain<std::sinh>},
    {.name = "cosh", .map = Plain<std::cosh>},
    {.name = "tanh", .map = Plain<std::tanh>},
    {.name = "asinh", .map = Plain<std::asinh>},
    {.name = "acosh", .map = Plain<std::acosh>},
    {.name = "atanh", .map = Plain<std::atanh>},
    {.name = "clamp", .call = Clamp},
    {.name = "clamp_max", .call = ClampMax},
    {.name = "clamp_min", .call = ClampMin},
    {.name = "round", .call = Round},
    {.name = "max_of", .call = MaxOf},
    {.name = "min_of", .call = MinOf},
};

}  // namespace

std::span<const FunctionImpl> MathFunctions() {
  return kFunctions;
}

}  // namespace meerkat::promql
