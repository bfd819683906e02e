#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "promql/histogram_math.h"
#include "tests/promql/naive.h"

// Binary operators, see NaiveEvaluator.
namespace meerkat::promql {
namespace {

using Sample = NaiveEvaluator::Sample;
using Samples = NaiveEvaluator::Samples;

double Apply(Op op, double a, double b) {
  switch (op) {
    case Op::kAdd:
      return a + b;
    case Op::kSub:
      return a - b;
    case Op::kMul:
      return a * b;
    case Op::kDiv:
      return a / b;
    case Op::kMod:
      return std::fmod(a, b);
    case Op::kPow:
      return std::pow(a, b);
    case Op::kAtan2:
      return std::atan2(a, b);
    case Op::kEqual:
      return a == b;
    case Op::kNotEqual:
      return a != b;
    case Op::kLess:
      return a < b;
    case Op::kLessEqual:
      return a <= b;
    case Op::kGreater:
      return a > b;
    default:
      return a >= b;
  }
}

bool IsArithmetic(Op op) {
  return !IsComparison(op) && !IsSetOperator(op);
}

// One element with one element; nullopt: nothing comes of it.
std::optional<Sample> Combine(const BinaryExpr& expr, const Sample& left, const Sample& right) {
  Sample out;
  const bool h_left = left.histogram != nullptr, h_right = right.histogram != nullptr;
  if (!h_left && !h_right) {
    const double value = Apply(expr.op, left.value, right.value);
    if (IsComparison(expr.op) && !expr.return_bool) {
      if (value == 0) return std::nullopt;
      out.value = left.value;
    } else {
      out.value = value;
    }
    return out;
  }
  if (h_left && h_right && (expr.op == Op::kAdd || expr.op == Op::kSub)) {
    WorkingHistogram sum(*left.histogram);
    if (!sum.Add(*right.histogram, expr.op == Op::kAdd ? 1 : -1).compatible) return std::nullopt;
    out.histogram = sum.Share();
    return out;
  }
  if (h_left && h_right && (expr.op == Op::kEqual || expr.op == Op::kNotEqual)) {
    const bool keep = EqualHistograms(*left.histogram, *right.histogram) == (expr.op == Op::kEqual);
    if (expr.return_bool) {
      out.value = keep;
      return out;
    }
    if (!keep) return std::nullopt;
    out.histogram = left.histogram;
    return out;
  }
  if (expr.op == Op::kMul && h_left != h_right) {
    out.histogram =
        h_left ? Scaled(*left.histogram, right.value) : Scaled(*right.histogram, left.value);
    return out;
  }
  if (expr.op == Op::kDiv && h_left && !h_right) {
    out.histogram = Divided(*left.histogram, right.value);
    return out;
  }
  return std::nullopt;
}

Labels Signature(const VectorMatching& matching, const Labels& labels) {
  std::vector<std::string> names = matching.labels;
  if (matching.on) return labels.Keep(names);
  names.emplace_back(kMetricName);
  return labels.Without(names);
}

}  // namespace

Samples NaiveEvaluator::Binary(const BinaryExpr& expr, std::int64_t time) const {
  Samples left = At(*expr.left, time), right = At(*expr.right, time);
  const bool scalar_left = expr.left->type == ValueType::kScalar;
  const bool scalar_right = expr.right->type == ValueType::kScalar;
  if (scalar_left && scalar_right) {
    return {{{}, Apply(expr.op, left[0].value, right[0].value), nullptr}};
  }
  if (!scalar_left && !scalar_right) {
    Samples out = IsSetOperator(expr.op) ? Sets(expr, left, right)
                                         : Match(expr, std::move(left), std::move(right));
    RequireUnique(out);
    return out;
  }
  Samples out;
  for (const Sample& element : scalar_left ? right : left) {
    auto combined =
        scalar_left ? Combine(expr, left[0], element) : Combine(expr, element, right[0]);
    if (!combined) continue;
    // A comparison keeps the vector's element, whichever side it is on.
    if (IsComparison(expr.op) && !expr.return_bool) combined->value = element.value;
    combined->labels = element.labels;
    combined->drop_name = element.drop_name;
    if (IsArithmetic(expr.op) || expr.return_bool) LoseName(*combined);
    out.push_back(std::move(*combined));
  }
  RequireUnique(out);
  return out;
}

Samples NaiveEvaluator::Sets(const BinaryExpr& expr, const Samples& left,
                             const Samples& right) const {
  const VectorMatching matching = expr.matching.value_or(VectorMatching());
  const auto signatures = [&](const Samples& samples) {
    std::set<Labels> out;
    for (const Sample& sample : samples) out.insert(Signature(matching, sample.labels));
    return out;
  };
  // One series of a range query may then be with its name at one step and without it at another,
  // and the first step decides for all: nothing that a single step could know.
  const auto drops = [](const Sample& sample) { return sample.drop_name; };
  if (expr.op == Op::kOr && std::any_of(left.begin(), left.end(), drops) !=
                                std::any_of(right.begin(), right.end(), drops)) {
    throw NaiveError{"unsupported"};
  }
  const std::set<Labels> in_left = signatures(left), in_right = signatures(right);
  Samples out;
  for (const Sample& sample : left) {
    const bool matched = in_right.contains(Signature(matching, sample.labels));
    if (expr.op == Op::kOr || matched == (expr.op == Op::kAnd)) out.push_back(sample);
  }
  for (const Sample& sample : right) {
    if (expr.op == Op::kOr && !in_left.contains(Signature(matching, sample.labels))) {
      out.push_back(sample);
    }
  }
  return out;
}

Samples NaiveEvaluator::Match(const BinaryExpr& expr, Samples left, Samples right) const {
  const VectorMatching matching = expr.matching.value_or(VectorMatching());
  const bool fills = matching.fill_left.has_value() || matching.fill_right.has_value();
  if ((left.empty() || right.empty()) && !fills) return {};
  const bool swapped = matching.card == Cardinality::kOneToMany;
  const Samples& many = swapped ? right : left;
  const Samples& one = swapped ? left : right;
  std::map<Labels, const Sample*> partners;
  for (const Sample& sample : one) {
    if (!partners.try_emplace(Signature(matching, sample.labels), &sample).second) {
      throw NaiveError{"found duplicate series"};
    }
  }
  Samples out;
  std::set<std::pair<Labels, Labels>> taken;
  for (const Sample& sample : many) {
    const Labels signature = Signature(matching, sample.labels);
    const auto partner = partners.find(signature);
    if (partner == partners.end()) {
      if (!matching.fill_right) continue;
    }
    const Sample filled{signature, matching.fill_right.value_or(0), nullptr};
    const Sample& other = partner == partners.end() ? filled : *partner->second;
    Labels labels = IsArithmetic(expr.op) ? WithoutName(sample.labels) : sample.labels;
    if (matching.card == Cardinality::kOneToOne) {
      labels = matching.on ? labels.Keep(matching.labels) : labels.Without(matching.labels);
      if (!taken.emplace(signature, Labels()).second) throw NaiveError{"multiple matches"};
    } else {
      LabelsBuilder builder(labels);
      for (const std::string& name : matching.include) {
        builder.Set(name, other.labels.Get(name));
      }
      labels = builder.Build();
      if (!taken.emplace(signature, labels).second) throw NaiveError{"multiple matches"};
    }
    auto combined = swapped ? Combine(expr, other, sample) : Combine(expr, sample, other);
    if (!combined) continue;
    combined->labels = labels;
    combined->drop_name = sample.drop_name;
    if (expr.return_bool) LoseName(*combined);
    out.push_back(std::move(*combined));
  }
  if (matching.fill_left) AddFilled(expr, many, one, out);
  return out;
}

// Elements of the one side that have no partner get one of the fill value.
void NaiveEvaluator::AddFilled(const BinaryExpr& expr, const Samples& many, const Samples& one,
                               Samples& out) const {
  const VectorMatching matching = expr.matching.value_or(VectorMatching());
  const bool swapped = matching.card == Cardinality::kOneToMany;
  std::set<Labels> met;
  for (const Sample& sample : many) met.insert(Signature(matching, sample.labels));
  for (const Sample& sample : one) {
    const Labels signature = Signature(matching, sample.labels);
    if (met.contains(signature)) continue;
    const Sample filled{signature, *matching.fill_left, nullptr};
    auto combined = swapped ? Combine(expr, sample, filled) : Combine(expr, filled, sample);
    if (!combined) continue;
    LabelsBuilder builder(signature);
    if (matching.card != Cardinality::kOneToOne) {
      for (const std::string& name : matching.include) builder.Set(name, sample.labels.Get(name));
    }
    combined->labels = builder.Build();
    if (expr.return_bool) LoseName(*combined);
    out.push_back(std::move(*combined));
  }
}

}  // namespace meerkat::promql
