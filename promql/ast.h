#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/matcher.h"

// The tree of a PromQL expression, as parsed and type-checked. Plain data: parse/ makes it, check/
// judges it, exec/ evaluates it. A node owns its children.
namespace meerkat::promql {

enum class ValueType : std::uint8_t { kNone, kScalar, kVector, kMatrix, kString };
std::string_view NameOf(
    ValueType type);  // "scalar", "instant vector", "range vector", "string": for messages
std::string_view ApiNameOf(
    ValueType type);  // "scalar", "vector", "matrix", "string": in the HTTP API

// Byte offsets into the query text: [start, end).
struct PositionRange {
  std::uint32_t start = 0;
  std::uint32_t end = 0;
};

enum class Op : std::uint8_t {
  kAdd,
  kSub,
  kMul,
  kDiv,
  kMod,
  kPow,
  kAtan2,
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kTrimUpper,
  kTrimLower,  // </ and >/
  kAnd,
  kOr,
  kUnless,
};
std::string_view TextOf(Op op);
bool IsComparison(Op op);
bool IsSetOperator(Op op);

enum class AggregateOp : std::uint8_t {
  kSum,
  kAvg,
  kCount,
  kMin,
  kMax,
  kGroup,
  kStddev,
  kStdvar,
  kTopk,
  kBottomk,
  kCountValues,
  kQuantile,
  kLimitk,
  kLimitRatio,
};
std::string_view TextOf(AggregateOp op);

struct Function;  // promql/functions.h: name, types of arguments, what it returns

struct Expr;
using ExprPtr = std::unique_ptr<Expr>;

// A duration that needs the query's step or range to be known: 5m * 2, step(), max_of(…).
struct DurationExpr;
using DurationExprPtr = std::unique_ptr<DurationExpr>;
struct DurationExpr {
  enum class Kind : std::uint8_t {
    kNumber,
    kStep,
    kRange,
    kMinOf,
    kMaxOf,
    kAdd,
    kSub,
    kMul,
    kDiv,
    kMod,
    kPow,
    kNegate
  };
  Kind kind = Kind::kNumber;
  double number = 0;         // seconds
  bool is_duration = false;  // written as 5m and not as 300: for printing
  DurationExprPtr left, right;
  bool wrapped = false;  // stood in parentheses
  PositionRange position;
};

enum class AtKind : std::uint8_t { kNone, kTime, kStart, kEnd };

// offset and @, which selectors and subqueries share.
struct TimeModifiers {
  Millis offset{0};
  DurationExprPtr offset_expr;  // when set, offset is computed from it at the start of a query
  AtKind at = AtKind::kNone;
  Timestamp at_time{};
};

struct Expr {
  enum class Kind : std::uint8_t {
    kNumber,
    kString,
    kParen,
    kUnary,
    kBinary,
    kAggregate,
    kCall,
    kVectorSelector,
    kMatrixSelector,
    kSubquery,
  };
  explicit Expr(Kind k) : kind(k) {}
  virtual ~Expr() = default;

  const Kind kind;
  PositionRange position;
  // Set by check/ (see promql/parser.h).
  ValueType type = ValueType::kNone;
};

struct NumberLiteral : Expr {
  NumberLiteral() : Expr(Kind::kNumber) {}
  double value = 0;
  bool is_duration = false;  // written as 5m: printed back as such
};
struct StringLiteral : Expr {
  StringLiteral() : Expr(Kind::kString) {}
  std::string value;
};
struct ParenExpr : Expr {
  ParenExpr() : Expr(Kind::kParen) {}
  ExprPtr inner;
};
struct UnaryExpr : Expr {
  UnaryExpr() : Expr(Kind::kUnary) {}
  bool negate = false;
  ExprPtr operand;
};

enum class Cardinality : std::uint8_t { kOneToOne, kManyToOne, kOneToMany, kManyToMany };
struct VectorMatching {
  Cardinality card = Cardinality::kOneToOne;
  bool on = false;  // on(labels) or ignoring(labels)
  std::vector<std::string> labels;
  std::vector<std::string> include;  // of group_left / group_right
  std::optional<double> fill_left, fill_right;
};
struct BinaryExpr : Expr {
  BinaryExpr() : Expr(Kind::kBinary) {}
  Op op = Op::kAdd;
  ExprPtr left, right;
  bool return_bool = false;
  std::optional<VectorMatching> matching;  // set when both sides are vectors
  PositionRange op_position;
};
struct AggregateExpr : Expr {
  AggregateExpr() : Expr(Kind::kAggregate) {}
  AggregateOp op = AggregateOp::kSum;
  ExprPtr inner;
  ExprPtr param;  // k, φ, label text; null for the others
  std::vector<std::string> grouping;
  bool without = false;
};
struct CallExpr : Expr {
  CallExpr() : Expr(Kind::kCall) {}
  const Function* function = nullptr;  // in the table of promql/functions.h, lives for ever
  std::vector<ExprPtr> args;
};
struct VectorSelector : Expr {
  VectorSelector() : Expr(Kind::kVectorSelector) {}
  std::string name;               // "" when only given by matchers
  std::vector<Matcher> matchers;  // with the one for __name__ when there is a name
  TimeModifiers modifiers;
  bool anchored = false;
  bool smoothed = false;
};
struct MatrixSelector : Expr {
  MatrixSelector() : Expr(Kind::kMatrixSelector) {}
  std::unique_ptr<VectorSelector> selector;  // carries offset, @, anchored and smoothed
  Millis range{0};
  DurationExprPtr range_expr;
};
struct SubqueryExpr : Expr {
  SubqueryExpr() : Expr(Kind::kSubquery) {}
  ExprPtr inner;
  Millis range{0};
  DurationExprPtr range_expr;
  Millis step{0};  // 0: the default, global evaluation_interval
  DurationExprPtr step_expr;
  TimeModifiers modifiers;
};

// Every selector of the tree, also those of range selectors and subqueries, in the order they are
// written.
std::vector<const VectorSelector*> SelectorsOf(const Expr& expr);

}  // namespace meerkat::promql
