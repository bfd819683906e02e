#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <stop_token>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "promql/engine.h"
#include "promql/exec/annotations.h"
#include "promql/exec/budget.h"
#include "promql/exec/plan.h"
#include "promql/exec/rows.h"
#include "promql/funcs/window.h"

namespace meerkat::promql {

// Samples a query touches, by step of the grid that is being evaluated.
struct SampleCounter {
  explicit SampleCounter(std::size_t steps) : touched(steps), read(steps) {}
  std::uint64_t Total() const;
  std::vector<std::uint64_t> touched;  // with repetitions: each step counts its window
  std::vector<std::uint64_t> read;     // each sample once
};

// The series of a selection while they are read. Whoever answers a query in parts keeps it from one
// to the next.
struct SeriesFeed {
  std::unique_ptr<tsdb::Querier> querier;  // null until the first is asked for
  std::unique_ptr<tsdb::SeriesSet> series;
  tsdb::SeriesColumns columns;
  std::uint64_t room = std::numeric_limits<std::uint64_t>::max();  // series to be read in this part
  bool done = false;                                               // all have been read
};

// One query on its way: the plan, what it may use, what it has found. Operators are functions that
// take it (exec/operators.h). One thread at a time; nothing outlives Run.
class Execution {
 public:
  Execution(const EngineOptions& options, const tsdb::Storage& storage, const Plan& plan,
            const QueryTimes& query, std::int64_t lookback,
            std::chrono::steady_clock::time_point deadline, bool prompt, std::stop_token stop);
  // For another thread that works for the same query and holds of the same budget: with notes and
  // counters of its own. `whole` outlives it.
  Execution(Execution& whole, SampleCounter& counter);

  // Computes `node` at every time of `grid`, row by row. Rows come in the order of the instant
  // vector; a scalar is one row without labels and with a value at every step.
  Result<> Evaluate(const Node& node, const Grid& grid, const RowSink& sink);
  // All rows at once; `held` counts them.
  Result<std::vector<Row>> Gather(const Node& node, const Grid& grid, Held& held);
  // A scalar at every step.
  Result<std::vector<double>> Scalars(const Node& node, const Grid& grid);

  // kCanceled or kTimeout. Cheap enough for each series.
  Result<> Check();
  // The same at once, for those who ask rarely.
  Result<> CheckNow() const;
  bool prompt() const { return prompt_; }  // QueryOptions::prompt
  // A view of storage that gives up when the query does.
  Result<std::unique_ptr<tsdb::Querier>> NewQuerier(std::int64_t min_time, std::int64_t max_time);
  // The limits of the query, see Held.
  Budget& budget() { return *budget_; }

  Annotations& notes() { return notes_; }
  const EngineOptions& options() const { return options_; }
  const Grid& query_grid() const { return query_.grid; }
  std::int64_t query_end() const { return query_.end; }
  std::int64_t lookback() const { return lookback_; }
  const Plan& plan() const { return plan_; }
  SampleCounter& counter() { return *counter_; }
  void set_counter(SampleCounter* counter) { counter_ = counter; }

  // The labels a name-dropping operator hands on: at once without the name, or with it and the
  // mark that it goes at the end.
  void DropName(Row& row) const;

  // From now on the plan's only selection, which is used once, is read from `feed`, which stays
  // alive as long as this does: Evaluate then gives the rows of the series it has room for.
  void set_feed(SeriesFeed* feed) { feed_ = feed; }
  // Beyond it everything ends with kTimeout.
  void set_deadline(std::chrono::steady_clock::time_point deadline) { deadline_ = deadline; }

  // Series of a selection. `visit` sees columns that stay valid during its call, or, with more than
  // one use of the selection, until the query's end.
  using SeriesVisitor = std::function<Result<>(const Labels&, const tsdb::SeriesColumns&)>;
  // Whether ForEachSeries reads it from storage, for nobody else, in one go.
  bool IsReadOnce(std::size_t selection) const {
    return plan_.selections[selection].uses <= 1 && feed_ == nullptr;
  }
  // Makes ready to read a selection.
  Result<> Open(const Selection& selection, SeriesFeed& feed);
  // Reads the series a set is at. False: it has no samples.
  Result<bool> ReadSeries(tsdb::SeriesSet& series, tsdb::SeriesColumns& columns);
  Result<> ForEachSeries(std::size_t selection, const SeriesVisitor& visit);
  // Straight from storage, whatever the plan says.
  Result<> Read(const Selection& selection, const SeriesVisitor& visit);

  // Which samples of a column of times lie in the window of each step.
  static void FindBounds(const Node& selector, const Grid& grid,
                         const tsdb::SeriesColumns::Times& column, std::int64_t before,
                         std::int64_t after, WindowBounds& bounds);
  // The same, computed once for each distinct column.
  std::shared_ptr<const WindowBounds> BoundsFor(
      const Node& selector, const Grid& grid,
      const std::shared_ptr<const tsdb::SeriesColumns::Times>& times, std::int64_t before,
      std::int64_t after);

 private:
  struct Loaded {
    bool done = false;
    std::vector<Labels> labels;
    std::vector<tsdb::SeriesColumns> columns;
  };
  struct BoundsKey {
    const Node* selector;
    const void* times;
    bool operator==(const BoundsKey&) const = default;
  };
  struct BoundsHash {
    std::size_t operator()(const BoundsKey& key) const {
      return std::hash<const void*>()(key.selector) * 31 + std::hash<const void*>()(key.times);
    }
  };
  struct KeptBounds {
    std::shared_ptr<const tsdb::SeriesColumns::Times> times;  // keeps the address taken
    Grid grid;
    std::shared_ptr<const WindowBounds> bounds;
  };

  Result<> Dispatch(const Node& node, const Grid& grid, const RowSink& sink);
  Result<> EvaluateOnce(const Node& node, const Grid& grid, const RowSink& sink);

  const EngineOptions& options_;
  const tsdb::Storage& storage_;
  const Plan& plan_;
  const QueryTimes query_;
  const std::int64_t lookback_;
  std::chrono::steady_clock::time_point deadline_;
  const bool prompt_;  // QueryOptions::prompt
  const std::stop_token stop_;
  Annotations notes_;
  std::vector<Loaded> loaded_;
  std::unordered_map<BoundsKey, KeptBounds, BoundsHash> bounds_;
  std::size_t bounds_cells_ = 0;
  SampleCounter* counter_ = nullptr;
  SeriesFeed* feed_ = nullptr;
  std::unique_ptr<Budget> own_budget_;
  Budget* const budget_;
  std::uint32_t checks_ = 0;
};

}  // namespace meerkat::promql
