#include "promql/exec/operators.h"
#include "promql/funcs/registry.h"
#include "promql/histogram_math.h"

namespace meerkat::promql {
namespace {

// A function of each float by itself.
Result<> Map(Execution& execution, const Node& node, const Grid& grid, const RowSink& sink) {
  double (*const function)(double) = node.function->map;
  return execution.Evaluate(*node.children[0], grid, [&](Row& row) -> Result<> {
    row.histograms.clear();
    bool any = false;
    for (double& value : row.values) {
      if (IsAbsent(value)) continue;
      value = function(value);
      any = true;
    }
    if (!any) return {};
    execution.DropName(row);
    return sink(row);
  });
}

}  // namespace

Result<> Call(Execution& execution, const Node& node, const Grid& grid, const RowSink& sink) {
  const FunctionImpl& function = *node.function;
  if (function.range != nullptr) return CallOverRange(execution, node, grid, sink);
  const auto run = function.map != nullptr ? Map : function.call;
  // Dropping the name can make one series of two only when they differ in nothing else.
  if (!node.names_vary || function.keeps_name || node.type == ValueType::kScalar ||
      execution.options().delayed_name_removal) {
    return run(execution, node, grid, sink);
  }
  UniqueRows unique(execution);
  auto done = run(execution, node, grid, [&](Row& row) { return unique.Add(row); });
  return done ? unique.Flush(sink) : std::move(done);
}

Result<> Negate(Execution& execution, const Node& node, const Grid& grid, const RowSink& sink) {
  const bool negate = static_cast<const UnaryExpr*>(node.expr)->negate;
  if (!negate) return execution.Evaluate(*node.children[0], grid, sink);
  UniqueRows unique(execution);
  const bool may_collide = node.names_vary && !execution.options().delayed_name_removal;
  auto done = execution.Evaluate(*node.children[0], grid, [&](Row& row) -> Result<> {
    for (double& value : row.values) {
      if (!IsAbsent(value)) value = -value;
    }
    for (HistogramPtr& histogram : row.histograms) {
      if (histogram != nullptr) histogram = Scaled(*histogram, -1);
    }
    if (node.type == ValueType::kVector) execution.DropName(row);
    return may_collide ? unique.Add(row) : sink(row);
  });
  return done && may_collide ? unique.Flush(sink) : std::move(done);
}

}  // namespace meerkat::promql
