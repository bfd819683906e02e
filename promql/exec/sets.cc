#include "promql/exec/signature.h"

// and, or, unless: which elements stay is decided by label match alone, step by step.
namespace meerkat::promql {
namespace {

// For each signature, at which steps some row of it has an element.
class Presence {
 public:
  Presence(const MatchingLabels& matching, const std::vector<Row>& rows, std::size_t steps) {
    for (const Row& row : rows) {
      std::vector<std::uint8_t>& present = steps_[matching.Of(row.labels)];
      present.resize(steps);
      for (std::size_t i = 0; i < steps; ++i) present[i] |= row.Has(i);
    }
  }
  const std::vector<std::uint8_t>* Find(const Labels& signature) const {
    const auto it = steps_.find(signature);
    return it == steps_.end() ? nullptr : &it->second;
  }

 private:
  std::unordered_map<Labels, std::vector<std::uint8_t>> steps_;
};

// Removes the elements at steps where `present` is not `wanted`. False: nothing is left.
bool Mask(Row& row, const std::vector<std::uint8_t>* present, bool wanted) {
  bool any = false;
  for (std::size_t i = 0; i < row.values.size(); ++i) {
    if ((present != nullptr && (*present)[i] != 0) != wanted) {
      row.Remove(i);
    } else {
      any |= row.Has(i);
    }
  }
  return any;
}

}  // namespace

Result<> CombineSets(Execution& execution, const Node& node, const Grid& grid,
                     const RowSink& sink) {
  const auto& binary = *static_cast<const BinaryExpr*>(node.expr);
  const MatchingLabels matching(MatchingOf(binary));
  if (binary.op == Op::kOr) {
    Held held(execution.budget());
    auto left = execution.Gather(*node.children[0], grid, held);
    if (!left) return std::move(left).error();
    const Presence present(matching, *left, grid.count);
    UniqueRows unique(execution);
    held.Clear();
    for (Row& row : *left) {
      if (auto added = unique.Add(row); !added) return added;
    }
    auto done = execution.Evaluate(*node.children[1], grid, [&](Row& row) -> Result<> {
      if (!Mask(row, present.Find(matching.Of(row.labels)), false)) return {};
      return unique.Add(row);
    });
    return done ? unique.Flush(sink) : std::move(done);
  }
  Held held(execution.budget());
  auto right = execution.Gather(*node.children[1], grid, held);
  if (!right) return std::move(right).error();
  const Presence present(matching, *right, grid.count);
  right->clear();
  held.Clear();
  const bool wanted = binary.op == Op::kAnd;
  return execution.Evaluate(*node.children[0], grid, [&](Row& row) -> Result<> {
    if (!Mask(row, present.Find(matching.Of(row.labels)), wanted)) return {};
    return sink(row);
  });
}

}  // namespace meerkat::promql
