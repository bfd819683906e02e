#include <cmath>

#include "promql/exec/compensated.h"
#include "promql/exec/operators.h"
#include "promql/funcs/registry.h"
#include "promql/histogram_buckets.h"

// Functions that read one number off each native histogram; floats are left out.
namespace meerkat::promql {
namespace {

double Count(const Histogram& h) {
  return h.count;
}
double Sum(const Histogram& h) {
  return h.sum;
}
double Average(const Histogram& h) {
  return h.sum / h.count;
}

// Each observation is taken to be the middle of its bucket: the geometric one for exponential
// buckets, the arithmetic one for custom ones, zero for the zero bucket.
double Variance(const Histogram& h) {
  const double mean = h.sum / h.count;
  double variance = 0, lost = 0;
  for (const HistogramBucket& bucket : BucketsOf(h)) {
    if (bucket.count == 0) continue;
    double value = 0;
    if (h.uses_custom_buckets()) {
      value = (bucket.upper + bucket.lower) / 2;
    } else if (!(bucket.lower <= 0 && bucket.upper >= 0)) {
      value = std::sqrt(bucket.upper * bucket.lower);
      if (bucket.upper < 0) value = -value;
    }
    const double delta = value - mean;
    CompensatedAdd(bucket.count * delta * delta, variance, lost);
  }
  return (variance + lost) / h.count;
}
double Deviation(const Histogram& h) {
  return std::sqrt(Variance(h));
}

template <double (*kValue)(const Histogram&)>
Result<> Extract(Execution& execution, const Node& node, const Grid& grid, const RowSink& sink) {
  return execution.Evaluate(*node.children[0], grid, [&](Row& row) -> Result<> {
    if (row.histograms.empty()) return {};
    bool any = false;
    for (std::size_t i = 0; i < grid.count; ++i) {
      if (row.histograms[i] == nullptr) {
        row.values[i] = Absent();
      } else {
        row.values[i] = kValue(*row.histograms[i]);
        any = true;
      }
    }
    if (!any) return {};
    row.histograms.clear();
    execution.DropName(row);
    return sink(row);
  });
}

constexpr FunctionImpl kFunctions[] = {
    {.name = "histogram_count", .call = Extract<Count>},
    {.name = "histogram_sum", .call = Extract<Sum>},
    {.name = "histogram_avg", .call = Extract<Average>},
    {.name = "histogram_stdvar", .call = Extract<Variance>},
    {.name = "histogram_stddev", .call = Extract<Deviation>},
};

}  // namespace

std::span<const FunctionImpl> HistogramFunctions() {
  return kFunctions;
}

}  // namespace meerkat::promql
