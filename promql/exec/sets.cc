#include "promql/exec/signature.h"

// and, or, unless: which elements stay is decided by label match alone, step by step.
namespace meerkat::promql {
namespace {

// For each signature, at which steps some row of it has an element.
class Presence {
 public:
  Presence(const VectorMatching& matching, std::size_t steps)
      : matching_(matching), count_(steps) {}

  void Add(std::span<const Row> rows) {
    for (const Row& row : rows) {
      std::vector<std::uint8_t>& present = steps_[matching_.Of(row.labels)];
      present.resize(count_);
      for (std::size_t i = 0; i < count_; ++i) present[i] |= row.Has(i);
    }
  }
  // Of what is matched with the row; null: nothing anywhere.
  const std::vector<std::uint8_t>* Find(const Row& row) const {
    const auto it = steps_.find(matching_.Of(row.labels));
    return it == steps_.end() ? nullptr : &it->second;
  }

 private:
  const MatchingLabels matching_;
  const std::size_t count_;
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

// or, of two operands or many: each adds what is not there yet.
Result<> Unite(Execution& execution, const Node& node, const Grid& grid, const RowSink& sink) {
  Presence present(MatchingOf(*static_cast<const BinaryExpr*>(node.expr)), grid.count);
  UniqueRows unique(execution);
  for (std::size_t i = 0; i + 1 < node.children.size(); ++i) {
    Held held(execution.budget());
    auto rows = execution.Gather(*node.children[i], grid, held);
    if (!rows) return std::move(rows).error();
    held.Clear();
    std::vector<std::uint8_t> stays(rows->size(), 1);
    for (std::size_t r = 0; i > 0 && r < rows->size(); ++r) {
      stays[r] = Mask((*rows)[r], present.Find((*rows)[r]), false) ? 1 : 0;
    }
    present.Add(*rows);
    for (std::size_t r = 0; r < rows->size(); ++r) {
      if (stays[r] == 0) continue;
      if (auto added = unique.Add((*rows)[r]); !added) return added;
    }
  }
  auto done = execution.Evaluate(*node.children.back(), grid, [&](Row& row) -> Result<> {
    if (!Mask(row, present.Find(row), false)) return {};
    return unique.Add(row);
  });
  return done ? unique.Flush(sink) : std::move(done);
}

}  // namespace

Result<> CombineSets(Execution& execution, const Node& node, const Grid& grid,
                     const RowSink& sink) {
  const auto& binary = *static_cast<const BinaryExpr*>(node.expr);
  if (binary.op == Op::kOr) return Unite(execution, node, grid, sink);
  Presence present(MatchingOf(binary), grid.count);
  {
    Held held(execution.budget());
    auto right = execution.Gather(*node.children[1], grid, held);
    if (!right) return std::move(right).error();
    present.Add(*right);
  }
  const bool wanted = binary.op == Op::kAnd;
  return execution.Evaluate(*node.children[0], grid, [&](Row& row) -> Result<> {
    if (!Mask(row, present.Find(row), wanted)) return {};
    return sink(row);
  });
}

}  // namespace meerkat::promql
