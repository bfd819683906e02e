#include <algorithm>

#include "promql/exec/map_series.h"
#include "promql/exec/operators.h"
#include "promql/exec/samples.h"
#include "promql/funcs/registry.h"
#include "promql/histogram_buckets.h"

// Range vectors, and the functions that slide over them.
namespace meerkat::promql {
namespace {

// The rows of a subquery's inner expression as series of samples.
void RowToRange(Row& row, const Grid& grid,
                const std::shared_ptr<const tsdb::SeriesColumns::Times>& all_times,
                RangeSeries& out) {
  out.labels = row.labels;
  out.drop_name = row.drop_name;
  out.starts = {};  // a computed value has no start time
  out.histogram_times.clear();
  out.histograms.clear();
  out.histogram_starts.clear();
  const bool complete =
      row.histograms.empty() && std::none_of(row.values.begin(), row.values.end(), IsAbsent);
  if (complete) {
    out.times = all_times;
    out.values = row.values;
    return;
  }
  auto times = std::make_shared<tsdb::SeriesColumns::Times>();
  out.own_values.clear();
  for (std::size_t i = 0; i < grid.count; ++i) {
    if (!IsAbsent(row.values[i])) {
      times->push_back(FromMillis(grid.At(i)));
      out.own_values.push_back(row.values[i]);
    } else if (row.HasHistogram(i)) {
      out.histogram_times.push_back(FromMillis(grid.At(i)));
      out.histograms.push_back(row.histograms[i]);
    }
  }
  out.times = std::move(times);
  out.values = out.own_values;
}

std::int64_t FirstMultipleAfter(std::int64_t step, std::int64_t time) {
  std::int64_t multiple = time / step * step;
  if (multiple <= time) multiple += step;
  return multiple;
}

Result<> ForEachOfSubquery(Execution& execution, const Node& node, const Grid& grid,
                           const RangeVisitor& visit) {
  const std::int64_t first = FirstMultipleAfter(node.step, RangeAt(node, grid, 0).start);
  const std::int64_t last = RangeAt(node, grid, grid.count - 1).end;
  if (first > last) return {};
  const auto count = static_cast<std::uint64_t>((last - first) / node.step) + 1;
  // One series of this many steps would be refused: so is the first.
  Held held(execution.budget());
  if (auto ok = held.Add(OfColumn(count)); !ok) return ok;
  const Grid inner{first, node.step, count};
  auto all_times = std::make_shared<tsdb::SeriesColumns::Times>(inner.count);
  for (std::size_t i = 0; i < inner.count; ++i) (*all_times)[i] = FromMillis(inner.At(i));

  // What the inner expression reads is not what the query is charged for, its windows are.
  SampleCounter inner_counter(inner.count);
  SampleCounter* const outer = &execution.counter();
  execution.set_counter(&inner_counter);
  RangeSeries series;
  auto done = execution.Evaluate(*node.children[0], inner, [&](Row& row) -> Result<> {
    RowToRange(row, inner, all_times, series);
    execution.set_counter(outer);
    auto visited = visit(series);
    execution.set_counter(&inner_counter);
    return visited;
  });
  execution.set_counter(outer);
  return done;
}

template <typename T>
std::span<const T> Slice(std::span<const T> column, std::uint32_t low, std::uint32_t high) {
  return column.empty() ? column : column.subspan(low, high - low);
}

// Computes the windows of one series one by one.
Result<bool> SlideOver(RangeCall& call, RangeFunction function, const RangeSeries& series,
                       const Grid& grid, const WindowBounds& floats, Row& row) {
  Execution& execution = call.execution;
  std::shared_ptr<const WindowBounds> histograms;
  if (!series.histograms.empty()) {
    const auto times = std::make_shared<const tsdb::SeriesColumns::Times>(series.histogram_times);
    histograms =
        execution.BoundsFor(call.argument, grid, times, ReadBefore(execution, call.argument),
                            ReadAfter(execution, call.argument));
    CountHistograms(execution.counter(), *histograms, series.histograms, call.argument.find_resets);
  }
  bool any = false;
  Window window;
  const std::span<const Timestamp> times = *series.times;
  for (std::size_t i = 0; i < grid.count; ++i) {
    if (i % 1024 == 1023) {
      if (auto ok = execution.Check(); !ok) return std::move(ok).error();
    }
    const std::uint32_t low = floats.low[i], high = floats.high[i];
    std::uint32_t first = 0, last = 0;
    if (histograms != nullptr) {
      first = histograms->low[i];
      last = histograms->high[i];
    }
    if (low == high && first == last) continue;
    window.times = Slice(times, low, high);
    window.values = Slice(series.values, low, high);
    window.starts = Slice(series.starts, low, high);
    window.histogram_times = Slice(std::span<const Timestamp>(series.histogram_times), first, last);
    window.histograms = Slice(std::span<const HistogramPtr>(series.histograms), first, last);
    window.histogram_starts =
        Slice(std::span<const Timestamp>(series.histogram_starts), first, last);
    const Span span = RangeAt(call.argument, grid, i);
    window.start = span.start;
    window.end = span.end;
    window.now = grid.At(i);
    Outcome outcome;
    if (auto ok = function(call, window, i, outcome); !ok) return std::move(ok).error();
    if (outcome.histogram != nullptr) {
      row.SetHistogram(i, std::move(outcome.histogram));
      any = true;
    } else if (!IsAbsent(outcome.value)) {
      row.values[i] = outcome.value;
      any = true;
    }
  }
  return any;
}

// Series with the same windows count the same samples: they are counted once and multiplied.
class SampleTally {
 public:
  void Add(SampleCounter& counter, const SharedBounds& bounds) {
    if (bounds == bounds_) {
      ++series_;
      return;
    }
    Settle(counter);
    bounds_ = bounds;
    series_ = 1;
  }
  void Settle(SampleCounter& counter) {
    if (series_ > 0) CountSamples(counter, *bounds_, series_);
    series_ = 0;
  }

