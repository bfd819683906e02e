#include "promql/exec/plan.h"

#include <algorithm>

#include "promql/exec/binary_value.h"
#include "promql/exec/durations.h"
#include "promql/funcs/registry.h"
#include "promql/functions.h"

namespace meerkat::promql {
namespace {

// Far beyond any sample, and far enough from the ends of int64 that adding ranges cannot overflow.
constexpr std::int64_t kFarAway = std::int64_t{1} << 61;

// What the operators above mean for a selector.
struct Above {
  // Which of the calls decides whether whole histograms are needed.
  bool stats_only = false;
  bool buckets = false;
  // An aggregation takes the series in any order: sorting them would be for nothing.
  bool any_order = false;
};

struct TimeSpan {
  std::int64_t min, max;
};

bool IsOneOf(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

class Planner {
 public:
  Planner(Plan& plan, const QueryTimes& query, const EngineOptions& options, std::int64_t lookback)
      : plan_(plan), query_(query), options_(options), lookback_(lookback) {}

  Result<std::unique_ptr<Node>> Make(const Expr& written, TimeSpan times, Above above) {
    const Expr& expr = Unwrap(written);
    auto node = std::make_unique<Node>();
    node->expr = &expr;
    node->position = written.position;
    node->kind = expr.kind;
    node->type = expr.type;
    Result<> done;
    switch (expr.kind) {
      case Expr::Kind::kNumber:
        node->type = ValueType::kScalar;
        node->number = static_cast<const NumberLiteral&>(expr).value;
        node->constant = true;
        break;
      case Expr::Kind::kString:
        node->type = ValueType::kString;
        node->constant = true;
        break;
      case Expr::Kind::kUnary:
        done = AddChild(*node, *static_cast<const UnaryExpr&>(expr).operand, times, above);
        if (!done) break;
        node->type = node->children[0]->type;
        node->constant = node->children[0]->constant;
        node->names_vary = node->children[0]->names_vary;
        break;
      case Expr::Kind::kBinary:
        return MakeChain(static_cast<const BinaryExpr&>(expr), times);
      case Expr::Kind::kAggregate:
        done = MakeAggregate(*node, static_cast<const AggregateExpr&>(expr), times, above);
        break;
      case Expr::Kind::kCall:
        done = MakeCall(*node, static_cast<const CallExpr&>(expr), times, above);
        break;
      case Expr::Kind::kVectorSelector:
        node->type = ValueType::kVector;
        done = MakeSelector(*node, static_cast<const VectorSelector&>(expr), times, above);
        break;
      case Expr::Kind::kMatrixSelector:
        node->type = ValueType::kMatrix;
        done = MakeMatrix(*node, static_cast<const MatrixSelector&>(expr), times, above);
        break;
      case Expr::Kind::kSubquery:
        node->type = ValueType::kMatrix;
        done = MakeSubquery(*node, static_cast<const SubqueryExpr&>(expr), times);
        break;
      case Expr::Kind::kParen:
        break;  // taken off above
    }
    if (!done) return std::move(done).error();
    return node;
  }

 private:
  // Evaluation recurses, see parse/deep.h for the stack it has.
  static constexpr int kMaxDepth = 25'000;

  static Result<> Adopt(Node& node, std::unique_ptr<Node> child) {
    node.depth = std::max(node.depth, child->depth + 1);
    node.children.push_back(std::move(child));
    if (node.depth <= kMaxDepth) return {};
    return Error(Code::kExecution, "expression is too deep to be evaluated: more than " +
                                       std::to_string(kMaxDepth) + " levels");
  }

  Result<> AddChild(Node& node, const Expr& expr, TimeSpan times, Above above) {
    auto child = Make(expr, times, above);
    if (!child) return std::move(child).error();
    return Adopt(node, std::move(*child));
  }

  Result<> SetModifiers(Node& node, const TimeModifiers& modifiers) {
    node.offset = modifiers.offset.count();
    if (modifiers.offset_expr != nullptr) {
      auto offset = ComputeDuration(*modifiers.offset_expr, query_, false);
      if (!offset) return std::move(offset).error();
      node.offset = *offset;
    }
    switch (modifiers.at) {
      case AtKind::kNone:
        break;
      case AtKind::kTime:
        node.at = std::clamp(ToMillis(modifiers.at_time), -kFarAway, kFarAway);
        break;
      case AtKind::kStart:
        node.at = query_.grid.start;
        break;
      case AtKind::kEnd:
        node.at = query_.end;
        break;
    }
    node.constant = node.at.has_value();
    return {};
  }

  // The times the node's references fall on.
  static TimeSpan References(const Node& node, TimeSpan times) {
    return {node.at.value_or(times.min) - node.offset, node.at.value_or(times.max) - node.offset};
  }

  void Select(Node& node, const VectorSelector& selector, TimeSpan times, Above above) {
    node.names_vary = true;
    for (const Matcher& matcher : selector.matchers) {
      if (matcher.name() == kMetricName && matcher.type() == Matcher::Type::kEqual &&
          !matcher.value().empty()) {
        node.names_vary = false;
      }
    }
    node.find_resets = above.stats_only && !above.buckets;
    node.anchored = selector.anchored;
    node.smoothed = selector.smoothed;
    TimeSpan need = References(node, times);
    const bool newest = node.kind == Expr::Kind::kVectorSelector && need.min == need.max &&
                        !node.anchored && !node.smoothed && !node.find_resets;
    need.min -= node.range - 1;
    if (node.anchored || node.smoothed || node.find_resets) need.min -= lookback_;
    if (node.smoothed) need.max += lookback_;
    for (std::size_t i = 0; i < plan_.selections.size(); ++i) {
      Selection& known = plan_.selections[i];
      if (*known.matchers == selector.matchers && known.min_time <= need.max &&
          need.min <= known.max_time) {
        known.newest =
            known.newest && newest && known.max_time == need.max && known.min_time == need.min;
        known.min_time = std::min(known.min_time, need.min);
        known.max_time = std::max(known.max_time, need.max);
        known.sorted = known.sorted || !above.any_order;
        ++known.uses;
        node.selection = i;
        return;
      }
    }
    node.selection = plan_.selections.size();
    plan_.selections.push_back(
        {&selector.matchers, need.min, need.max, 1, !above.any_order, newest});
  }

  Result<> MakeSelector(Node& node, const VectorSelector& selector, TimeSpan times, Above above) {
    if (auto set = SetModifiers(node, selector.modifiers); !set) return set;
    node.range = lookback_;
    Select(node, selector, times, above);
    return {};
  }

  Result<> MakeMatrix(Node& node, const MatrixSelector& matrix, TimeSpan times, Above above) {
    if (auto set = SetModifiers(node, matrix.selector->modifiers); !set) return set;
    node.range = matrix.range.count();
    if (matrix.range_expr != nullptr) {
      auto range = ComputeDuration(*matrix.range_expr, query_, true);
      if (!range) return std::move(range).error();
      node.range = *range;
    }
    Select(node, *matrix.selector, times, above);
    return {};
  }

  Result<> MakeSubquery(Node& node, const SubqueryExpr& subquery, TimeSpan times) {
    if (auto set = SetModifiers(node, subquery.modifiers); !set) return set;
    node.range = subquery.range.count();
    node.step = subquery.step.count();
    if (subquery.range_expr != nullptr) {
      auto range = ComputeDuration(*subquery.range_expr, query_, true);
      if (!range) return std::move(range).error();
      node.range = *range;
    }
    if (subquery.step_expr != nullptr) {
      auto step = ComputeDuration(*subquery.step_expr, query_, true);
      if (!step) return std::move(step).error();
      node.step = *step;
    }
    if (node.step <= 0)
      node.step = std::max<std::int64_t>(1, options_.default_subquery_step.count());
    TimeSpan inner = References(node, times);
    inner.min -= node.range;
    // Seen from a subquery whole histograms are always needed.
    if (auto added = AddChild(node, *subquery.inner, inner, Above{.buckets = true}); !added) {
      return added;
    }
    node.names_vary = node.children[0]->names_vary;
    return {};
  }

  // a + b + c …: from the leftmost operand on, so that long chains of numbers need no recursion.
  Result<std::unique_ptr<Node>> MakeChain(const BinaryExpr& last, TimeSpan times) {
    std::vector<const BinaryExpr*> chain = {&last};
    std::vector<PositionRange> positions = {last.position};
    for (const Expr* left = last.left.get(); Unwrap(*left).kind == Expr::Kind::kBinary;) {
      positions.push_back(left->position);
      chain.push_back(static_cast<const BinaryExpr*>(&Unwrap(*left)));
      left = chain.back()->left.get();
    }
    auto made = Make(*chain.back()->left, times, {});
    while (made.ok() && !chain.empty()) {
      made = MakeBinary(*chain.back(), positions.back(), std::move(*made), times);
      chain.pop_back();
      positions.pop_back();
    }
    return made;
  }

  Result<std::unique_ptr<Node>> MakeBinary(const BinaryExpr& binary, PositionRange position,
                                           std::unique_ptr<Node> left, TimeSpan times) {
    auto made = Make(*binary.right, times, {});
    if (!made) return made;
    std::unique_ptr<Node> right = std::move(*made);
    auto node = std::make_unique<Node>();
    node->expr = &binary;
    node->position = position;
    if (left->kind == Expr::Kind::kNumber && right->kind == Expr::Kind::kNumber) {
      node->kind = Expr::Kind::kNumber;
      node->type = ValueType::kScalar;
      node->constant = true;
      node->number = ApplyScalar(binary.op, left->number, right->number);
      return node;
    }
    if (JoinsUnion(binary, *left)) {
      left->constant = left->constant && right->constant;
      left->expr = &binary;
      left->position = position;
      if (auto adopted = Adopt(*left, std::move(right)); !adopted)
        return std::move(adopted).error();
      return left;
    }
    node->kind = Expr::Kind::kBinary;
    node->type = left->type == ValueType::kScalar && right->type == ValueType::kScalar
                     ? ValueType::kScalar
                     : ValueType::kVector;
    node->constant = left->constant && right->constant;
    node->names_vary = left->names_vary || right->names_vary || binary.op == Op::kOr;
    if (auto adopted = Adopt(*node, std::move(left)); !adopted) return std::move(adopted).error();
    if (auto adopted = Adopt(*node, std::move(right)); !adopted) return std::move(adopted).error();
    return node;
  }

  // a or b or c: one union of three, when all are matched by the same labels. Chains may be long.
  static bool JoinsUnion(const BinaryExpr& binary, const Node& left) {
    if (binary.op != Op::kOr || left.kind != Expr::Kind::kBinary) return false;
    const auto& before = *static_cast<const BinaryExpr*>(left.expr);
    if (before.op != Op::kOr) return false;
    return binary.matching->on == before.matching->on &&
           binary.matching->labels == before.matching->labels;
  }

  Result<> MakeAggregate(Node& node, const AggregateExpr& aggregate, TimeSpan times, Above above) {
    switch (aggregate.op) {
      case AggregateOp::kTopk:
      case AggregateOp::kBottomk:
      case AggregateOp::kLimitk:
      case AggregateOp::kLimitRatio:
        above.any_order = false;
        break;
      default:
        above.any_order = true;
        break;
    }
    if (auto added = AddChild(node, *aggregate.inner, times, above); !added) return added;
    if (aggregate.param != nullptr) {
      if (auto added = AddChild(node, *aggregate.param, times, above); !added) return added;
    }
    node.type = ValueType::kVector;
    node.constant = std::all_of(node.children.begin(), node.children.end(),
                                [](const auto& child) { return child->constant; });
    node.names_vary = node.children[0]->names_vary;
    return {};
  }

  Result<> MakeCall(Node& node, const CallExpr& call, TimeSpan times, Above above) {
    node.type = call.function->return_type;
    node.function = FindImplementation(call.function->name);
    if (node.function == nullptr) {
      return Error(Code::kInternal,
                   "function " + std::string(call.function->name) + " is not implemented");
    }
    const std::string_view name = call.function->name;
    if (IsOneOf(name, {"histogram_count", "histogram_sum", "histogram_avg"})) {
      above.stats_only = true;
    } else if (IsOneOf(name, {"histogram_quantile", "histogram_quantiles", "histogram_fraction"})) {
      above.buckets = true;
    }
    node.constant = !node.function->uses_time;
    // The second argument of info() is no operand but a filter for what it reads by itself.
    const std::size_t operands = name == "info" ? 1 : call.args.size();
    for (std::size_t i = 0; i < operands; ++i) {
      if (auto added = AddChild(node, *call.args[i], times, above); !added) return added;
      node.constant = node.constant && node.children[i]->constant;
      node.names_vary = node.names_vary || node.children[i]->names_vary;
    }
    if (auto allowed = CheckExtended(node, name); !allowed) return allowed;
    // These can give different series the same labels, the name included.
    if (IsOneOf(name, {"label_replace", "label_join", "info"})) node.names_vary = true;
    return {};
  }

  // Few functions know what to do with values at the very ends of a range.
  static Result<> CheckExtended(const Node& node, std::string_view name) {
    for (const auto& child : node.children) {
      if (child->kind != Expr::Kind::kMatrixSelector) continue;
      if (child->anchored && !IsOneOf(name, {"changes", "delta", "increase", "rate", "resets"})) {
        return Error(Code::kExecution,
                     "anchored modifier can only be used with: changes, delta, increase, rate, "
                     "resets - not with " +
                         std::string(name));
      }
      if (child->smoothed && !IsOneOf(name, {"delta", "increase", "rate"})) {
        return Error(Code::kExecution,
                     "smoothed modifier can only be used with: delta, increase, rate - not with " +
                         std::string(name));
      }
    }
    return {};
  }

  Plan& plan_;
  const QueryTimes& query_;
  const EngineOptions& options_;
  const std::int64_t lookback_;
};

}  // namespace

const VectorSelector& Node::selector() const {
  if (kind == Expr::Kind::kMatrixSelector) {
    return *static_cast<const MatrixSelector*>(expr)->selector;
  }
  return *static_cast<const VectorSelector*>(expr);
}

const Expr& Unwrap(const Expr& expr) {
  const Expr* inner = &expr;
  while (inner->kind == Expr::Kind::kParen) {
    inner = static_cast<const ParenExpr*>(inner)->inner.get();
  }
  return *inner;
}

Result<Plan> MakePlan(const Expr& expr, const QueryTimes& query, const EngineOptions& options,
                      std::int64_t lookback) {
  Plan plan;
  Planner planner(plan, query, options, lookback);
  auto root = planner.Make(expr, {query.grid.start, query.grid.end()}, {});
  if (!root) return std::move(root).error();
  plan.root = std::move(*root);
  return plan;
}

}  // namespace meerkat::promql
