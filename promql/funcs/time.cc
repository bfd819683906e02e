#include <algorithm>
#include <chrono>
#include <cmath>

#include "promql/exec/operators.h"
#include "promql/exec/samples.h"
#include "promql/funcs/registry.h"

// Functions about time: the calendar, and when samples were taken. All in UTC.
namespace meerkat::promql {
namespace {

struct Civil {
  std::chrono::sys_days day;
  std::chrono::year_month_day date;
  std::int64_t second_of_day = 0;
};

Civil ToCivil(double seconds) {
  // Beyond some billion years the calendar ends; upstream's conversion is no better defined.
  constexpr double kLimit = 9e11;
  const double whole = std::isnan(seconds) ? 0 : std::clamp(std::trunc(seconds), -kLimit, kLimit);
  const auto time =
      std::chrono::sys_seconds(std::chrono::seconds(static_cast<std::int64_t>(whole)));
  const auto day = std::chrono::floor<std::chrono::days>(time);
  return {day, std::chrono::year_month_day(day), (time - day).count()};
}

double Minute(double t) {
  return static_cast<double>(ToCivil(t).second_of_day / 60 % 60);
}
double Hour(double t) {
  return static_cast<double>(ToCivil(t).second_of_day / 3600);
}
double DayOfWeek(double t) {
  return std::chrono::weekday(ToCivil(t).day).c_encoding();
}
double DayOfMonth(double t) {
  return static_cast<unsigned>(ToCivil(t).date.day());
}
double DayOfYear(double t) {
  const Civil civil = ToCivil(t);
  const auto new_year = std::chrono::sys_days(civil.date.year() / std::chrono::January / 1);
  return static_cast<double>((civil.day - new_year).count() + 1);
}
double DaysInMonth(double t) {
  const Civil civil = ToCivil(t);
  const std::chrono::year_month_day_last last(civil.date.year() / civil.date.month() /
                                              std::chrono::last);
  return static_cast<unsigned>(last.day());
}
double Month(double t) {
  return static_cast<unsigned>(ToCivil(t).date.month());
}
double Year(double t) {
  return static_cast<int>(ToCivil(t).date.year());
}

// Without an argument: of the evaluation time.
template <double (*kPart)(double)>
Result<> DatePart(Execution& execution, const Node& node, const Grid& grid, const RowSink& sink) {
  if (node.children.empty()) {
    Row row;
    row.Clear(grid.count);
    for (std::size_t i = 0; i < grid.count; ++i) {
      row.values[i] = kPart(static_cast<double>(grid.At(i)) / 1000);
    }
    return sink(row);
  }
  return execution.Evaluate(*node.children[0], grid, [&](Row& row) -> Result<> {
    row.histograms.clear();
    bool any = false;
    for (double& value : row.values) {
      if (IsAbsent(value)) continue;
      value = kPart(value);
      any = true;
    }
    if (!any) return {};
    execution.DropName(row);
    return sink(row);
  });
}

// What a plain selector would give, but its samples' times (or start times) for values.
template <typename Value>
Result<> OfSamples(Execution& execution, const Node& selector, const Grid& grid,
                   const RowSink& sink, Value&& value) {
  Row row;
  return execution.ForEachSeries(
      selector.selection,
      [&](const Labels& labels, const tsdb::SeriesColumns& columns) -> Result<> {
        const auto bounds = execution.BoundsFor(selector, grid, columns.times, 0, 0);
        const HistogramColumn histograms(columns, false);
        row.Clear(grid.count);
        bool any = false;
        for (std::size_t i = 0; i < grid.count; ++i) {
          if (bounds->high[i] <= bounds->low[i]) continue;
          const std::uint32_t at = bounds->high[i] - 1;
          const HistogramPtr histogram = histograms.At(at);
          if (histogram != nullptr ? histogram->IsStale() : IsAbsent(columns.values[at])) continue;
          ++execution.counter().touched[i];
          row.values[i] = value(columns, at);
          any |= !IsAbsent(row.values[i]);
        }
        if (!any) return {};
        row.labels = labels;
        row.drop_name = false;
        execution.DropName(row);
        return sink(row);
      });
}

Result<> TimestampOf(Execution& execution, const Node& node, const Grid& grid,
                     const RowSink& sink) {
  const Node& argument = *node.children[0];
  if (argument.kind == Expr::Kind::kVectorSelector && !argument.smoothed) {
    return OfSamples(execution, argument, grid, sink,
                     [](const tsdb::SeriesColumns& columns, std::uint32_t at) {
                       return static_cast<double>(ToMillis((*columns.times)[at])) / 1000;
                     });
  }
  return execution.Evaluate(argument, grid, [&](Row& row) -> Result<> {
    for (std::size_t i = 0; i < grid.count; ++i) {
      if (row.Has(i)) row.values[i] = static_cast<double>(grid.At(i)) / 1000;
    }
    row.histograms.clear();
    execution.DropName(row);
    return sink(row);
  });
}

Result<> StartTimestampOf(Execution& execution, const Node& node, const Grid& grid,
                          const RowSink& sink) {
  const Node& argument = *node.children[0];
  // Only samples as they are stored have a start time.
  if (argument.kind != Expr::Kind::kVectorSelector || argument.smoothed ||
      !execution.options().use_start_timestamps) {
    return execution.Evaluate(argument, grid, [](Row&) -> Result<> { return {}; });
  }
  return OfSamples(execution, argument, grid, sink,
                   [](const tsdb::SeriesColumns& columns, std::uint32_t at) {
                     if (columns.starts.empty() || columns.starts[at] == kMinTime) return Absent();
                     return static_cast<double>(ToMillis(columns.starts[at])) / 1000;
                   });
}

constexpr FunctionImpl kFunctions[] = {
    {.name = "minute", .call = DatePart<Minute>, .uses_time = true},
    {.name = "hour", .call = DatePart<Hour>, .uses_time = true},
    {.name = "day_of_week", .call = DatePart<DayOfWeek>, .uses_time = true},
    {.name = "day_of_month", .call = DatePart<DayOfMonth>, .uses_time = true},
    {.name = "day_of_year", .call = DatePart<DayOfYear>, .uses_time = true},
    {.name = "days_in_month", .call = DatePart<DaysInMonth>, .uses_time = true},
    {.name = "month", .call = DatePart<Month>, .uses_time = true},
    {.name = "year", .call = DatePart<Year>, .uses_time = true},
    {.name = "timestamp", .call = TimestampOf, .uses_time = true},
    {.name = "start_timestamp", .call = StartTimestampOf, .uses_time = true},
};

}  // namespace

std::span<const FunctionImpl> TimeFunctions() {
  return kFunctions;
}

}  // namespace meerkat::promql
