#include "promql/engine.h"

#include <algorithm>
#include <chrono>

#include "promql/exec/execution.h"
#include "promql/exec/operators.h"
#include "promql/exec/plan.h"
#include "promql/histogram_buckets.h"

namespace meerkat::promql {
namespace {

using SteadyClock = std::chrono::steady_clock;

double SecondsSince(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

// Times beyond this (36 million years) are taken for it: no sum of offsets can overflow then.
constexpr std::int64_t kFarthest = std::int64_t{1} << 60;

Error SameLabelset() {
  return Error(Code::kExecution, "vector cannot contain metrics with the same labelset");
}

// Turns the rows of the outermost operator into the value of the query.
class ResultBuilder {
 public:
  ResultBuilder(Execution& execution, const Grid& grid, bool instant)
      : execution_(execution), grid_(grid), instant_(instant) {}

  Result<> Add(Row& row) {
    Labels labels = row.drop_name ? WithoutMetadata(row.labels) : row.labels;
    return instant_ ? AddSample(std::move(labels), row) : AddSeries(std::move(labels), row);
  }

  Result<Value> Finish(ValueType type) {
    if (instant_ && type == ValueType::kScalar) {
      return Value(Scalar{FromMillis(grid_.start), vector_.empty() ? 0 : vector_[0].value});
    }
    if (instant_) {
      std::unordered_map<Labels, int> seen;
      for (const VectorSample& sample : vector_) {
        if (++seen[sample.labels] > 1) return SameLabelset();
      }
      return Value(std::move(vector_));
    }
    const auto begun = SteadyClock::now();
    std::sort(matrix_.begin(), matrix_.end(),
              [](const auto& a, const auto& b) { return a.labels < b.labels; });
    sort_seconds_ = SecondsSince(begun);
    if (auto merged = MergeEqual(); !merged) return std::move(merged).error();
    return Value(std::move(matrix_));
  }

  // Of the sort in Finish.
  double sort_seconds() const { return sort_seconds_; }

 private:
  Result<> AddSample(Labels labels, Row& row) {
    if (!row.Has(0)) return {};
    VectorSample sample;
    sample.labels = std::move(labels);
    sample.time = FromMillis(grid_.start);
    sample.value = row.values[0];
    if (row.HasHistogram(0)) {
      sample.value = 0;
      sample.histogram = row.histograms[0];
    }
    vector_.push_back(std::move(sample));
    return execution_.Hold(1);
  }

  Result<> AddSeries(Labels labels, Row& row) {
    const auto floats = static_cast<std::size_t>(std::count_if(
        row.values.begin(), row.values.end(), [](double value) { return !IsAbsent(value); }));
    MatrixSeries series;
    series.floats.reserve(floats);
    std::uint64_t weight = floats;
    for (std::size_t i = 0; i < grid_.count; ++i) {
      if (!IsAbsent(row.values[i])) {
        series.floats.push_back({FromMillis(grid_.At(i)), row.values[i]});
      } else if (row.HasHistogram(i)) {
        weight += SampleWeight(*row.histograms[i]);
        series.histograms.push_back({FromMillis(grid_.At(i)), row.histograms[i]});
      }
    }
    if (series.floats.empty() && series.histograms.empty()) return {};
    series.labels = std::move(labels);
    matrix_.push_back(std::move(series));
    return execution_.Hold(weight);
  }

  // Series that only their dropped name told apart are one, as long as no step has both.
  Result<> MergeEqual() {
    std::size_t kept = 0;
    for (std::size_t i = 1; i < matrix_.size(); ++i) {
      if (matrix_[i].labels == matrix_[kept].labels) {
        if (!Merge(matrix_[kept], matrix_[i])) return SameLabelset();
      } else if (++kept != i) {
        matrix_[kept] = std::move(matrix_[i]);
      }
    }
    if (!matrix_.empty()) matrix_.resize(kept + 1);
    return {};
  }

  static bool Merge(MatrixSeries& into, MatrixSeries& from) {
    const auto by_time = [](const auto& a, const auto& b) { return a.time < b.time; };
    const auto join = [&](auto& to, auto& more) {
      to.insert(to.end(), more.begin(), more.end());
      std::sort(to.begin(), to.end(), by_time);
      return std::adjacent_find(to.begin(), to.end(), [](const auto& a, const auto& b) {
               return a.time == b.time;
             }) == to.end();
    };
    if (!join(into.floats, from.floats) || !join(into.histograms, from.histograms)) return false;
    // A float and a histogram at one time collide, too.
    auto histogram = into.histograms.begin();
    for (const FloatPoint& point : into.floats) {
      while (histogram != into.histograms.end() && histogram->time < point.time) ++histogram;
      if (histogram != into.histograms.end() && histogram->time == point.time) return false;
    }
    return true;
  }

  Execution& execution_;
  const Grid& grid_;
  const bool instant_;
  Vector vector_;
  Matrix matrix_;
  double sort_seconds_ = 0;
};

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
