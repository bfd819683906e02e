#include "promql/exec/durations.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace meerkat::promql {
namespace {

std::string At(const DurationExpr& expr) {
  return "1:" + std::to_string(expr.position.start + 1) + ": parse error: ";
}

Result<double> Seconds(const DurationExpr& expr, const QueryTimes& query) {
  using Kind = DurationExpr::Kind;
  switch (expr.kind) {
    case Kind::kNumber:
      return expr.number;
    case Kind::kStep:
      return static_cast<double>(query.grid.step) / 1000;
    case Kind::kRange:
      return static_cast<double>(query.end - query.grid.start) / 1000;
    default:
      break;
  }
  double left = 0, right = 0;
  if (expr.left != nullptr) {
    auto value = Seconds(*expr.left, query);
    if (!value) return value;
    left = *value;
  }
  if (expr.right != nullptr) {
    auto value = Seconds(*expr.right, query);
    if (!value) return value;
    right = *value;
  }
  const double only = expr.left != nullptr ? left : right;
  switch (expr.kind) {
    case Kind::kMinOf:
      return std::min(left, right);
    case Kind::kMaxOf:
      return std::max(left, right);
    case Kind::kAdd:
      return left + right;
    case Kind::kSub:
      return left - right;
    case Kind::kMul:
      return left * right;
    case Kind::kDiv:
      if (right == 0) return Error(Code::kInvalid, At(expr) + "division by zero");
      return left / right;
    case Kind::kMod:
      if (right == 0) return Error(Code::kInvalid, At(expr) + "modulo by zero");
      return std::fmod(left, right);
    case Kind::kPow:
      return std::pow(left, right);
    case Kind::kNegate:
      return -only;
    default:
      return only;
  }
}

}  // namespace

Result<std::int64_t> ComputeDuration(const DurationExpr& expr, const QueryTimes& query,
                                     bool must_be_positive) {
  auto seconds = Seconds(expr, query);
  if (!seconds) return std::move(seconds).error();
  // The largest duration upstream can hold: 2^63 ns.
  constexpr double kMaxSeconds = 9223372036.0;
  if (must_be_positive && *seconds <= 0) {
    return Error(Code::kInvalid, At(expr) + "duration must be greater than 0");
  }
  if (!(std::fabs(*seconds) <= kMaxSeconds)) {
    return Error(Code::kInvalid, At(expr) + "duration out of range");
  }
  return static_cast<std::int64_t>(std::round(*seconds * 1000));
}

}  // namespace meerkat::promql
