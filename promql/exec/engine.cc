#include "promql/engine.h"

#include <algorithm>
#include <chrono>

#include "promql/exec/execution.h"
#include "promql/exec/operators.h"
#include "promql/exec/plan.h"
#include "promql/exec/result_builder.h"
#include "promql/histogram_buckets.h"

namespace meerkat::promql {
namespace {

using SteadyClock = std::chrono::steady_clock;

double SecondsSince(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

// Times beyond this (36 million years) are taken for it: no sum of offsets can overflow then.
constexpr std::int64_t kFarthest = std::int64_t{1} << 60;

// The samples of a range vector as they are: only for instant queries.
Result<Value> EvaluateMatrix(Execution& execution, const Node& node, const Grid& grid) {
  Matrix matrix;
  auto done = ForEachRange(execution, node, grid, [&](RangeSeries& series) -> Result<> {
    const Span span = RangeAt(node, grid, 0);
    const auto inside = [&](Timestamp time) {
      return ToMillis(time) > span.start && ToMillis(time) <= span.end;
    };
    MatrixSeries out;
    for (std::size_t i = 0; i < series.values.size(); ++i) {
      const Timestamp time = (*series.times)[i];
      if (inside(time)) out.floats.push_back({time, series.values[i]});
    }
    std::uint64_t weight = out.floats.size();
    for (std::size_t i = 0; i < series.histograms.size(); ++i) {
      if (!inside(series.histogram_times[i])) continue;
      out.histograms.push_back({series.histogram_times[i], series.histograms[i]});
      weight += SampleWeight(*series.histograms[i]);
    }
    if (weight == 0) return {};
    out.labels = series.drop_name ? WithoutMetadata(series.labels) : series.labels;
    execution.counter().touched[0] += weight;
    execution.counter().read[0] += weight;
    matrix.push_back(std::move(out));
    return execution.Hold(weight);
  });
  if (!done) return std::move(done).error();
  std::sort(matrix.begin(), matrix.end(),
            [](const auto& a, const auto& b) { return a.labels < b.labels; });
  for (std::size_t i = 1; i < matrix.size(); ++i) {
    if (matrix[i].labels == matrix[i - 1].labels) return SameLabelset();
  }
  return Value(std::move(matrix));
}

Result<Value> EvaluateRoot(Execution& execution, const Node& root, const Grid& grid, bool instant,
                           QueryStats& stats) {
  if (root.type == ValueType::kString) {
    return Value(
        String{FromMillis(grid.start), static_cast<const StringLiteral*>(root.expr)->value});
  }
  if (root.type == ValueType::kMatrix) return EvaluateMatrix(execution, root, grid);
  ResultBuilder builder(execution, grid, instant);
  auto done = execution.Evaluate(root, grid, [&](Row& row) { return builder.Add(row); });
  if (!done) return std::move(done).error();
  auto value = builder.Finish(root.type);
  stats.result_sort = builder.sort_seconds();
  return value;
}

void FillStats(const EngineOptions& options, const Grid& grid, const SampleCounter& counter,
               std::uint64_t peak, QueryStats& stats) {
  stats.total_queryable_samples = counter.Total();
  stats.peak_samples = peak;
  for (std::size_t i = 0; i < grid.count; ++i) {
    stats.samples_read += counter.read[i];
    if (!options.per_step_stats) continue;
    const Timestamp time = FromMillis(grid.At(i));
    stats.samples_per_step.emplace_back(time, counter.touched[i]);
    stats.samples_read_per_step.emplace_back(time, counter.read[i]);
  }
}

}  // namespace

Engine::Engine(EngineOptions options, const tsdb::Storage& storage)
    : options_(std::move(options)), storage_(&storage) {}

Result<QueryResult> Engine::Run(std::string_view query, const QueryOptions& options,
                                std::stop_token stop) const {
  auto expr = Parse(query, options_.parse);
  if (!expr) return std::move(expr).error();
  return Run(**expr, query, options, std::move(stop));
}

Result<QueryResult> Engine::Run(const Expr& expr, std::string_view text,
                                const QueryOptions& options, std::stop_token stop) const {
  const auto begun = SteadyClock::now();
  const bool instant = options.step.count() <= 0;
  const auto clamp = [](Timestamp time) {
    return std::clamp(ToMillis(time), -kFarthest, kFarthest);
  };
  const std::int64_t start = clamp(options.start);
  const std::int64_t end = instant ? start : clamp(options.end);
  QueryTimes times{Grid{start, 0, 1}, end};
  if (!instant) {
    if (expr.type != ValueType::kScalar && expr.type != ValueType::kVector) {
      return Error(Code::kInvalid, "invalid expression type \"" + std::string(NameOf(expr.type)) +
                                       "\" for range query, must be Scalar or instant Vector");
    }
    times.grid.step = options.step.count();
    times.grid.count =
        end < start ? 0 : static_cast<std::size_t>((end - start) / times.grid.step) + 1;
  }
  QueryResult result;
  if (times.grid.count == 0) {
    result.value = Matrix();
    return result;
  }
  if (times.grid.count > options_.max_samples) {
    return Error(Code::kExecution,
                 "query processing would load too many samples into memory in query execution");
  }
  const std::int64_t lookback = options.lookback.value_or(options_.lookback).count();
  auto plan = MakePlan(expr, times, options_, lookback);
  if (!plan) return std::move(plan).error();
  result.stats.preparation = SecondsSince(begun);

  const Millis timeout = std::min(options.timeout.value_or(options_.timeout), options_.timeout);
  Execution execution(options_, *storage_, *plan, times, lookback, begun + timeout,
                      std::move(stop));
  SampleCounter counter(times.grid.count);
  execution.set_counter(&counter);
  const auto evaluating = SteadyClock::now();
  auto value = EvaluateRoot(execution, *plan->root, times.grid, instant, result.stats);
  if (!value) return std::move(value).error();
  result.value = std::move(*value);
  result.warnings = execution.notes().Warnings(text);
  result.infos = execution.notes().Infos(text);
  FillStats(options_, times.grid, counter, execution.peak(), result.stats);
  result.stats.inner_eval = SecondsSince(evaluating) - result.stats.result_sort;
  result.stats.eval_total = result.stats.exec_total = SecondsSince(begun);
  return result;
}

}  // namespace meerkat::promql
