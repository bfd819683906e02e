#include <algorithm>
#include <cmath>

#include "base/number.h"
#include "promql/exec/grouping.h"

// Aggregations that choose among the elements of each group: topk, bottomk, limitk, limit_ratio.
namespace meerkat::promql {
namespace {

struct Candidate {
  double value = 0;
  std::size_t row = 0;
};

// The k best so far, the worst of them in front: the binary heap of upstream, move by move, since
// among equal values its layout decides who stays.
class BestHeap {
 public:
  BestHeap(std::size_t k, bool largest) : k_(k), largest_(largest) {}

  void Offer(Candidate candidate) {
    if (heap_.size() < k_) {
      heap_.push_back(candidate);
      Up(heap_.size() - 1);
      return;
    }
    const bool better = Worse(heap_[0].value, candidate.value) && !std::isnan(candidate.value);
    if (!better) return;
    heap_[0] = candidate;
    if (k_ > 1) Down(0);
  }
  std::vector<Candidate> Sorted() && {
    std::stable_sort(heap_.begin(), heap_.end(), [&](const Candidate& a, const Candidate& b) {
      return std::isnan(a.value) ? false : Worse(b.value, a.value);
    });
    return std::move(heap_);
  }
  const std::vector<Candidate>& items() const { return heap_; }

 private:
  // NaN is worse than any number.
  bool Worse(double a, double b) const {
    if (std::isnan(a)) return true;
    return largest_ ? a < b : a > b;
  }
  void Up(std::size_t at) {
    while (at > 0) {
      const std::size_t parent = (at - 1) / 2;
      if (!Worse(heap_[at].value, heap_[parent].value)) break;
      std::swap(heap_[at], heap_[parent]);
      at = parent;
    }
  }
  void Down(std::size_t at) {
    for (;;) {
      std::size_t child = 2 * at + 1;
      if (child >= heap_.size()) return;
      if (child + 1 < heap_.size() && Worse(heap_[child + 1].value, heap_[child].value)) ++child;
      if (!Worse(heap_[child].value, heap_[at].value)) return;
      std::swap(heap_[at], heap_[child]);
      at = child;
    }
  }