 private:
  SharedBounds bounds_;
  std::uint64_t series_ = 0;
};

// Tells the author of rate(temperature[5m]) that this is no counter.
void WarnIfNotCounter(RangeCall& call, const Row& row) {
  const std::string_view function = call.node.function->name;
  if (function != "rate" && function != "increase") return;
  const std::string_view name = call.metric_name();
  if (name.empty() || std::all_of(row.values.begin(), row.values.end(), IsAbsent)) return;
  if (call.execution.options().type_and_unit_labels) {
    const std::string_view type = call.labels->Get("__type__");
    if (type == "counter" || type == "histogram") return;
    call.execution.notes().Add(Note::kPossibleNonCounterType, call.Position(),
                               "\"" + std::string(type) + "\": \"" + std::string(name) + "\"");
    return;
  }
  for (const std::string_view suffix : {"_total", "_sum", "_count", "_bucket"}) {
    if (name.ends_with(suffix)) return;
  }
  call.execution.notes().Add(Note::kPossibleNonCounter, call.Position(), name);
}

// A call's value over the windows of each series.
class RangeRows : public RowMaker {
 public:
  RangeRows(Execution& execution, const Node& node, const Node& argument, const Grid& grid,
            std::vector<std::vector<double>> arguments)
      : execution_(execution),
        node_(node),
        grid_(grid),
        call_{execution, node, argument, nullptr, std::move(arguments), argument.range, {}} {}

  Result<bool> Make(const Labels& labels, const tsdb::SeriesColumns& columns, Row& row) override {
    PrepareRange(columns, call_.argument.find_resets, series_);
    series_.labels = labels;
    return MakeFrom(series_, row);
  }

  Result<bool> MakeFrom(RangeSeries& series, Row& row) {
    const FunctionImpl& function = *node_.function;
    const Node& argument = call_.argument;
    const auto bounds =
        execution_.BoundsFor(argument, grid_, series.times, ReadBefore(execution_, argument),
                             ReadAfter(execution_, argument));
    tally_.Add(execution_.counter(), bounds);
    row.Clear(grid_.count);
    call_.labels = &series.labels;
    const bool look_around = argument.anchored || argument.smoothed;
    if (function.kernel != nullptr && series.histograms.empty() && series.starts.empty() &&
        !look_around) {
      function.kernel(call_, series, bounds, grid_, row.values);
      if (std::all_of(row.values.begin(), row.values.end(), IsAbsent)) return false;
    } else {
      auto any = SlideOver(call_, function.range, series, grid_, *bounds, row);
      if (!any || !*any) return any;
    }
    WarnIfNotCounter(call_, row);
    row.labels = series.labels;
    row.drop_name = series.drop_name;
    if (!function.keeps_name) execution_.DropName(row);
    return true;
  }

