#include "promql/check/types.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/quote.h"
#include "promql/functions.h"

namespace meerkat::promql {
namespace {

class Checker {
 public:
  std::optional<TypeError> error() && { return std::move(error_); }

  // False: error_ says why.
  bool Check(Expr& expr) {
    switch (expr.kind) {
      case Expr::Kind::kNumber:
        expr.type = ValueType::kScalar;
        return true;
      case Expr::Kind::kString:
        expr.type = ValueType::kString;
        return true;
      case Expr::Kind::kParen: {
        Expr& inner = *static_cast<ParenExpr&>(expr).inner;
        if (!Check(inner)) return false;
        expr.type = inner.type;
        return true;
      }
      case Expr::Kind::kUnary:
        return CheckUnary(static_cast<UnaryExpr&>(expr));
      case Expr::Kind::kBinary:
        return CheckBinary(static_cast<BinaryExpr&>(expr));
      case Expr::Kind::kAggregate:
        return CheckAggregate(static_cast<AggregateExpr&>(expr));
      case Expr::Kind::kCall:
        return CheckCall(static_cast<CallExpr&>(expr));
      case Expr::Kind::kVectorSelector:
        return CheckSelector(static_cast<VectorSelector&>(expr), false);
      case Expr::Kind::kMatrixSelector:
        expr.type = ValueType::kMatrix;
        return CheckSelector(*static_cast<MatrixSelector&>(expr).selector, false);
      case Expr::Kind::kSubquery:
        return CheckSubquery(static_cast<SubqueryExpr&>(expr));
    }
    return true;
  }

 private:
  bool Fail(PositionRange position, std::string text) {
    error_ = TypeError{position, std::move(text)};
    return false;
  }

  bool Expect(Expr& expr, ValueType want, const std::string& context) {
    if (!Check(expr)) return false;
    if (expr.type == want) return true;
    return Fail(expr.position, "expected type " + std::string(NameOf(want)) + " in " + context +
                                   ", got " + std::string(NameOf(expr.type)));
  }

  bool CheckUnary(UnaryExpr& expr) {
    if (!Check(*expr.operand)) return false;
    expr.type = expr.operand->type;
    if (expr.type == ValueType::kScalar || expr.type == ValueType::kVector) return true;
    return Fail(expr.position,
                "unary expression only allowed on expressions of type scalar or instant vector, "
                "got " +
                    Quote(NameOf(expr.type)));
  }

  // From the innermost operator outwards, without recursion down the left side: chains of operators
  // lean that way and can be thousands long.
  bool CheckBinary(BinaryExpr& expr) {
    std::vector<BinaryExpr*> chain = {&expr};
    while (chain.back()->left->kind == Expr::Kind::kBinary) {
      chain.push_back(static_cast<BinaryExpr*>(chain.back()->left.get()));
    }
    if (!Check(*chain.back()->left)) return false;
    for (; !chain.empty(); chain.pop_back()) {
      if (!Check(*chain.back()->right) || !CheckOperator(*chain.back())) return false;
    }
    return true;
  }

  // Both sides are checked.
  bool CheckOperator(BinaryExpr& expr) {
    const ValueType left = expr.left->type;
    const ValueType right = expr.right->type;
    const bool scalars = left == ValueType::kScalar && right == ValueType::kScalar;
    expr.type = scalars ? ValueType::kScalar : ValueType::kVector;
    if (expr.return_bool && !IsComparison(expr.op)) {
      return Fail(expr.op_position, "bool modifier can only be used on comparison operators");
    }
    if (scalars && IsComparison(expr.op) && !expr.return_bool) {
      return Fail(expr.op_position, "comparisons between scalars must use BOOL modifier");
    }
    const VectorMatching& matching = *expr.matching;
    if (matching.on) {
      for (const std::string& label : matching.labels) {
        if (std::ranges::find(matching.include, label) != matching.include.end()) {
          return Fail(expr.op_position,
                      "label " + Quote(label) + " must not occur in ON and GROUP clause at once");
        }
      }
    }
    for (const Expr* side : {expr.left.get(), expr.right.get()}) {
      if (side->type != ValueType::kScalar && side->type != ValueType::kVector) {
        return Fail(side->position,
                    "binary expression must contain only scalar and instant vector types");
      }
    }
    return CheckMatching(expr, left == ValueType::kVector && right == ValueType::kVector);
  }

