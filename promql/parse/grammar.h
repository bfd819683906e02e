#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/labels.h"
#include "base/result.h"
#include "promql/parse/lexer.h"
#include "promql/parser.h"

namespace meerkat::promql {

// The deepest nesting of brackets and signs, and the deepest tree that is built: a chain a + b + c
// … leans to the left and is as deep as it is long. Whoever walks a tree may recurse, see deep.h.
inline constexpr int kMaxNesting = 25'000;
inline constexpr int kMaxDepth = 25'000;
// The most nodes and the longest text: real queries stay far below.
inline constexpr int kMaxNodes = 100'000;
inline constexpr std::size_t kMaxTextSize = std::size_t{1} << 20;

// Recursive descent over the tokens of one text; operators by precedence. Stops at the first error:
// a method that fails returns nothing (false, null, nullopt) and error() says why.
class Grammar {
 public:
  Grammar(std::string_view text, const ParseOptions& options);

  ExprPtr WholeExpression();
  std::optional<std::vector<Matcher>> WholeSelector();
  std::optional<Labels> WholeSeries();

  Error error() const;

 private:
  // A tree and how deep it is.
  struct Tree {
    ExprPtr expr;
    int depth = 1;
    explicit operator bool() const { return expr != nullptr; }
  };
  struct DurationTree {
    DurationExprPtr expr;
    int depth = 1;
    explicit operator bool() const { return expr != nullptr; }
  };
  // What stands around the place: unexpected tokens are reported in its words.
  enum class Context { kNone, kAggregation, kBracket, kSubqueryStep, kOffset };

  // expression.cc
  Tree Expression(int min_precedence);
  Tree Operand();
  Tree Unary();
  Tree Primary();
  Tree Parenthesis();
  Tree Number();
  Tree String();
  Tree Call();
  Tree Aggregation();
  bool AggregationClause(AggregateExpr& node);
  bool Arguments(std::vector<ExprPtr>& args, int& depth);
  bool BinaryModifiers(BinaryExpr& node);
  bool Fill(VectorMatching& matching);
  bool GroupingLabels(std::vector<std::string>& labels);
  std::optional<double> SignedLiteral();

  // selector.cc
  Tree Selector();
  bool Matchers(std::vector<Matcher>& matchers);
  bool OneMatcher(std::vector<Matcher>& matchers);
  bool SeriesLabels(std::vector<std::pair<std::string, std::string>>& labels);
  Tree Postfix(Tree tree);
  Tree Bracket(Tree tree);
  bool Offset(Expr& expr);
  bool At(Expr& expr);
  bool Extended(Expr& expr);

  // duration.cc
  DurationTree Duration(int min_precedence);
  DurationTree DurationOperand();
  DurationTree DurationPrimary();
  DurationTree DurationCall();
  DurationTree OffsetDuration();
  bool PositiveDuration(Millis& value, DurationExprPtr& expr);

  // grammar.cc
  void Advance();
  bool Is(TokenType type) const { return token_.type == type; }
  bool IsOperator(Op op) const { return token_.type == TokenType::kOperator && token_.op == op; }
  bool IsSign() const { return IsOperator(Op::kAdd) || IsOperator(Op::kSub); }
  bool StartsExpression() const;
  bool StartsFill() const {
    return Is(TokenType::kFill) || Is(TokenType::kFillLeft) || Is(TokenType::kFillRight);
  }
  bool MayBeMetricName() const;
  bool MayBeGroupingLabel() const;
  // The number or duration at hand, in seconds; does not advance.
  std::optional<double> ReadLiteral();
  bool Fail(PositionRange where, std::string text);
  // The token at hand has no place here.
  bool Unexpected(std::string_view context, std::string_view expected);
  bool Unexpected();
  bool CheckDepth(int depth);
  bool CountNode();

  ParseOptions options_;
  std::string_view text_;
  Lexer lexer_;
  Token token_;
  std::uint32_t last_end_ = 0;  // of the last token that was taken
  Context context_ = Context::kNone;
  int nesting_ = 0;
  int nodes_ = 0;
  std::optional<std::pair<PositionRange, std::string>> error_;

  // Sets the context or counts the nesting for a scope.
  class In;
  class Nest;
};

class Grammar::In {
 public:
  In(Grammar& grammar, Context context)
      : grammar_(grammar), before_(std::exchange(grammar.context_, context)) {}
  ~In() { grammar_.context_ = before_; }
  In(const In&) = delete;
  In& operator=(const In&) = delete;

 private:
  Grammar& grammar_;
  Context before_;
};

class Grammar::Nest {
 public:
  explicit Nest(Grammar& grammar) : grammar_(grammar) { ++grammar_.nesting_; }
  ~Nest() { --grammar_.nesting_; }
  Nest(const Nest&) = delete;
  Nest& operator=(const Nest&) = delete;

 private:
  Grammar& grammar_;
};

// "LINE:COL: parse error: TEXT" for an offset into `query`.
Error ParseError(std::string_view query, PositionRange where, std::string_view text);

}  // namespace meerkat::promql
