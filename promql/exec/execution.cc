#include "promql/exec/execution.h"

#include <algorithm>
#include <numeric>

#include "promql/exec/operators.h"
#include "promql/funcs/registry.h"

namespace meerkat::promql {

std::uint64_t SampleCounter::Total() const {
  return std::accumulate(touched.begin(), touched.end(), std::uint64_t{0});
}

Execution::Execution(const EngineOptions& options, const tsdb::Storage& storage, const Plan& plan,
                     const QueryTimes& query, std::int64_t lookback,
                     std::chrono::steady_clock::time_point deadline, bool prompt,
                     std::stop_token stop)
    : options_(options),
      storage_(storage),
      plan_(plan),
      query_(query),
      lookback_(lookback),
      deadline_(deadline),
      prompt_(prompt),
      stop_(std::move(stop)),
      loaded_(plan.selections.size()),
      own_budget_(std::make_unique<Budget>(options.max_samples, options.max_memory)),
      budget_(own_budget_.get()) {}

Execution::Execution(Execution& whole, SampleCounter& counter)
    : options_(whole.options_),
      storage_(whole.storage_),
      plan_(whole.plan_),
      query_(whole.query_),
      lookback_(whole.lookback_),
      deadline_(whole.deadline_),
      prompt_(whole.prompt_),
      stop_(whole.stop_),
      counter_(&counter),
      budget_(whole.budget_) {}

Result<> Execution::Check() {
  if (stop_.stop_requested()) {
    return Error(Code::kCanceled, "query was canceled in expression evaluation");
  }
  // Reading the clock costs more than the test above: every 32nd time is often enough.
  return checks_++ % 32 == 0 ? CheckNow() : Result<>();
}

Result<> Execution::CheckNow() const {
  if (stop_.stop_requested()) {
    return Error(Code::kCanceled, "query was canceled in expression evaluation");
  }
  if (std::chrono::steady_clock::now() > deadline_) {
    return Error(Code::kTimeout, "query timed out in expression evaluation");
  }
  return {};
}

Result<std::unique_ptr<tsdb::Querier>> Execution::NewQuerier(std::int64_t min_time,
                                                             std::int64_t max_time) {
  auto querier = storage_.NewQuerier({FromMillis(min_time), FromMillis(max_time)});
  if (!querier) return querier;
  if (prompt_ && (*querier)->may_read_disk()) {
    return Error(Code::kTimeout, "the query may have to wait for a disk");
  }
  // A prompt query asks as often as a fraction of its time is together.
  constexpr std::uint64_t kOften = 50'000, kSeldom = 5'000'000;
  (*querier)->InterruptBy(
      tsdb::Interrupt([this] { return CheckNow(); }, prompt_ ? kOften : kSeldom));
  return querier;
}

Result<> Execution::Evaluate(const Node& node, const Grid& grid, const RowSink& sink) {
  if (node.constant && grid.count > 1 && node.kind != Expr::Kind::kNumber) {
    return EvaluateOnce(node, grid, sink);
  }
  return Dispatch(node, grid, sink);
}

// At the first step only, then repeated for the others.
Result<> Execution::EvaluateOnce(const Node& node, const Grid& grid, const RowSink& sink) {
  SampleCounter once(1);
  SampleCounter* const outer = std::exchange(counter_, &once);
  Row wide;
  auto done = Dispatch(node, Grid{grid.start, grid.step, 1}, [&](Row& row) -> Result<> {
    wide.labels = row.labels;
    wide.drop_name = row.drop_name;
    wide.values.assign(grid.count, row.values[0]);
    wide.histograms.clear();
    if (row.HasHistogram(0)) wide.histograms.assign(grid.count, row.histograms[0]);
    return sink(wide);
  });
  counter_ = outer;
  for (std::size_t i = 0; i < grid.count; ++i) outer->touched[i] += once.touched[0];
  outer->read[0] += once.read[0];
  return done;
}

Result<> Execution::Dispatch(const Node& node, const Grid& grid, const RowSink& sink) {
  if (auto ok = Check(); !ok) return ok;
  switch (node.kind) {
    case Expr::Kind::kNumber: {
      Row row;
      row.values.assign(grid.count, node.number);
      return sink(row);
    }
    case Expr::Kind::kUnary:
      return Negate(*this, node, grid, sink);
    case Expr::Kind::kBinary:
      return Binary(*this, node, grid, sink);
    case Expr::Kind::kAggregate:
      return Aggregate(*this, node, grid, sink);
    case Expr::Kind::kCall:
      return Call(*this, node, grid, sink);
    case Expr::Kind::kVectorSelector:
      return node.smoothed ? SelectSmoothed(*this, node, grid, sink)
                           : SelectInstant(*this, node, grid, sink);
    case Expr::Kind::kString:
    case Expr::Kind::kMatrixSelector:
    case Expr::Kind::kSubquery:
    case Expr::Kind::kParen:
      break;
  }
  return Error(Code::kInternal, "a range vector or string stands where a vector is computed");
}

Result<std::vector<Row>> Execution::Gather(const Node& node, const Grid& grid, Held& held) {
  std::vector<Row> rows;
  auto done = Evaluate(node, grid, [&](Row& row) -> Result<> {
    if (auto ok = held.Add(Of(row)); !ok) return ok;
    rows.push_back(std::move(row));
    return {};
  });
  if (!done) return std::move(done).error();
  return rows;
}

Result<std::vector<double>> Execution::Scalars(const Node& node, const Grid& grid) {
  std::vector<double> out;
  auto done = Evaluate(node, grid, [&](Row& row) -> Result<> {
    out = std::move(row.values);
    return {};
  });
  if (!done) return std::move(done).error();
  return out;
}

void Execution::DropName(Row& row) const {
  if (options_.delayed_name_removal) {
    row.drop_name = true;
  } else {
    row.labels = WithoutMetadata(row.labels);
  }
}

Result<> Execution::Open(const Selection& selection, SeriesFeed& feed) {
  auto querier = NewQuerier(selection.min_time, selection.max_time);
  if (!querier) return std::move(querier).error();
  feed.querier = std::move(*querier);
  auto series = feed.querier->Select(*selection.matchers,
                                     {.sorted = selection.sorted, .newest = selection.newest});
  if (!series) return std::move(series).error();
  feed.series = std::move(*series);
  for (const std::string& damage : feed.querier->Damage()) notes_.AddUnreadable(damage);
  return {};
}

Result<bool> Execution::ReadSeries(tsdb::SeriesSet& series, tsdb::SeriesColumns& columns) {
  // What can be read of a damaged database is an answer, and the client hears what is missing.
  auto read = series.Read(columns);
  if (!read) {
    if (read.error().code() != Code::kCorruption) return std::move(read).error();
    notes_.AddUnreadable(read.error().message());
  }
  return columns.size() > 0;
}

Result<> Execution::Read(const Selection& selection, const SeriesVisitor& visit) {
  SeriesFeed own;
  SeriesFeed& feed = feed_ != nullptr ? *feed_ : own;
  if (feed.series == nullptr) {
    if (auto opened = Open(selection, feed); !opened) return opened;
  }
  tsdb::SeriesColumns& columns = feed.columns;
  for (; feed.room > 0; --feed.room) {
    if (auto ok = Check(); !ok) return ok;
    auto more = feed.series->Next();
    if (!more) return std::move(more).error();
    feed.done = !*more;
    if (feed.done) return {};
    auto read = ReadSeries(*feed.series, columns);
    if (!read) return std::move(read).error();
    if (!*read) continue;
    if (auto visited = visit(feed.series->labels(), columns); !visited) return visited;
  }
  return {};
}

Result<> Execution::ForEachSeries(std::size_t index, const SeriesVisitor& visit) {
  const Selection& selection = plan_.selections[index];
  if (selection.uses <= 1) {
    return Read(selection, [&](const Labels& labels, const tsdb::SeriesColumns& columns) {
      Held held(*budget_);
      auto ok = held.Add(Of(columns));
      return ok ? visit(labels, columns) : std::move(ok);
    });
  }
  Loaded& loaded = loaded_[index];
  if (!loaded.done) {
    auto read =
        Read(selection, [&](const Labels& labels, const tsdb::SeriesColumns& columns) -> Result<> {
          if (auto ok = budget_->Take(Of(columns)); !ok) return ok;
          loaded.labels.push_back(labels);
          loaded.columns.push_back(columns);
          return {};
        });
    if (!read) return read;
    loaded.done = true;
  }
  for (std::size_t i = 0; i < loaded.labels.size(); ++i) {
    if (auto ok = Check(); !ok) return ok;
    if (auto visited = visit(loaded.labels[i], loaded.columns[i]); !visited) return visited;
  }
  return {};
}

void Execution::FindBounds(const Node& selector, const Grid& grid,
                           const tsdb::SeriesColumns::Times& column, std::int64_t before,
                           std::int64_t after, WindowBounds& bounds) {
  bounds.low.resize(grid.count);
  bounds.high.resize(grid.count);
  const auto size = static_cast<std::uint32_t>(column.size());
  std::uint32_t low = 0, high = 0;
  for (std::size_t i = 0; i < grid.count; ++i) {
    const Span span = RangeAt(selector, grid, i);
    const Timestamp left = FromMillis(span.start - before);
    const Timestamp right = FromMillis(span.end + after);
    if (i == 0) {
      low = static_cast<std::uint32_t>(std::upper_bound(column.begin(), column.end(), left) -
                                       column.begin());
      high = low;
    }
    while (low < size && column[low] <= left) ++low;
    if (high < low) high = low;
    while (high < size && column[high] <= right) ++high;
    bounds.low[i] = low;
    bounds.high[i] = high;
  }
}

std::shared_ptr<const WindowBounds> Execution::BoundsFor(
    const Node& selector, const Grid& grid,
    const std::shared_ptr<const tsdb::SeriesColumns::Times>& times, std::int64_t before,
    std::int64_t after) {
  const BoundsKey key{&selector, times.get()};
  if (const auto it = bounds_.find(key); it != bounds_.end()) {
    const Grid& known = it->second.grid;
    if (known.start == grid.start && known.step == grid.step && known.count == grid.count) {
      return it->second.bounds;
    }
  }
  auto bounds = std::make_shared<WindowBounds>();
  FindBounds(selector, grid, *times, before, after, *bounds);
  // Bounded: after some 64 MB of it the cache starts anew.
  constexpr std::size_t kMaxCells = 8 << 20;
  bounds_cells_ += grid.count;
  if (bounds_cells_ > kMaxCells) {
    bounds_.clear();
    bounds_cells_ = grid.count;
  }
  bounds_[key] = {times, grid, bounds};
  return bounds;
}

}  // namespace meerkat::promql
