#include <algorithm>
#include <cmath>

#include "promql/parse/grammar.h"

namespace meerkat::promql {
namespace {

// The most seconds that fit 64 bits of nanoseconds, which upstream counts in.
constexpr double kMaxSeconds = 9223372036.854775;

bool InRange(double seconds) {
  return std::abs(seconds) <= kMaxSeconds;  // NaN is not
}

int PrecedenceOf(Op op) {
  switch (op) {
    case Op::kAdd:
    case Op::kSub:
      return 1;
    case Op::kMul:
    case Op::kDiv:
    case Op::kMod:
      return 2;
    case Op::kPow:
      return 3;
    default:
      return 0;
  }
}

DurationExpr::Kind KindOf(Op op) {
  switch (op) {
    case Op::kAdd:
      return DurationExpr::Kind::kAdd;
    case Op::kSub:
      return DurationExpr::Kind::kSub;
    case Op::kMul:
      return DurationExpr::Kind::kMul;
    case Op::kDiv:
      return DurationExpr::Kind::kDiv;
    case Op::kMod:
      return DurationExpr::Kind::kMod;
    default:
      return DurationExpr::Kind::kPow;
  }
}

// A sign before `operand`: numbers take it in, a plus before anything else says nothing.
DurationExprPtr Signed(DurationExprPtr operand, bool negate, std::uint32_t start) {
  if (operand->kind == DurationExpr::Kind::kNumber) {
    if (negate) operand->number = -operand->number;
    operand->position.start = start;
    return operand;
  }
  if (!negate) return operand;
  auto node = std::make_unique<DurationExpr>();
  node->kind = DurationExpr::Kind::kNegate;
  node->position = {start, operand->position.end};
  node->left = std::move(operand);
  return node;
}

}  // namespace

Grammar::DurationTree Grammar::Duration(int min_precedence) {
  const Nest nest(*this);
  if (!CheckDepth(nesting_)) return {};
  DurationTree left = DurationOperand();
  while (left && Is(TokenType::kOperator)) {
    const Op op = token_.op;
    const int precedence = PrecedenceOf(op);
    if (precedence == 0 || precedence < min_precedence) break;
    const PositionRange op_position = token_.position;
    Advance();
    DurationTree right = Duration(op == Op::kPow ? precedence : precedence + 1);
    if (!right) return {};
    if (right.expr->kind == DurationExpr::Kind::kNumber && right.expr->number == 0) {
      if (op == Op::kDiv) Fail(op_position, "division by zero");
      if (op == Op::kMod) Fail(op_position, "modulo by zero");
      if (error_) return {};
    }
    auto node = std::make_unique<DurationExpr>();
    node->kind = KindOf(op);
    node->position = {left.expr->position.start, right.expr->position.end};
    node->left = std::move(left.expr);
    node->right = std::move(right.expr);
    left = {std::move(node), 1 + std::max(left.depth, right.depth)};
    if (!CountNode() || !CheckDepth(left.depth)) return {};
  }
  return left;
}

Grammar::DurationTree Grammar::DurationOperand() {
  if (!CountNode()) return {};
  if (!IsSign()) return DurationPrimary();
  const bool negate = token_.op == Op::kSub;
  const std::uint32_t start = token_.position.start;
  Advance();
  DurationTree operand = Duration(PrecedenceOf(Op::kPow));
  if (!operand) return {};
  const int depth = operand.depth + 1;
  return {Signed(std::move(operand.expr), negate, start), depth};
}

// A number, a duration, step(), range(), max_of(a, b), min_of(a, b) or (…).
Grammar::DurationTree Grammar::DurationPrimary() {
  switch (token_.type) {
    case TokenType::kNumber:
    case TokenType::kDuration: {
      const std::optional<double> value = ReadLiteral();
      if (!value) return {};
      if (!InRange(*value)) {
        Fail(token_.position, "duration out of range");
        return {};
      }
      auto node = std::make_unique<DurationExpr>();
      node->number = *value;
      node->is_duration = Is(TokenType::kDuration);
      node->position = token_.position;
      Advance();
      return {std::move(node), 1};
    }
    case TokenType::kStep:
    case TokenType::kRange:
    case TokenType::kMaxOf:
    case TokenType::kMinOf:
      return DurationCall();
    case TokenType::kLeftParen: {
      Advance();
      DurationTree inner = Duration(0);
      if (!inner) return {};
      if (!Is(TokenType::kRightParen)) {
        Unexpected();
        return {};
      }
      Advance();
      if (inner.expr->kind != DurationExpr::Kind::kNumber) inner.expr->wrapped = true;
      return inner;
    }
    default:
      Unexpected();
      return {};
  }
}

Grammar::DurationTree Grammar::DurationCall() {
  auto node = std::make_unique<DurationExpr>();
  const std::uint32_t start = token_.position.start;
  const TokenType function = token_.type;
  int depth = 1;
  Advance();
  if (!Is(TokenType::kLeftParen)) {
    Unexpected();
    return {};
  }
  Advance();
  if (function == TokenType::kMaxOf || function == TokenType::kMinOf) {
    node->kind =
        function == TokenType::kMaxOf ? DurationExpr::Kind::kMaxOf : DurationExpr::Kind::kMinOf;
    DurationTree left = Duration(0);
    if (!left) return {};
    if (!Is(TokenType::kComma)) {
      Unexpected();
      return {};
    }
    Advance();
    DurationTree right = Duration(0);
    if (!right) return {};
    depth += std::max(left.depth, right.depth);
    node->left = std::move(left.expr);
    node->right = std::move(right.expr);
  } else {
    node->kind =
        function == TokenType::kStep ? DurationExpr::Kind::kStep : DurationExpr::Kind::kRange;
  }
  if (!Is(TokenType::kRightParen)) {
    Unexpected();
    return {};
  }
  Advance();
  node->position = {start, last_end_};
  return {std::move(node), depth};
}

// An offset takes one operand with an optional sign; operators need parentheses.
Grammar::DurationTree Grammar::OffsetDuration() {
  if (!IsSign()) return DurationPrimary();
  const bool negate = token_.op == Op::kSub;
  const std::uint32_t start = token_.position.start;
  Advance();
  DurationTree operand = DurationPrimary();
  if (!operand) return {};
  const int depth = operand.depth + 1;
  return {Signed(std::move(operand.expr), negate, start), depth};
}

bool Grammar::PositiveDuration(Millis& value, DurationExprPtr& expr) {
  DurationTree tree = Duration(0);
  if (!tree) return false;
  if (tree.expr->kind != DurationExpr::Kind::kNumber) {
    expr = std::move(tree.expr);
    return true;
  }
  if (tree.expr->number <= 0) {
    return Fail(tree.expr->position, "duration must be greater than 0");
  }
  value = Millis(std::llround(tree.expr->number * 1e9) / 1'000'000);
  return true;
}

}  // namespace meerkat::promql
