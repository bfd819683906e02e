#include <algorithm>
#include <cmath>

#include "base/quote.h"
#include "base/utf8.h"
#include "promql/functions.h"
#include "promql/parse/grammar.h"
#include "promql/parse/text.h"

namespace meerkat::promql {
namespace {

// From loose to tight. A sign binds like a multiplication.
constexpr int kMulPrecedence = 5;
constexpr int kPowPrecedence = 6;

int PrecedenceOf(Op op) {
  switch (op) {
    case Op::kOr:
      return 1;
    case Op::kAnd:
    case Op::kUnless:
      return 2;
    case Op::kEqual:
    case Op::kNotEqual:
    case Op::kLess:
    case Op::kLessEqual:
    case Op::kGreater:
    case Op::kGreaterEqual:
    case Op::kTrimUpper:
    case Op::kTrimLower:
      return 3;
    case Op::kAdd:
    case Op::kSub:
      return 4;
    case Op::kMul:
    case Op::kDiv:
    case Op::kMod:
    case Op::kAtan2:
      return kMulPrecedence;
    case Op::kPow:
      return kPowPrecedence;
  }
  return 0;
}

bool TakesParameter(AggregateOp op) {
  switch (op) {
    case AggregateOp::kTopk:
    case AggregateOp::kBottomk:
    case AggregateOp::kCountValues:
    case AggregateOp::kQuantile:
    case AggregateOp::kLimitk:
    case AggregateOp::kLimitRatio:
      return true;
    default:
      return false;
  }
}

}  // namespace

Grammar::Tree Grammar::Expression(int min_precedence) {
  const Nest nest(*this);
  if (!CheckDepth(nesting_)) return {};
  Tree left = Operand();
  while (left && Is(TokenType::kOperator)) {
    const Op op = token_.op;
    const int precedence = PrecedenceOf(op);
    if (precedence < min_precedence) break;
    auto node = std::make_unique<BinaryExpr>();
    node->op = op;
    node->op_position = token_.position;
    Advance();
    if (!BinaryModifiers(*node)) return {};
    Tree right = Expression(op == Op::kPow ? precedence : precedence + 1);
    if (!right) return {};
    node->position = {left.expr->position.start, right.expr->position.end};
    node->left = std::move(left.expr);
    node->right = std::move(right.expr);
    left = {std::move(node), 1 + std::max(left.depth, right.depth)};
    if (!CountNode() || !CheckDepth(left.depth)) return {};
  }
  return left;
}

Grammar::Tree Grammar::Operand() {
  if (!CountNode()) return {};
  if (IsSign()) return Unary();
  Tree tree = Primary();
  return tree ? Postfix(std::move(tree)) : Tree{};
}

Grammar::Tree Grammar::Unary() {
  const bool negate = token_.op == Op::kSub;
  const std::uint32_t start = token_.position.start;
  Advance();
  Tree operand = Expression(kPowPrecedence);
  if (!operand) return {};
  if (operand.expr->kind == Expr::Kind::kNumber) {
    auto& number = static_cast<NumberLiteral&>(*operand.expr);
    if (negate) number.value = -number.value;
    number.position.start = start;
    return operand;
  }
  auto node = std::make_unique<UnaryExpr>();
  node->negate = negate;
  node->position = {start, operand.expr->position.end};
  node->operand = std::move(operand.expr);
  return {std::move(node), operand.depth + 1};
}

Grammar::Tree Grammar::Primary() {
  switch (token_.type) {
    case TokenType::kNumber:
    case TokenType::kDuration:
      return Number();
    case TokenType::kString:
      return String();
    case TokenType::kLeftParen:
      return Parenthesis();
    case TokenType::kLeftBrace:
      return Selector();
    case TokenType::kAggregate:
      return Aggregation();
    case TokenType::kIdentifier:
    case TokenType::kStart:
    case TokenType::kEnd_:
    case TokenType::kStep:
    case TokenType::kRange:
    case TokenType::kMaxOf:
    case TokenType::kMinOf:
      return Call();
    default:
      if (MayBeMetricName()) return Selector();
      Unexpected();
      return {};
  }
}

Grammar::Tree Grammar::Parenthesis() {
  const std::uint32_t start = token_.position.start;
  Advance();
  Tree inner = Expression(0);
  if (!inner) return {};
  if (!Is(TokenType::kRightParen)) {
    Unexpected();
    return {};
  }
  auto node = std::make_unique<ParenExpr>();
  node->position = {start, token_.position.end};
  node->inner = std::move(inner.expr);
  Advance();
  return {std::move(node), inner.depth + 1};
}

Grammar::Tree Grammar::Number() {
  const std::optional<double> value = ReadLiteral();
  if (!value) return {};
  auto node = std::make_unique<NumberLiteral>();
  node->value = *value;
  node->is_duration = Is(TokenType::kDuration);
  node->position = token_.position;
  Advance();
  return {std::move(node), 1};
}

Grammar::Tree Grammar::String() {
  auto node = std::make_unique<StringLiteral>();
  node->value = Unquote(token_.text);
  node->position = token_.position;
  Advance();
  return {std::move(node), 1};
}

// name(args); a name that no parenthesis follows is a selector.
Grammar::Tree Grammar::Call() {
  const Token name = token_;
  Advance();
  if (!Is(TokenType::kLeftParen)) {
    auto selector = std::make_unique<VectorSelector>();
    selector->name = name.text;
    if (Is(TokenType::kLeftBrace) && !Matchers(selector->matchers)) return {};
    selector->matchers.push_back(Matcher::Equal(std::string(kMetricName), selector->name));
    selector->position = {name.position.start, last_end_};
    return {std::move(selector), 1};
  }
  auto node = std::make_unique<CallExpr>();
  int depth = 0;
  if (!Arguments(node->args, depth)) return {};
  node->function = FindFunction(name.text);
  if (node->function == nullptr) {
    Fail(name.position, "unknown function with name " + Quote(name.text));
    return {};
  }
  if (node->function->experimental && !options_.experimental_functions) {
    Fail(name.position, "function " + Quote(name.text) + " is not enabled");
    return {};
  }
  node->position = {name.position.start, last_end_};
  return {std::move(node), depth + 1};
}

bool Grammar::Arguments(std::vector<ExprPtr>& args, int& depth) {
  if (!Is(TokenType::kLeftParen)) return Unexpected();
  Advance();
  if (Is(TokenType::kRightParen)) {
    Advance();
    return true;
  }
  for (;;) {
    Tree arg = Expression(0);
    if (!arg) return false;
    depth = std::max(depth, arg.depth);
    args.push_back(std::move(arg.expr));
    if (Is(TokenType::kRightParen)) {
      Advance();
      return true;
    }
    if (!Is(TokenType::kComma)) return Unexpected();
    const PositionRange comma = token_.position;
    Advance();
    if (!StartsExpression() && !Is(TokenType::kError)) {
      return Fail(comma, "trailing commas not allowed in function call args");
    }
  }
}

Grammar::Tree Grammar::Aggregation() {
  const Token name = token_;
  Advance();
  auto node = std::make_unique<AggregateExpr>();
  node->op = name.aggregate;
  const bool clause_first = Is(TokenType::kBy) || Is(TokenType::kWithout);
  if (!clause_first && !Is(TokenType::kLeftParen)) {
    // The word is a metric's name here.
    auto selector = std::make_unique<VectorSelector>();
    selector->name = name.text;
    if (Is(TokenType::kLeftBrace) && !Matchers(selector->matchers)) return {};
    selector->matchers.push_back(Matcher::Equal(std::string(kMetricName), selector->name));
    selector->position = {name.position.start, last_end_};
    return {std::move(selector), 1};
  }
  std::vector<ExprPtr> args;
  int depth = 0;
  {
    const In in(*this, Context::kAggregation);
    if (clause_first && !AggregationClause(*node)) return {};
    if (!Arguments(args, depth)) return {};
  }
  if (!clause_first && (Is(TokenType::kBy) || Is(TokenType::kWithout)) &&
      !AggregationClause(*node)) {
    return {};
  }
  // The word that might have been "by" was looked at already: when it is no word at all, that is
  // the first error.
  if (!clause_first && Is(TokenType::kError)) {
    Unexpected();
    return {};
  }
  node->position = {name.position.start, last_end_};
  if (args.empty()) {
    Fail(node->position, "no arguments for aggregate expression provided");
    return {};
  }
  std::size_t desired = 1;
  if (TakesParameter(node->op)) {
    if ((node->op == AggregateOp::kLimitk || node->op == AggregateOp::kLimitRatio) &&
        !options_.experimental_functions) {
      Fail(node->position, std::string(TextOf(node->op)) +
                               "() is experimental and must be enabled with "
                               "--enable-feature=promql-experimental-functions");
      return {};
    }
    desired = 2;
  }
  if (args.size() != desired) {
    Fail(node->position, "wrong number of arguments for aggregate expression provided, expected " +
                             std::to_string(desired) + ", got " + std::to_string(args.size()));
    return {};
  }
  if (desired == 2) node->param = std::move(args[0]);
  node->inner = std::move(args[desired - 1]);
  return {std::move(node), depth + 1};
}

bool Grammar::AggregationClause(AggregateExpr& node) {
  node.without = Is(TokenType::kWithout);
  Advance();
  return GroupingLabels(node.grouping);
}

bool Grammar::GroupingLabels(std::vector<std::string>& labels) {
  if (!Is(TokenType::kLeftParen)) return Unexpected("grouping opts", "\"(\"");
  Advance();
  if (Is(TokenType::kRightParen)) {
    Advance();
    return true;
  }
  for (;;) {
    if (Is(TokenType::kString)) {
      std::string label = Unquote(token_.text);
      if (label.empty() || !IsValidUtf8(label)) {
        return Fail(token_.position, "invalid label name for grouping: " + Quote(label));
      }
      labels.push_back(std::move(label));
    } else if (MayBeGroupingLabel()) {
      labels.emplace_back(token_.text);
    } else {
      return Unexpected("grouping opts", "label");
    }
    Advance();
    if (Is(TokenType::kComma)) {
      Advance();
      if (!Is(TokenType::kRightParen)) continue;
    }
    if (!Is(TokenType::kRightParen)) return Unexpected("grouping opts", "\",\" or \")\"");
    Advance();
    return true;
  }
}

// [bool] [on|ignoring (…) [group_left|group_right [(…)]]] [fill…]
bool Grammar::BinaryModifiers(BinaryExpr& node) {
  VectorMatching& matching = node.matching.emplace();
  if (IsSetOperator(node.op)) matching.card = Cardinality::kManyToMany;
  if (Is(TokenType::kBool)) {
    node.return_bool = true;
    Advance();
  }
  if (Is(TokenType::kOn) || Is(TokenType::kIgnoring)) {
    matching.on = Is(TokenType::kOn);
    Advance();
    if (!GroupingLabels(matching.labels)) return false;
    if (Is(TokenType::kGroupLeft) || Is(TokenType::kGroupRight)) {
      matching.card = Is(TokenType::kGroupLeft) ? Cardinality::kManyToOne : Cardinality::kOneToMany;
      Advance();
      if ((Is(TokenType::kLeftParen) || !(StartsExpression() || StartsFill())) &&
          !GroupingLabels(matching.include)) {
        return false;
      }
    }
  }
  return Fill(matching);
}

bool Grammar::Fill(VectorMatching& matching) {
  while (StartsFill()) {
    const TokenType which = token_.type;
    const bool again = which == TokenType::kFill       ? matching.fill_left || matching.fill_right
                       : which == TokenType::kFillLeft ? matching.fill_left.has_value()
                                                       : matching.fill_right.has_value();
    if (again) return Unexpected();
    if (!options_.fill_modifiers) {
      return Fail(token_.position, "binop fill modifiers are experimental and not enabled");
    }
    Advance();
    if (!Is(TokenType::kLeftParen)) return Unexpected();
    Advance();
    const std::optional<double> value = SignedLiteral();
    if (!value) return Unexpected();
    if (!Is(TokenType::kRightParen)) return Unexpected();
    Advance();
    if (which != TokenType::kFillRight) matching.fill_left = value;
    if (which != TokenType::kFillLeft) matching.fill_right = value;
    if (which == TokenType::kFill) break;
  }
  return true;
}

std::optional<double> Grammar::SignedLiteral() {
  const bool negate = IsOperator(Op::kSub);
  if (IsSign()) Advance();
  if (!Is(TokenType::kNumber) && !Is(TokenType::kDuration)) return std::nullopt;
  const std::optional<double> value = ReadLiteral();
  if (!value) return std::nullopt;
  Advance();
  return negate ? -*value : *value;
}

}  // namespace meerkat::promql