  bool CheckMatching(BinaryExpr& expr, bool vectors) {
    const VectorMatching& matching = *expr.matching;
    const bool fills = matching.fill_left || matching.fill_right;
    if (!vectors) {
      if (!matching.labels.empty()) {
        return Fail(expr.position, "vector matching only allowed between instant vectors");
      }
      if (fills) {
        return Fail(expr.position,
                    "filling in missing series only allowed between instant vectors");
      }
      if (IsSetOperator(expr.op)) {
        return Fail(expr.position, "set operator " + Quote(TextOf(expr.op)) +
                                       " not allowed in binary scalar expression");
      }
      expr.matching.reset();
      return true;
    }
    if (!IsSetOperator(expr.op)) return true;
    if (matching.card == Cardinality::kOneToMany || matching.card == Cardinality::kManyToOne) {
      return Fail(expr.position,
                  "no grouping allowed for " + Quote(TextOf(expr.op)) + " operation");
    }
    if (fills) {
      return Fail(expr.position, "filling in missing series not allowed for set operators");
    }
    return true;
  }

  bool CheckAggregate(AggregateExpr& expr) {
    expr.type = ValueType::kVector;
    if (!Expect(*expr.inner, ValueType::kVector, "aggregation expression")) return false;
    if (expr.param == nullptr) return true;
    const ValueType want =
        expr.op == AggregateOp::kCountValues ? ValueType::kString : ValueType::kScalar;
    return Expect(*expr.param, want, "aggregation parameter");
  }

  bool CheckCall(CallExpr& expr) {
    const Function& function = *expr.function;
    expr.type = function.return_type;
    const std::string name = Quote(function.name);
    const auto count = [&](const std::string& expected, std::size_t n) {
      return Fail(expr.position, "expected " + expected + std::to_string(n) +
                                     " argument(s) in call to " + name + ", got " +
                                     std::to_string(expr.args.size()));
    };
    if (function.variadic == 0) {
      if (expr.args.size() != function.arg_types.size()) {
        return count("", function.arg_types.size());
      }
    } else {
      const std::size_t least = function.arg_types.size() - 1;
      if (expr.args.size() < least) return count("at least ", least);
      if (function.variadic > 0) {
        const std::size_t most = least + static_cast<std::size_t>(function.variadic);
        if (expr.args.size() > most) return count("at most ", most);
      }
    }
    const std::string context = "call to function " + name;
    const bool info = function.name == "info";
    for (std::size_t i = 0; i < expr.args.size(); ++i) {
      if (info && i == 1) {
        if (!CheckInfoSelector(*expr.args[i], context)) return false;
        continue;
      }
      const ValueType want = function.arg_types[std::min(i, function.arg_types.size() - 1)];
      if (!Expect(*expr.args[i], want, context)) return false;
    }
    return true;
  }

  // The second argument of info() stands for matchers alone; they may match everything.
  bool CheckInfoSelector(Expr& arg, const std::string& context) {
    if (arg.kind != Expr::Kind::kVectorSelector) {
      if (!Expect(arg, ValueType::kVector, context)) return false;
      return Fail(arg.position, "expected label selectors only");
    }
    auto& selector = static_cast<VectorSelector&>(arg);
    if (!selector.name.empty()) {
      return Fail(arg.position, "expected label selectors only, got vector selector instead");
    }
    return CheckSelector(selector, true);
  }

  bool CheckSelector(VectorSelector& selector, bool may_match_all) {
    selector.type = ValueType::kVector;
    if (!selector.name.empty()) {
      // The last matcher is the one for the name outside of the braces.
      for (std::size_t i = 0; i + 1 < selector.matchers.size(); ++i) {
        const Matcher& matcher = selector.matchers[i];
        if (matcher.name() == kMetricName) {
          return Fail(selector.position,
                      "metric name must not be set twice: " + Quote(selector.name) + " or " +
                          Quote(matcher.value()));
        }
      }
      return true;
    }
    if (may_match_all) return true;
    for (const Matcher& matcher : selector.matchers) {
      if (!matcher.MatchesEmpty()) return true;
    }
    return Fail(selector.position, "vector selector must contain at least one non-empty matcher");
  }

  bool CheckSubquery(SubqueryExpr& expr) {
    expr.type = ValueType::kMatrix;
    if (!Check(*expr.inner)) return false;
    if (expr.inner->type == ValueType::kVector) return true;
    return Fail(expr.position, "subquery is only allowed on instant vector, got " +
                                   std::string(ApiNameOf(expr.inner->type)) + " instead");
  }

  std::optional<TypeError> error_;
};

}  // namespace

std::optional<TypeError> CheckTypes(Expr& expr) {
  Checker checker;
  checker.Check(expr);
  return std::move(checker).error();
}

}  // namespace meerkat::promql
