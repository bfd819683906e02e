#include "promql/exec/binary_value.h"
#include "promql/exec/operators.h"

// Binary operators with a scalar on at least one side; vectors with vectors are in match.cc and
// sets.cc.
namespace meerkat::promql {
namespace {

Result<> ScalarWithScalar(Execution& execution, const Node& node, const Grid& grid,
                          const RowSink& sink) {
  auto left = execution.Scalars(*node.children[0], grid);
  if (!left) return std::move(left).error();
  auto right = execution.Scalars(*node.children[1], grid);
  if (!right) return std::move(right).error();
  const Op op = static_cast<const BinaryExpr*>(node.expr)->op;
  Row row;
  row.values = std::move(*left);
  for (std::size_t i = 0; i < grid.count; ++i) {
    row.values[i] = ApplyScalar(op, row.values[i], (*right)[i]);
  }
  return sink(row);
}

// One row of the vector with the scalar of each step. False: nothing is left of it.
bool ApplyToRow(const BinaryExpr& binary, bool scalar_first, const std::vector<double>& scalars,
                Annotations& notes, Row& row) {
  const Op op = binary.op;
  static const HistogramPtr kNone;
  bool any = false;
  for (std::size_t i = 0; i < row.values.size(); ++i) {
    const double element = row.values[i];
    if (row.HasHistogram(i)) {
      const HistogramPtr histogram = row.histograms[i];
      BinaryOutcome outcome =
          scalar_first ? ApplyElement(op, scalars[i], 0, kNone, histogram, notes, binary.position)
                       : ApplyElement(op, 0, scalars[i], histogram, kNone, notes, binary.position);
      if (!outcome.valid || (!outcome.keep && !binary.return_bool)) {
        row.Remove(i);
        continue;
      }
      row.histograms[i] = std::move(outcome.histogram);
      any = true;
      continue;
    }
    if (IsAbsent(element)) continue;
    const double left = scalar_first ? scalars[i] : element;
    const double right = scalar_first ? element : scalars[i];
    if (op == Op::kTrimUpper || op == Op::kTrimLower) {
      ApplyElement(op, left, right, kNone, kNone, notes, binary.position);
      row.Remove(i);
      continue;
    }
    if (!IsComparison(op)) {
      row.values[i] = ApplyScalar(op, left, right);
    } else if (binary.return_bool) {
      row.values[i] = Compare(op, left, right) ? 1 : 0;
    } else if (!Compare(op, left, right)) {
      row.values[i] = Absent();
      continue;
    }
    any = true;
  }
  return any;
}

Result<> VectorWithScalar(Execution& execution, const Node& node, const Grid& grid,
                          const RowSink& sink) {
  const auto& binary = *static_cast<const BinaryExpr*>(node.expr);
  const bool scalar_first = node.children[0]->type == ValueType::kScalar;
  auto scalars = execution.Scalars(*node.children[scalar_first ? 0 : 1], grid);
  if (!scalars) return std::move(scalars).error();
  const bool drop_name = ChangesMeaning(binary.op) || binary.return_bool;
  const bool may_collide =
      drop_name && node.names_vary && !execution.options().delayed_name_removal;
  UniqueRows unique(execution);
  auto done =
      execution.Evaluate(*node.children[scalar_first ? 1 : 0], grid, [&](Row& row) -> Result<> {
        if (!ApplyToRow(binary, scalar_first, *scalars, execution.notes(), row)) return {};
        if (drop_name) execution.DropName(row);
        return may_collide ? unique.Add(row) : sink(row);
      });
  return done && may_collide ? unique.Flush(sink) : std::move(done);
}

}  // namespace

Result<> Binary(Execution& execution, const Node& node, const Grid& grid, const RowSink& sink) {
  const bool left_scalar = node.children[0]->type == ValueType::kScalar;
  const bool right_scalar = node.children[1]->type == ValueType::kScalar;
  if (left_scalar && right_scalar) return ScalarWithScalar(execution, node, grid, sink);
  if (left_scalar || right_scalar) return VectorWithScalar(execution, node, grid, sink);
  if (IsSetOperator(static_cast<const BinaryExpr*>(node.expr)->op)) {
    return CombineSets(execution, node, grid, sink);
  }
  return MatchVectors(execution, node, grid, sink);
}

}  // namespace meerkat::promql
