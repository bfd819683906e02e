#include <limits>
#include <numbers>

#include "promql/funcs/registry.h"

// Scalars, and the bridges between scalars and vectors.
namespace meerkat::promql {
namespace {

template <typename Value>
Result<> EachStep(const Grid& grid, const RowSink& sink, Value&& value) {
  Row row;
  row.Clear(grid.count);
  for (std::size_t i = 0; i < grid.count; ++i) row.values[i] = value(i);
  return sink(row);
}

Result<> Pi(Execution&, const Node&, const Grid& grid, const RowSink& sink) {
  return EachStep(grid, sink, [](std::size_t) { return std::numbers::pi; });
}
Result<> Time(Execution&, const Node&, const Grid& grid, const RowSink& sink) {
  return EachStep(grid, sink,
                  [&](std::size_t i) { return static_cast<double>(grid.At(i)) / 1000; });
}
Result<> Start(Execution& execution, const Node&, const Grid& grid, const RowSink& sink) {
  const double value = static_cast<double>(execution.query_grid().start) / 1000;
  return EachStep(grid, sink, [=](std::size_t) { return value; });
}
Result<> End(Execution& execution, const Node&, const Grid& grid, const RowSink& sink) {
  const double value = static_cast<double>(execution.query_end()) / 1000;
  return EachStep(grid, sink, [=](std::size_t) { return value; });
}
Result<> Step(Execution& execution, const Node&, const Grid& grid, const RowSink& sink) {
  const double value = static_cast<double>(execution.query_grid().step) / 1000;
  return EachStep(grid, sink, [=](std::size_t) { return value; });
}
Result<> Range(Execution& execution, const Node&, const Grid& grid, const RowSink& sink) {
  const double value =
      static_cast<double>(execution.query_end() - execution.query_grid().start) / 1000;
  return EachStep(grid, sink, [=](std::size_t) { return value; });
}

// The float of the only float element; NaN when there is none or more than one.
Result<> ToScalar(Execution& execution, const Node& node, const Grid& grid, const RowSink& sink) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  std::vector<std::uint32_t> found(grid.count);
  Row out;
  out.values.assign(grid.count, nan);
  auto done = execution.Evaluate(*node.children[0], grid, [&](Row& row) -> Result<> {
    for (std::size_t i = 0; i < grid.count; ++i) {
      if (IsAbsent(row.values[i])) continue;
      out.values[i] = ++found[i] == 1 ? row.values[i] : nan;
    }
    return {};
  });
  return done ? sink(out) : std::move(done);
}

Result<> ToVector(Execution& execution, const Node& node, const Grid& grid, const RowSink& sink) {
  return execution.Evaluate(*node.children[0], grid, sink);
}

constexpr FunctionImpl kFunctions[] = {
    {.name = "pi", .call = Pi},           {.name = "time", .call = Time, .uses_time = true},
    {.name = "start", .call = Start},     {.name = "end", .call = End},
    {.name = "step", .call = Step},       {.name = "range", .call = Range},
    {.name = "scalar", .call = ToScalar}, {.name = "vector", .call = ToVector},
};

}  // namespace

std::span<const FunctionImpl> ScalarFunctions() {
  return kFunctions;
}

}  // namespace meerkat::promql
