#include <cstdint>

#include "promql/exec/operators.h"
#include "promql/exec/samples.h"
#include "promql/funcs/registry.h"

// Functions about time: the calendar, and when samples were taken. All in UTC.
namespace meerkat::promql {
namespace {

struct Civil {
  std::int64_t year = 0;
  int month = 0, day = 0;
  std::int64_t day_number = 0;  // since 1970-01-01
  std::int64_t second_of_day = 0;
};

std::int64_t FloorDivide(std::int64_t a, std::int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

bool IsLeap(std::int64_t year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

// The day's number since 1970-01-01 as a date, over the years of 64-bit seconds, which the standard
// library's calendar does not reach. Years are counted from March, so that leap days come last.
Civil ToDate(std::int64_t day_number) {
  const std::int64_t shifted = day_number + 719468;
  const std::int64_t era = FloorDivide(shifted, 146097);
  const std::int64_t day_of_era = shifted - era * 146097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t month = (5 * day_of_year + 2) / 153;
  Civil civil;
  civil.day = static_cast<int>(day_of_year - (153 * month + 2) / 5 + 1);
  civil.month = static_cast<int>(month < 10 ? month + 3 : month - 9);
  civil.year = year_of_era + era * 400 + (civil.month <= 2 ? 1 : 0);
  civil.day_number = day_number;
  return civil;
}

Civil ToCivil(double seconds) {
  // What no 64-bit integer can hold becomes 2^63 seconds, in the year 292277026596, as upstream has
  // it: 106751991167300 days and 55808 seconds.
  constexpr double kLimit = 9223372036854775808.0;
  if (!(seconds > -kLimit && seconds < kLimit)) {
    Civil civil = ToDate(106751991167300);
    civil.second_of_day = 55808;
    return civil;
  }
  const auto whole = static_cast<std::int64_t>(seconds);
  const std::int64_t day = FloorDivide(whole, 86400);
  Civil civil = ToDate(day);
  civil.second_of_day = whole - day * 86400;
  return civil;
}

int DaysOf(const Civil& civil) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return civil.month == 2 && IsLeap(civil.year) ? 29 : kDays[civil.month - 1];
}

double Minute(double t) {
  return static_cast<double>(ToCivil(t).second_of_day / 60 % 60);
}
double Hour(double t) {
  return static_cast<double>(ToCivil(t).second_of_day / 3600);
}
double DayOfWeek(double t) {
  // 1970-01-01 was a Thursday.
  const std::int64_t since = ToCivil(t).day_number + 4;
  return static_cast<double>(since - FloorDivide(since, 7) * 7);
}
double DayOfMonth(double t) {
  return ToCivil(t).day;
}
double DayOfYear(double t) {
  const Civil civil = ToCivil(t);
  constexpr int kBefore[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
  const bool leap_day_passed = civil.month > 2 && IsLeap(civil.year);
  return kBefore[civil.month - 1] + civil.day + (leap_day_passed ? 1 : 0);
}
double DaysInMonth(double t) {
  return DaysOf(ToCivil(t));
}
double Month(double t) {
  return ToCivil(t).month;
}
double Year(double t) {
  return static_cast<double>(ToCivil(t).year);
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