  void Finish() override { tally_.Settle(execution_.counter()); }

 private:
  Execution& execution_;
  const Node& node_;
  const Grid& grid_;
  RangeCall call_;
  SampleTally tally_;
  RangeSeries series_;
};

}  // namespace

void CountSamples(SampleCounter& counter, const WindowBounds& bounds, std::uint64_t series) {
  std::uint32_t seen = 0;
  for (std::size_t i = 0; i < bounds.low.size(); ++i) {
    const std::uint32_t low = bounds.low[i], high = bounds.high[i];
    counter.touched[i] += series * (high - low);
    counter.read[i] += series * (high - std::min(high, std::max(seen, low)));
    seen = high;
  }
}

void CountHistograms(SampleCounter& counter, const WindowBounds& bounds,
                     const std::vector<HistogramPtr>& histograms, bool without_buckets) {
  std::vector<std::uint64_t> sums(histograms.size() + 1);
  for (std::size_t i = 0; i < histograms.size(); ++i) {
    sums[i + 1] = sums[i] + SampleWeight(*histograms[i], without_buckets);
  }
  std::uint32_t seen = 0;
  for (std::size_t i = 0; i < bounds.low.size(); ++i) {
    const std::uint32_t low = bounds.low[i], high = bounds.high[i];
    counter.touched[i] += sums[high] - sums[low];
    counter.read[i] += sums[high] - sums[std::min(high, std::max(seen, low))];
    seen = high;
  }
}

PositionRange RangeCall::Position() const {
  const Node& first = *node.children[0];
  return first.kind == Expr::Kind::kSubquery ? PositionRange() : first.position;
}

std::int64_t ReadBefore(const Execution& execution, const Node& node) {
  return node.anchored || node.smoothed ? execution.lookback() : 0;
}

std::int64_t ReadAfter(const Execution& execution, const Node& node) {
  return node.smoothed ? execution.lookback() : 0;
}

Result<> ForEachRange(Execution& execution, const Node& node, const Grid& grid,
                      const RangeVisitor& visit) {
  if (node.kind == Expr::Kind::kSubquery) return ForEachOfSubquery(execution, node, grid, visit);
  RangeSeries series;
  return execution.ForEachSeries(node.selection,
                                 [&](const Labels& labels, const tsdb::SeriesColumns& columns) {
                                   PrepareRange(columns, node.find_resets, series);
                                   series.labels = labels;
                                   return visit(series);
                                 });
}

Result<> CallOverRange(Execution& execution, const Node& node, const Grid& grid,
                       const RowSink& sink) {
  const auto is_range = [](const auto& child) { return child->type == ValueType::kMatrix; };
  const Node& argument = **std::find_if(node.children.begin(), node.children.end(), is_range);
  std::vector<std::vector<double>> arguments(node.children.size());
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    if (node.children[i]->type != ValueType::kScalar) continue;
    auto scalars = execution.Scalars(*node.children[i], grid);
    if (!scalars) return std::move(scalars).error();
    arguments[i] = std::move(*scalars);
  }

  // Dropping the name can make one series of two only when they differ in nothing else.
  const bool may_collide =
      node.names_vary && !node.function->keeps_name && !execution.options().delayed_name_removal;
  UniqueRows unique(execution);
  const RowSink collect = [&](Row& row) { return may_collide ? unique.Add(row) : sink(row); };
  Result<> done;
  if (argument.kind == Expr::Kind::kSubquery) {
    RangeRows rows(execution, node, argument, grid, std::move(arguments));
    Row row;
    done = ForEachOfSubquery(execution, argument, grid, [&](RangeSeries& series) -> Result<> {
      auto made = rows.MakeFrom(series, row);
      if (!made) return std::move(made).error();
      return *made ? collect(row) : Result<>();
    });
    rows.Finish();
  } else {
    const auto new_maker = [&](Execution& own) -> std::unique_ptr<RowMaker> {
      return std::make_unique<RangeRows>(own, node, argument, grid, arguments);
    };
    done = MapSeries(execution, argument.selection, grid, new_maker, collect);
  }
  if (done && may_collide) done = unique.Flush(sink);
  return done;
}

}  // namespace meerkat::promql
