#include "promql/parse/deep.h"
#include "promql/parser.h"

namespace meerkat::promql {
namespace {

DurationExprPtr CloneDuration(const DurationExprPtr& from) {
  if (from == nullptr) return nullptr;
  auto copy = std::make_unique<DurationExpr>();
  copy->kind = from->kind;
  copy->number = from->number;
  copy->is_duration = from->is_duration;
  copy->left = CloneDuration(from->left);
  copy->right = CloneDuration(from->right);
  copy->wrapped = from->wrapped;
  copy->position = from->position;
  return copy;
}

TimeModifiers CloneModifiers(const TimeModifiers& from) {
  TimeModifiers copy;
  copy.offset = from.offset;
  copy.offset_expr = CloneDuration(from.offset_expr);
  copy.at = from.at;
  copy.at_time = from.at_time;
  return copy;
}

template <typename Node>
std::unique_ptr<Node> NewLike(const Expr& from) {
  auto node = std::make_unique<Node>();
  node->position = from.position;
  node->type = from.type;
  return node;
}

std::unique_ptr<VectorSelector> CloneSelector(const VectorSelector& from) {
  auto copy = NewLike<VectorSelector>(from);
  copy->name = from.name;
  copy->matchers = from.matchers;
  copy->modifiers = CloneModifiers(from.modifiers);
  copy->anchored = from.anchored;
  copy->smoothed = from.smoothed;
  return copy;
}

ExprPtr CloneTree(const Expr& expr);

ExprPtr CloneOptional(const ExprPtr& expr) {
  return expr == nullptr ? nullptr : CloneTree(*expr);
}

ExprPtr CloneTree(const Expr& expr) {
  switch (expr.kind) {
    case Expr::Kind::kNumber: {
      const auto& from = static_cast<const NumberLiteral&>(expr);
      auto copy = NewLike<NumberLiteral>(expr);
      copy->value = from.value;
      copy->is_duration = from.is_duration;
      return copy;
    }
    case Expr::Kind::kString: {
      auto copy = NewLike<StringLiteral>(expr);
      copy->value = static_cast<const StringLiteral&>(expr).value;
      return copy;
    }
    case Expr::Kind::kParen: {
      auto copy = NewLike<ParenExpr>(expr);
      copy->inner = CloneOptional(static_cast<const ParenExpr&>(expr).inner);
      return copy;
    }
    case Expr::Kind::kUnary: {
      const auto& from = static_cast<const UnaryExpr&>(expr);
      auto copy = NewLike<UnaryExpr>(expr);
      copy->negate = from.negate;
      copy->operand = CloneOptional(from.operand);
      return copy;
    }
    case Expr::Kind::kBinary: {
      const auto& from = static_cast<const BinaryExpr&>(expr);
      auto copy = NewLike<BinaryExpr>(expr);
      copy->op = from.op;
      copy->left = CloneOptional(from.left);
      copy->right = CloneOptional(from.right);
      copy->return_bool = from.return_bool;
      copy->matching = from.matching;
      copy->op_position = from.op_position;
      return copy;
    }
    case Expr::Kind::kAggregate: {
      const auto& from = static_cast<const AggregateExpr&>(expr);
      auto copy = NewLike<AggregateExpr>(expr);
      copy->op = from.op;
      copy->inner = CloneOptional(from.inner);
      copy->param = CloneOptional(from.param);
      copy->grouping = from.grouping;
      copy->without = from.without;
      return copy;
    }
    case Expr::Kind::kCall: {
      const auto& from = static_cast<const CallExpr&>(expr);
      auto copy = NewLike<CallExpr>(expr);
      copy->function = from.function;
      for (const ExprPtr& arg : from.args) copy->args.push_back(CloneOptional(arg));
      return copy;
    }
    case Expr::Kind::kVectorSelector:
      return CloneSelector(static_cast<const VectorSelector&>(expr));
    case Expr::Kind::kMatrixSelector: {
      const auto& from = static_cast<const MatrixSelector&>(expr);
      auto copy = NewLike<MatrixSelector>(expr);
      copy->selector = CloneSelector(*from.selector);
      copy->range = from.range;
      copy->range_expr = CloneDuration(from.range_expr);
      return copy;
    }
    case Expr::Kind::kSubquery: {
      const auto& from = static_cast<const SubqueryExpr&>(expr);
      auto copy = NewLike<SubqueryExpr>(expr);
      copy->inner = CloneOptional(from.inner);
      copy->range = from.range;
      copy->range_expr = CloneDuration(from.range_expr);
      copy->step = from.step;
      copy->step_expr = CloneDuration(from.step_expr);
      copy->modifiers = CloneModifiers(from.modifiers);
      return copy;
    }
  }
  return nullptr;
}

}  // namespace

ExprPtr Clone(const Expr& expr) {
  ExprPtr copy;
  CallDeep(DepthOf(expr), [&] { copy = CloneTree(expr); });
  return copy;
}

}  // namespace meerkat::promql
