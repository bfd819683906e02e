#include "promql/ast.h"

#include "promql/parse/deep.h"

namespace meerkat::promql {

std::string_view NameOf(ValueType type) {
  switch (type) {
    case ValueType::kNone:
      return "none";
    case ValueType::kScalar:
      return "scalar";
    case ValueType::kVector:
      return "instant vector";
    case ValueType::kMatrix:
      return "range vector";
    case ValueType::kString:
      return "string";
  }
  return "";
}

std::string_view ApiNameOf(ValueType type) {
  switch (type) {
    case ValueType::kNone:
      return "none";
    case ValueType::kScalar:
      return "scalar";
    case ValueType::kVector:
      return "vector";
    case ValueType::kMatrix:
      return "matrix";
    case ValueType::kString:
      return "string";
  }
  return "";
}

std::string_view TextOf(Op op) {
  switch (op) {
    case Op::kAdd:
      return "+";
    case Op::kSub:
      return "-";
    case Op::kMul:
      return "*";
    case Op::kDiv:
      return "/";
    case Op::kMod:
      return "%";
    case Op::kPow:
      return "^";
    case Op::kAtan2:
      return "atan2";
    case Op::kEqual:
      return "==";
    case Op::kNotEqual:
      return "!=";
    case Op::kLess:
      return "<";
    case Op::kLessEqual:
      return "<=";
    case Op::kGreater:
      return ">";
    case Op::kGreaterEqual:
      return ">=";
    case Op::kTrimUpper:
      return "</";
    case Op::kTrimLower:
      return ">/";
    case Op::kAnd:
      return "and";
    case Op::kOr:
      return "or";
    case Op::kUnless:
      return "unless";
  }
  return "";
}

bool IsComparison(Op op) {
  return op >= Op::kEqual && op <= Op::kGreaterEqual;
}

bool IsSetOperator(Op op) {
  return op == Op::kAnd || op == Op::kOr || op == Op::kUnless;
}

std::string_view TextOf(AggregateOp op) {
  switch (op) {
    case AggregateOp::kSum:
      return "sum";
    case AggregateOp::kAvg:
      return "avg";
    case AggregateOp::kCount:
      return "count";
    case AggregateOp::kMin:
      return "min";
    case AggregateOp::kMax:
      return "max";
    case AggregateOp::kGroup:
      return "group";
    case AggregateOp::kStddev:
      return "stddev";
    case AggregateOp::kStdvar:
      return "stdvar";
    case AggregateOp::kTopk:
      return "topk";
    case AggregateOp::kBottomk:
      return "bottomk";
    case AggregateOp::kCountValues:
      return "count_values";
    case AggregateOp::kQuantile:
      return "quantile";
    case AggregateOp::kLimitk:
      return "limitk";
    case AggregateOp::kLimitRatio:
      return "limit_ratio";
  }
  return "";
}

namespace {

void Collect(const Expr& expr, std::vector<const VectorSelector*>& out) {
  using Kind = Expr::Kind;
  switch (expr.kind) {
    case Kind::kNumber:
    case Kind::kString:
      return;
    case Kind::kParen:
      return Collect(*static_cast<const ParenExpr&>(expr).inner, out);
    case Kind::kUnary:
      return Collect(*static_cast<const UnaryExpr&>(expr).operand, out);
    case Kind::kBinary:
      Collect(*static_cast<const BinaryExpr&>(expr).left, out);
      return Collect(*static_cast<const BinaryExpr&>(expr).right, out);
    case Kind::kAggregate: {
      const auto& aggregate = static_cast<const AggregateExpr&>(expr);
      if (aggregate.param != nullptr) Collect(*aggregate.param, out);
      return Collect(*aggregate.inner, out);
    }
    case Kind::kCall:
      for (const auto& arg : static_cast<const CallExpr&>(expr).args) Collect(*arg, out);
      return;
    case Kind::kVectorSelector:
      out.push_back(static_cast<const VectorSelector*>(&expr));
      return;
    case Kind::kMatrixSelector:
      out.push_back(static_cast<const MatrixSelector&>(expr).selector.get());
      return;
    case Kind::kSubquery:
      return Collect(*static_cast<const SubqueryExpr&>(expr).inner, out);
  }
}

}  // namespace

std::vector<const VectorSelector*> SelectorsOf(const Expr& expr) {
  std::vector<const VectorSelector*> selectors;
  CallDeep(DepthOf(expr), [&] { Collect(expr, selectors); });
  return selectors;
}

}  // namespace meerkat::promql
