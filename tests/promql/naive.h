#pragma once

#include <map>
#include <string>
#include <vector>

#include "promql/ast.h"
#include "promql/value.h"
#include "tests/promql/memory_storage.h"

namespace meerkat::promql {

// Why a naive evaluation has no result.
struct NaiveError {
  std::string message;
};

// Evaluates a tree one step at a time, straight from the definitions and as slowly as they read:
// what the engine is compared with. Knows the part of the language that the generator of random
// queries writes. Throws NaiveError.
class NaiveEvaluator {
 public:
  struct Sample {
    Labels labels;
    double value = 0;
    HistogramPtr histogram;
    bool drop_name = false;  // with delayed name removal: at the end
  };
  using Samples = std::vector<Sample>;

  // Times in milliseconds.
  struct Query {
    std::int64_t start = 0, end = 0, step = 0, lookback = 300'000;
    bool delayed_name_removal = false;
  };
  NaiveEvaluator(const MemoryStorage& storage, const Query& query)
      : storage_(storage), query_(query) {}

  // The value of a whole query at one of its times; a scalar is one sample without labels.
  Samples Answer(const Expr& expr, std::int64_t time) const;

 private:
  struct RangeSeries {
    Labels labels;
    bool drop_name = false;
    std::vector<std::pair<std::int64_t, double>> floats;
    std::vector<std::pair<std::int64_t, HistogramPtr>> histograms;
  };
  // With anchored or smoothed, series reach as far beyond the range as lookback.
  struct Range {
    std::vector<RangeSeries> series;
    std::int64_t start = 0, end = 0, now = 0;
    bool anchored = false, smoothed = false;
  };

  Samples At(const Expr& expr, std::int64_t time) const;
  // What an operator does to names when it makes other values.
  void LoseName(Sample& sample) const;
  // In milliseconds; `fixed` when nothing has to be computed.
  std::int64_t Duration(const DurationExprPtr& expr, Millis fixed) const;
  double Seconds(const DurationExpr& expr) const;
  std::int64_t Reference(const TimeModifiers& modifiers, std::int64_t time) const;
  double ScalarAt(const Expr& expr, std::int64_t time) const;
  Samples Select(const VectorSelector& selector, std::int64_t time) const;
  Range SelectRange(const Expr& expr, std::int64_t time) const;
  Samples Aggregate(const AggregateExpr& expr, std::int64_t time) const;
  Samples Call(const CallExpr& expr, std::int64_t time) const;
  Samples OverRange(std::string_view name, const Range& range) const;
  // rate, increase, delta, changes, resets of one anchored or smoothed series; false: no value.
  bool Extended(std::string_view name, const Range& range, const RangeSeries& series,
                double& value) const;
  Samples Binary(const BinaryExpr& expr, std::int64_t time) const;
  Samples Match(const BinaryExpr& expr, Samples left, Samples right) const;
  void AddFilled(const BinaryExpr& expr, const Samples& many, const Samples& one,
                 Samples& out) const;
  Samples Sets(const BinaryExpr& expr, const Samples& left, const Samples& right) const;

  const MemoryStorage& storage_;
  const Query query_;
};

Labels WithoutName(const Labels& labels);
// Throws where two samples have the same labels.
void RequireUnique(const NaiveEvaluator::Samples& samples);

}  // namespace meerkat::promql
