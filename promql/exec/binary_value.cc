#include "promql/exec/binary_value.h"

#include <cmath>
#include <string>

#include "base/quote.h"
#include "promql/histogram_math.h"

namespace meerkat::promql {
namespace {

BinaryOutcome Incompatible(Op op, bool left_histogram, bool right_histogram, Annotations& notes,
                           PositionRange where) {
  const auto name = [](bool histogram) { return histogram ? "histogram" : "float"; };
  notes.Add(Note::kIncompatibleTypes, where,
            Quote(TextOf(op)) + ": " + name(left_histogram) + " " + std::string(TextOf(op)) + " " +
                name(right_histogram));
  return BinaryOutcome{false, 0, nullptr, false};
}

BinaryOutcome AddHistograms(Op op, const Histogram& left, const Histogram& right,
                            Annotations& notes, PositionRange where) {
  const bool subtract = op == Op::kSub;
  WorkingHistogram sum(left);
  const CombineResult combined = sum.Add(right, subtract ? -1 : 1);
  if (!combined.compatible) {
    notes.Add(Note::kIncompatibleBuckets, where, TextOf(op));
    return BinaryOutcome{false, 0, nullptr, false};
  }
  const std::string_view operation = subtract ? "subtraction" : "addition";
  if (combined.reset_hints_collide) notes.Add(Note::kResetCollision, where, operation);
  if (combined.bounds_reconciled) notes.Add(Note::kReconciledBuckets, where, operation);
  if (subtract) sum.SetResetHint(Histogram::ResetHint::kGauge);
  return {.keep = true, .histogram = sum.Share()};
}

}  // namespace

bool ChangesMeaning(Op op) {
  switch (op) {
    case Op::kAdd:
    case Op::kSub:
    case Op::kMul:
    case Op::kDiv:
    case Op::kMod:
    case Op::kPow:
    case Op::kAtan2:
      return true;
    default:
      return false;
  }
}

bool Compare(Op op, double left, double right) {
  switch (op) {
    case Op::kEqual:
      return left == right;
    case Op::kNotEqual:
      return left != right;
    case Op::kLess:
      return left < right;
    case Op::kLessEqual:
      return left <= right;
    case Op::kGreater:
      return left > right;
    default:
      return left >= right;
  }
}

double ApplyScalar(Op op, double left, double right) {
  switch (op) {
    case Op::kAdd:
      return left + right;
    case Op::kSub:
      return left - right;
    case Op::kMul:
      return left * right;
    case Op::kDiv:
      return left / right;
    case Op::kMod:
      return std::fmod(left, right);
    case Op::kPow:
      return std::pow(left, right);
    case Op::kAtan2:
      return std::atan2(left, right);
    default:
      return Compare(op, left, right) ? 1 : 0;
  }
}

BinaryOutcome ApplyElement(Op op, double left, double right, const HistogramPtr& left_histogram,
                           const HistogramPtr& right_histogram, Annotations& notes,
                           PositionRange where) {
  const bool has_left = left_histogram != nullptr, has_right = right_histogram != nullptr;
  if (!has_left && !has_right) {
    if (op == Op::kTrimUpper || op == Op::kTrimLower) {
      return Incompatible(op, false, false, notes, where);
    }
    if (IsComparison(op)) return BinaryOutcome{Compare(op, left, right), left, nullptr, true};
    return BinaryOutcome{true, ApplyScalar(op, left, right), nullptr, true};
  }
  if (has_left && has_right) {
    switch (op) {
      case Op::kAdd:
      case Op::kSub:
        return AddHistograms(op, *left_histogram, *right_histogram, notes, where);
      case Op::kEqual:
      case Op::kNotEqual:
        return {.keep = EqualHistograms(*left_histogram, *right_histogram) == (op == Op::kEqual),
                .histogram = left_histogram};
      default:
        return Incompatible(op, true, true, notes, where);
    }
  }
  if (has_left) {
    switch (op) {
      case Op::kMul:
        return {.keep = true, .histogram = Scaled(*left_histogram, right)};
      case Op::kDiv:
        return {.keep = true, .histogram = Divided(*left_histogram, right)};
      case Op::kTrimUpper:
      case Op::kTrimLower:
        return {.keep = true, .histogram = Trimmed(left_histogram, right, op == Op::kTrimUpper)};
      default:
        return Incompatible(op, true, false, notes, where);
    }
  }
  if (op == Op::kMul) return {.keep = true, .histogram = Scaled(*right_histogram, left)};
  return Incompatible(op, false, true, notes, where);
}

}  // namespace meerkat::promql
