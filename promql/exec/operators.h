#pragma once

#include "promql/exec/execution.h"

// The operators, one file each. All have the same shape: rows of the operands in, rows out.
namespace meerkat::promql {

Result<> SelectInstant(Execution&, const Node&, const Grid&, const RowSink&);
Result<> SelectSmoothed(Execution&, const Node&, const Grid&, const RowSink&);
Result<> CallOverRange(Execution&, const Node&, const Grid&, const RowSink&);
Result<> Call(Execution&, const Node&, const Grid&, const RowSink&);
Result<> Aggregate(Execution&, const Node&, const Grid&, const RowSink&);
Result<> AggregateSelection(Execution&, const Node&, const Grid&, const RowSink&);  // topk …
Result<> CountValues(Execution&, const Node&, const Grid&, const RowSink&);
Result<> Binary(Execution&, const Node&, const Grid&, const RowSink&);
Result<> MatchVectors(Execution&, const Node&, const Grid&, const RowSink&);
Result<> CombineSets(Execution&, const Node&, const Grid&, const RowSink&);
Result<> Negate(Execution&, const Node&, const Grid&, const RowSink&);

// The series of a range vector (matrix selector or subquery), one after the other, with what the
// windows of `grid` need. `range_series` stays valid during the call.
using RangeVisitor = std::function<Result<>(RangeSeries&)>;
Result<> ForEachRange(Execution&, const Node& range_vector, const Grid&, const RangeVisitor&);
// The range of step `index` as (start, end].
struct Span {
  std::int64_t start, end;
};
inline Span RangeAt(const Node& node, const Grid& grid, std::size_t index) {
  const std::int64_t end = node.at.value_or(grid.At(index)) - node.offset;
  return {end - node.range, end};
}
// Charges a query for the samples in the windows of so many series; histograms by their weight.
void CountSamples(SampleCounter&, const WindowBounds&, std::uint64_t series);
void CountHistograms(SampleCounter&, const WindowBounds&, const std::vector<HistogramPtr>&,
                     bool without_buckets);
// How far beyond its range a selector reads: anchored and smoothed look around its ends.
std::int64_t ReadBefore(const Execution&, const Node& range_vector);
std::int64_t ReadAfter(const Execution&, const Node& range_vector);

// Labels without what describes a metric rather than a series: name, type and unit.
Labels WithoutMetadata(const Labels& labels);

// Passes rows on to `sink` with equal label sets made one; two values at one step are the error
// "vector cannot contain metrics with the same labelset". Call Flush at the end.
class UniqueRows {
 public:
  explicit UniqueRows(Execution& execution) : held_(execution.budget()) {}
  Result<> Add(Row& row);
  Result<> Flush(const RowSink& sink);

 private:
  std::vector<Row> rows_;
  std::unordered_map<Labels, std::size_t> index_;
  Held held_;
};

}  // namespace meerkat::promql
