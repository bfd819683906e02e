#include "promql/parse/deep.h"

#include <pthread.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace meerkat::promql {
namespace {

// Evaluating takes the most: an operator's frames on the way down, and on the way back those of the
// sinks its rows go through. Only what is touched takes memory.
constexpr std::size_t kBytesPerLevel = 12 << 10;

class Depth {
 public:
  std::size_t Of(const Expr& root) {
    Visit(&root, 1);
    while (!expressions_.empty() || !durations_.empty()) {
      if (durations_.empty()) {
        const auto [expr, level] = expressions_.back();
        expressions_.pop_back();
        Below(*expr, level + 1);
      } else {
        const auto [duration, level] = durations_.back();
        durations_.pop_back();
        Visit(duration->left.get(), level + 1);
        Visit(duration->right.get(), level + 1);
      }
    }
    return depth_;
  }

 private:
  void Visit(const Expr* expr, std::size_t level) {
    if (expr == nullptr) return;
    depth_ = std::max(depth_, level);
    expressions_.emplace_back(expr, level);
  }
  void Visit(const DurationExpr* duration, std::size_t level) {
    if (duration == nullptr) return;
    depth_ = std::max(depth_, level);
    durations_.emplace_back(duration, level);
  }

  void Below(const Expr& expr, std::size_t level) {
    switch (expr.kind) {
      case Expr::Kind::kNumber:
      case Expr::Kind::kString:
        break;
      case Expr::Kind::kParen:
        Visit(static_cast<const ParenExpr&>(expr).inner.get(), level);
        break;
      case Expr::Kind::kUnary:
        Visit(static_cast<const UnaryExpr&>(expr).operand.get(), level);
        break;
      case Expr::Kind::kBinary:
        Visit(static_cast<const BinaryExpr&>(expr).left.get(), level);
        Visit(static_cast<const BinaryExpr&>(expr).right.get(), level);
        break;
      case Expr::Kind::kAggregate:
        Visit(static_cast<const AggregateExpr&>(expr).inner.get(), level);
        Visit(static_cast<const AggregateExpr&>(expr).param.get(), level);
        break;
      case Expr::Kind::kCall:
        for (const ExprPtr& arg : static_cast<const CallExpr&>(expr).args) Visit(arg.get(), level);
        break;
      case Expr::Kind::kVectorSelector:
        Visit(static_cast<const VectorSelector&>(expr).modifiers.offset_expr.get(), level);
        break;
      case Expr::Kind::kMatrixSelector: {
        const auto& matrix = static_cast<const MatrixSelector&>(expr);
        Visit(matrix.selector.get(), level);
        Visit(matrix.range_expr.get(), level);
        break;
      }
      case Expr::Kind::kSubquery: {
        const auto& subquery = static_cast<const SubqueryExpr&>(expr);
        Visit(subquery.inner.get(), level);
        Visit(subquery.range_expr.get(), level);
        Visit(subquery.step_expr.get(), level);
        Visit(subquery.modifiers.offset_expr.get(), level);
        break;
      }
    }
  }

  std::size_t depth_ = 0;
  std::vector<std::pair<const Expr*, std::size_t>> expressions_;
  std::vector<std::pair<const DurationExpr*, std::size_t>> durations_;
};

}  // namespace

std::size_t DepthOf(const Expr& expr) {
  return Depth().Of(expr);
}

std::size_t MostNesting(std::string_view text) {
  // Within a bracket, operators of rising precedence nest; signs and ^ may repeat.
  constexpr std::size_t kPrecedences = 8;
  std::size_t levels = kPrecedences;
  for (const char c : text) {
    if (c == '(' || c == '[') levels += kPrecedences;
    if (c == '-' || c == '+' || c == '^') ++levels;
  }
  return levels;
}

bool CallDeep(std::size_t levels, const std::function<void()>& work) {
  if (levels <= kShallow) {
    work();
    return true;
  }
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) return false;
  pthread_t thread{};
  const auto run = [](void* argument) -> void* {
    (*static_cast<const std::function<void()>*>(argument))();
    return nullptr;
  };
  const bool started =
      pthread_attr_setstacksize(&attributes, (levels + kShallow) * kBytesPerLevel) == 0 &&
      pthread_create(&thread, &attributes, run, const_cast<std::function<void()>*>(&work)) == 0;
  pthread_attr_destroy(&attributes);
  if (started) pthread_join(thread, nullptr);
  return started;
}

}  // namespace meerkat::promql
