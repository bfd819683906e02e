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
  };
  using Samples = std::vector<Sample>;

  NaiveEvaluator(const MemoryStorage& storage, std::int64_t query_start, std::int64_t query_end,
                 std::int64_t lookback)
      : storage_(storage), start_(query_start), end_(query_end), lookback_(lookback) {}

  // A scalar comes as one sample without labels.
  Samples At(const Expr& expr, std::int64_t time) const;

 private:
  struct RangeSeries {
    Labels labels;
    std::vector<std::pair<std::int64_t, double>> floats;
    std::vector<std::pair<std::int64_t, HistogramPtr>> histograms;
  };
  struct Range {
    std::vector<RangeSeries> series;
    std::int64_t start = 0, end = 0, now = 0;
  };

  std::int64_t Reference(const TimeModifiers& modifiers, std::int64_t time) const;
  double ScalarAt(const Expr& expr, std::int64_t time) const;
  Samples Select(const VectorSelector& selector, std::int64_t time) const;
  Range SelectRange(const Expr& expr, std::int64_t time) const;
  Samples Aggregate(const AggregateExpr& expr, std::int64_t time) const;
  Samples Call(const CallExpr& expr, std::int64_t time) const;
  Samples OverRange(std::string_view name, const Range& range) const;
  Samples Binary(const BinaryExpr& expr, std::int64_t time) const;
  Samples Match(const BinaryExpr& expr, Samples left, Samples right) const;
  Samples Sets(const BinaryExpr& expr, const Samples& left, const Samples& right) const;

  const MemoryStorage& storage_;
  std::int64_t start_, end_, lookback_;
};

}  // namespace meerkat::promql
