#include "promql/exec/query_run.h"

#include <algorithm>
#include <utility>

#include "promql/exec/operators.h"
#include "promql/histogram_buckets.h"
#include "promql/workers.h"

namespace meerkat::promql {
namespace {

using SteadyClock = std::chrono::steady_clock;

double Seconds(SteadyClock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

// Times beyond this (36 million years) are taken for it: no sum of offsets can overflow then.
constexpr std::int64_t kFarthest = std::int64_t{1} << 60;

// The samples of a range vector as they are: only for instant queries.
Result<Value> EvaluateMatrix(Execution& execution, const Node& node, const Grid& grid) {
  Matrix matrix;
  Held held(execution.budget());
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
    return held.Add(OfPoints(weight));
  });
  if (!done) return std::move(done).error();
  std::sort(matrix.begin(), matrix.end(),
            [](const auto& a, const auto& b) { return a.labels < b.labels; });
  for (std::size_t i = 1; i < matrix.size(); ++i) {
    if (matrix[i].labels == matrix[i - 1].labels) return SameLabelset();
  }
  return Value(std::move(matrix));
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

Result<std::unique_ptr<QueryRun>> QueryRun::Prepare(const EngineOptions& engine,
                                                    const tsdb::Storage& storage, const Expr& expr,
                                                    const QueryOptions& options,
                                                    std::stop_token stop) {
  const auto begun = SteadyClock::now();
  std::unique_ptr<QueryRun> run(new QueryRun(engine));
  run->instant_ = options.step.count() <= 0;
  const auto clamp = [](Timestamp time) {
    return std::clamp(ToMillis(time), -kFarthest, kFarthest);
  };
  const std::int64_t start = clamp(options.start);
  const std::int64_t end = run->instant_ ? start : clamp(options.end);
  QueryTimes& times = run->times_;
  times = {Grid{start, 0, 1}, end};
  if (!run->instant_) {
    if (expr.type != ValueType::kScalar && expr.type != ValueType::kVector) {
      return Error(Code::kInvalid, "invalid expression type \"" + std::string(NameOf(expr.type)) +
                                       "\" for range query, must be Scalar or instant Vector");
    }
    times.grid.step = options.step.count();
    times.grid.count =
        end < start ? 0 : static_cast<std::size_t>((end - start) / times.grid.step) + 1;
  }
  if (times.grid.count == 0) return run;
  if (times.grid.count > engine.max_samples) {
    return Error(Code::kExecution,
                 "query processing would load too many samples into memory in query execution");
  }
  const std::int64_t lookback = options.lookback.value_or(engine.lookback).count();
  auto plan = MakePlan(expr, times, engine, lookback);
  if (!plan) return std::move(plan).error();
  run->plan_ = std::move(*plan);
  run->timeout_ = std::min(options.timeout.value_or(engine.timeout), engine.timeout);
  if (options.prompt)
    run->timeout_ = std::min<SteadyClock::duration>(run->timeout_, *options.prompt);
  run->execution_.emplace(engine, storage, run->plan_, times, lookback, begun + run->timeout_,
                          options.prompt.has_value(), std::move(stop));
  run->counter_.emplace(times.grid.count);
  run->execution_->set_counter(&*run->counter_);
  run->spent_ = SteadyClock::now() - begun;
  run->stats_.preparation = Seconds(run->spent_);
  return run;
}

Result<QueryResult> QueryRun::Complete(std::string_view text) {
  if (times_.grid.count == 0) {
    QueryResult empty;
    empty.value = Matrix();
    return empty;
  }
  const Workers::Guest guest(engine_.workers);
  const auto evaluating = SteadyClock::now();
  double sort_seconds = 0;
  auto value = EvaluateRoot(sort_seconds);
  spent_ += SteadyClock::now() - evaluating;
  if (!value) return std::move(value).error();
  return Finish(std::move(*value), sort_seconds, text);
}

Result<Value> QueryRun::EvaluateRoot(double& sort_seconds) {
  const Node& root = *plan_.root;
  if (root.type == ValueType::kString) {
    return Value(
        String{FromMillis(times_.grid.start), static_cast<const StringLiteral*>(root.expr)->value});
  }
  if (root.type == ValueType::kMatrix) return EvaluateMatrix(*execution_, root, times_.grid);
  ResultBuilder builder(*execution_, times_.grid, instant_);
  auto done = execution_->Evaluate(root, times_.grid, [&](Row& row) { return builder.Add(row); });
  if (!done) return std::move(done).error();
  auto value = builder.Finish(root.type);
  sort_seconds = builder.sort_seconds();
  return value;
}

Result<> QueryRun::EvaluatePart(ResultBuilder& builder) {
  const Workers::Guest guest(engine_.workers);
  const auto begun = SteadyClock::now();
  execution_->set_deadline(begun + timeout_ - spent_);
  auto done =
      execution_->Evaluate(*plan_.root, times_.grid, [&](Row& row) { return builder.Add(row); });
  spent_ += SteadyClock::now() - begun;
  return done;
}

QueryResult QueryRun::Finish(Value value, double sort_seconds, std::string_view text) {
  QueryResult result;
  result.value = std::move(value);
  result.warnings = execution_->notes().Warnings(text);
  result.infos = execution_->notes().Infos(text);
  result.stats = std::move(stats_);
  QueryStats& stats = result.stats;
  FillStats(engine_, times_.grid, *counter_, execution_->budget().peak_samples(), stats);
  stats.result_sort = sort_seconds;
  stats.eval_total = stats.exec_total = Seconds(spent_);
  stats.inner_eval = stats.eval_total - stats.preparation - sort_seconds;
  return result;
}

}  // namespace meerkat::promql
