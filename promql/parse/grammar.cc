#include "promql/parse/grammar.h"

#include <algorithm>

#include "base/duration.h"
#include "promql/parse/text.h"

namespace meerkat::promql {

Error ParseError(std::string_view query, PositionRange where, std::string_view text) {
  // An empty text has no first column.
  if (query.empty()) {
    return Error(Code::kInvalid, "unknown position: parse error: " + std::string(text));
  }
  const std::string_view before = query.substr(0, where.start);
  const auto line = 1 + std::ranges::count(before, '\n');
  const std::size_t line_break = before.rfind('\n');
  const std::size_t column =
      line_break == std::string_view::npos ? before.size() + 1 : before.size() - line_break;
  return Error(Code::kInvalid, std::to_string(line) + ":" + std::to_string(column) +
                                   ": parse error: " + std::string(text));
}

Grammar::Grammar(std::string_view text, const ParseOptions& options)
    : options_(options), text_(text), lexer_(text.substr(0, kMaxTextSize)) {
  if (text.size() > kMaxTextSize) {
    Fail({}, "query is longer than " + std::to_string(kMaxTextSize) + " bytes");
    return;
  }
  token_ = lexer_.Next();
}

Error Grammar::error() const {
  return ParseError(text_, error_->first, error_->second);
}

void Grammar::Advance() {
  last_end_ = token_.position.end;
  token_ = lexer_.Next();
}

bool Grammar::Fail(PositionRange where, std::string text) {
  if (!error_) error_.emplace(where, std::move(text));
  return false;
}

bool Grammar::Unexpected(std::string_view context, std::string_view expected) {
  if (token_.type == TokenType::kError) return Fail(token_.position, token_.message);
  std::string text = "unexpected " + Describe(token_);
  if (!context.empty()) text.append(" in ").append(context);
  if (!expected.empty()) text.append(", expected ").append(expected);
  return Fail(token_.position, std::move(text));
}

bool Grammar::Unexpected() {
  switch (context_) {
    case Context::kNone:
      return Unexpected("", "");
    case Context::kAggregation:
      return Unexpected("aggregation", "");
    case Context::kBracket:
      return Unexpected("subquery selector", "number, duration, step(), or range()");
    case Context::kSubqueryStep:
      return Unexpected("subquery selector", "number, duration, step(), range(), or \"]\"");
    case Context::kOffset:
      return Unexpected("offset", "number, duration, step(), or range()");
  }
  return false;
}

bool Grammar::CheckDepth(int depth) {
  if (depth <= kMaxDepth && nesting_ <= kMaxNesting) return true;
  const int limit = nesting_ > kMaxNesting ? kMaxNesting : kMaxDepth;
  return Fail(token_.position,
              "expression is nested deeper than " + std::to_string(limit) + " levels");
}

bool Grammar::CountNode() {
  if (++nodes_ <= kMaxNodes) return true;
  return Fail(token_.position, "expression has more than " + std::to_string(kMaxNodes) + " parts");
}

bool Grammar::StartsExpression() const {
  switch (token_.type) {
    case TokenType::kNumber:
    case TokenType::kDuration:
    case TokenType::kString:
    case TokenType::kLeftParen:
    case TokenType::kLeftBrace:
      return true;
    default:
      return IsSign() || MayBeMetricName();
  }
}

bool Grammar::MayBeMetricName() const {
  switch (token_.type) {
    case TokenType::kIdentifier:
    case TokenType::kMetricIdentifier:
    case TokenType::kAggregate:
    case TokenType::kBy:
    case TokenType::kWithout:
    case TokenType::kOffset:
    case TokenType::kSmoothed:
    case TokenType::kAnchored:
    case TokenType::kStart:
    case TokenType::kEnd_:
    case TokenType::kStep:
    case TokenType::kRange:
    case TokenType::kMaxOf:
    case TokenType::kMinOf:
      return true;
    case TokenType::kOperator:
      return IsSetOperator(token_.op);
    default:
      return false;
  }
}

bool Grammar::MayBeGroupingLabel() const {
  switch (token_.type) {
    case TokenType::kOn:
    case TokenType::kIgnoring:
    case TokenType::kGroupLeft:
    case TokenType::kGroupRight:
    case TokenType::kBool:
      return true;
    case TokenType::kWithout:
      return false;
    case TokenType::kOperator:
      return IsSetOperator(token_.op) || (token_.op == Op::kAtan2);
    default:
      return MayBeMetricName();
  }
}

std::optional<double> Grammar::ReadLiteral() {
  if (Is(TokenType::kNumber)) {
    std::string why;
    const std::optional<double> value = ReadNumber(token_.text, why);
    if (!value) Fail(token_.position, "error parsing number: " + why);
    return value;
  }
  const Result<Millis> duration = ParseDuration(token_.text);
  if (!duration) {
    Fail(token_.position, duration.error().message());
    return std::nullopt;
  }
  return static_cast<double>(duration->count()) / 1000;
}

ExprPtr Grammar::WholeExpression() {
  if (error_) return nullptr;
  if (Is(TokenType::kEnd)) {
    Fail({}, "no expression found in input");
    return nullptr;
  }
  Tree tree = Expression(0);
  if (!tree) return nullptr;
  if (!Is(TokenType::kEnd)) {
    Unexpected();
    return nullptr;
  }
  return std::move(tree.expr);
}

}  // namespace meerkat::promql