  std::size_t k_;
  bool largest_;
  std::vector<Candidate> heap_;
};

// How many elements of each group stay, by step.
Result<std::vector<std::size_t>> Counts(const std::vector<double>& param) {
  std::vector<std::size_t> out(param.size());
  for (std::size_t i = 0; i < param.size(); ++i) {
    if (std::isnan(param[i])) return Error(Code::kExecution, "Parameter value is NaN");
    // The largest double below 2^63 and the smallest int64.
    if (param[i] >= 9223372036854774784.0 || param[i] <= -9223372036854775808.0) {
      return Error(Code::kExecution,
                   "Scalar value " + FormatFloat(param[i], 'g') + " overflows int64");
    }
    out[i] = param[i] < 1 ? 0 : static_cast<std::size_t>(param[i]);
  }
  return out;
}

Result<> LimitRatio(Execution& execution, const Node& node, const Grid& grid,
                    std::vector<double> ratio, const RowSink& sink) {
  for (double& r : ratio) {
    if (std::isnan(r)) return Error(Code::kExecution, "Ratio value is NaN");
    const double capped = std::clamp(r, -1.0, 1.0);
    if (capped != r) {
      execution.notes().Add(Note::kInvalidRatio, node.children[1]->position,
                            FormatFloat(r, 'g') + ", capping to " + FormatFloat(capped, 'g'));
      r = capped;
    }
  }
  return execution.Evaluate(*node.children[0], grid, [&](Row& row) -> Result<> {
    const double place = static_cast<double>(row.labels.hash()) / 18446744073709551615.0;
    bool any = false;
    for (std::size_t i = 0; i < grid.count; ++i) {
      const bool keep = ratio[i] >= 0 ? place < ratio[i] : place >= 1 + ratio[i];
      if (keep) {
        any |= row.Has(i);
      } else {
        row.Remove(i);
      }
    }
    return any ? sink(row) : Result<>();
  });
}

Result<> LimitCount(Execution& execution, const Node& node, const Grid& grid,
                    const std::vector<std::size_t>& k, Grouping& grouping, const RowSink& sink) {
  std::vector<std::vector<std::size_t>> taken;
  return execution.Evaluate(*node.children[0], grid, [&](Row& row) -> Result<> {
    const std::size_t group = grouping.GroupOf(row.labels);
    if (group == taken.size()) taken.emplace_back(grid.count);
    bool any = false;
    for (std::size_t i = 0; i < grid.count; ++i) {
      if (!row.Has(i)) continue;
      if (taken[group][i] < k[i]) {
        ++taken[group][i];
        any = true;
      } else {
        row.Remove(i);
      }
    }
    return any ? sink(row) : Result<>();
  });
}

Result<> BestK(Execution& execution, const Node& node, const Grid& grid,
               const std::vector<std::size_t>& k, Grouping& grouping, bool largest,
               std::string_view name, const RowSink& sink) {
  std::vector<Row> rows;
  Held held(execution.budget());
  std::vector<std::vector<std::size_t>> members;
  auto done = execution.Evaluate(*node.children[0], grid, [&](Row& row) -> Result<> {
    for (std::size_t i = 0; i < row.histograms.size(); ++i) {
      // Where no element is wanted none is looked at.
      if (row.histograms[i] == nullptr || k[i] == 0) continue;
      execution.notes().Add(Note::kIgnoredHistogramAggregation, node.expr->position, name);
      break;
    }
    row.histograms.clear();
    if (std::all_of(row.values.begin(), row.values.end(), IsAbsent)) return {};
    if (auto ok = held.Add(Of(row)); !ok) return ok;
    const std::size_t group = grouping.GroupOf(row.labels);
    if (group == members.size()) members.emplace_back();
    members[group].push_back(rows.size());
    rows.push_back(std::move(row));
    return {};
  });
  if (!done) return done;
  std::vector<std::uint8_t> stays(rows.size());
  for (const std::vector<std::size_t>& group : members) {
    if (auto ok = execution.Check(); !ok) return ok;
    std::vector<std::uint8_t> kept(group.size());
    for (std::size_t i = 0; i < grid.count; ++i) {
      BestHeap best(std::min(k[i], group.size()), largest);
      if (k[i] > 0) {
        for (std::size_t member = 0; member < group.size(); ++member) {
          const double value = rows[group[member]].values[i];
          if (!IsAbsent(value)) best.Offer({value, member});
        }
      }
      if (grid.count == 1) {
        // An instant vector shows them in order.
        for (const Candidate& candidate : std::move(best).Sorted()) {
          if (auto pushed = sink(rows[group[candidate.row]]); !pushed) return pushed;
        }
        break;
      }
      std::fill(kept.begin(), kept.end(), 0);
      for (const Candidate& candidate : best.items()) kept[candidate.row] = 1;
      for (std::size_t member = 0; member < group.size(); ++member) {
        if (kept[member] == 0) rows[group[member]].values[i] = Absent();
        stays[group[member]] |= kept[member];
      }
    }
  }
  if (grid.count == 1) return {};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (stays[i] == 0) continue;
    if (auto pushed = sink(rows[i]); !pushed) return pushed;
  }
  return {};
}

}  // namespace

Result<> AggregateSelection(Execution& execution, const Node& node, const Grid& grid,
                            const RowSink& sink) {
  const auto& aggregate = *static_cast<const AggregateExpr*>(node.expr);
  auto param = execution.Scalars(*node.children[1], grid);
  if (!param) return std::move(param).error();
  if (aggregate.op == AggregateOp::kLimitRatio) {
    return LimitRatio(execution, node, grid, std::move(*param), sink);
  }
  const auto k = Counts(*param);
  if (!k) return k.error();
  Grouping grouping(aggregate);
  if (aggregate.op == AggregateOp::kLimitk) {
    return LimitCount(execution, node, grid, *k, grouping, sink);
  }
  return BestK(execution, node, grid, *k, grouping, aggregate.op == AggregateOp::kTopk,
               TextOf(aggregate.op), sink);
}

}  // namespace meerkat::promql
