#include "alerting/template/go_time.h"

#include <chrono>
#include <cstdlib>

#include "alerting/template/go_layout.h"

namespace meerkat::alerting::templates {
namespace {

constexpr auto kZeroYear = FromMillis(-62'135'596'800'000);

Result<Value> AddDate(const Value& self, std::span<const Value> args) {
  using namespace std::chrono;
  constexpr std::int64_t kFar = 100'000;
  for (const Value& arg : args) {
    if (std::abs(arg.integer()) > kFar) return Error(Code::kInvalid, "date out of range");
  }
  Moment moment = self.time();
  Civil civil = ToCivil(moment);
  // Months carry into years, days into months, as Go normalises.
  const std::int64_t months =
      civil.year * 12LL + civil.month - 1 + args[0].integer() * 12 + args[1].integer();
  const std::int64_t year = months >= 0 ? months / 12 : (months - 11) / 12;
  const int days_more = static_cast<int>(civil.day) - 1 + static_cast<int>(args[2].integer());
  civil.year = static_cast<int>(year);
  civil.month = static_cast<unsigned>(months - year * 12) + 1;
  civil.day = 1;
  moment.at = FromCivil(civil, moment.offset_seconds) + days(days_more);
  return Value::Time(moment);
}

Value Shifted(const Value& self, Nanos by) {
  Moment moment = self.time();
  moment.at += std::chrono::duration_cast<Millis>(by);
  return Value::Time(moment);
}

Nanos Between(const Value& a, const Value& b) {
  return std::chrono::duration_cast<Nanos>(a.time().at - b.time().at);
}

const Type kMonthType{"time.Month", {}, [](const Value& self) {
                        const auto month = self.integer();
                        return month >= 1 && month <= 12
                                   ? std::string(kMonths[static_cast<std::size_t>(month - 1)])
                                   : "%!Month(" + std::to_string(month) + ")";
                      }};
const Type kWeekdayType{"time.Weekday", {}, [](const Value& self) {
                          return std::string(kWeekdays[static_cast<std::size_t>(self.integer())]);
                        }};

using Args = std::span<const Value>;

}  // namespace

std::string TimeText(const Moment& moment) {
  return FormatTime(moment, "2006-01-02 15:04:05.999999999 -0700 MST");
}

std::string FormatNanos(Nanos duration) {
  const std::int64_t nanos = duration.count();
  if (nanos == 0) return "0s";
  std::uint64_t rest =
      nanos < 0 ? ~static_cast<std::uint64_t>(nanos) + 1 : static_cast<std::uint64_t>(nanos);
  std::string out = nanos < 0 ? "-" : "";
  const auto fraction = [](std::uint64_t value, std::uint64_t unit, int digits) {
    std::string text = std::to_string(value / unit);
    if (std::string part = Padded(static_cast<std::int64_t>(value % unit), digits);
        value % unit != 0) {
      while (part.back() == '0') part.pop_back();
      text += "." + part;
    }
    return text;
  };
  if (rest < 1000) return out + std::to_string(rest) + "ns";
  if (rest < 1'000'000) return out + fraction(rest, 1000, 3) + "µs";
  if (rest < 1'000'000'000) return out + fraction(rest, 1'000'000, 6) + "ms";
  constexpr std::uint64_t kMinute = 60'000'000'000;
  if (rest >= 60 * kMinute) out += std::to_string(rest / (60 * kMinute)) + "h";
  if (rest >= kMinute) out += std::to_string(rest / kMinute % 60) + "m";
  return out + fraction(rest % kMinute, 1'000'000'000, 9) + "s";
}

const Type kTimeType{
    "time.Time",
    {
        {"Unix",
         {},
         [](const Value& t, Args) -> Result<Value> {
           return Value::Int(
               std::chrono::floor<std::chrono::seconds>(t.time().at).time_since_epoch().count());
         }},
        {"UnixMilli",
         {},
         [](const Value& t, Args) -> Result<Value> { return Value::Int(ToMillis(t.time().at)); }},
        {"UnixMicro",
         {},
         [](const Value& t, Args) -> Result<Value> {
           return Value::Int(ToMillis(t.time().at) * 1000);
         }},
        {"UnixNano",
         {},
         [](const Value& t, Args) -> Result<Value> {
           // As Go's, it is of no use outside of 1678 to 2262.
           return Value::Int(static_cast<std::int64_t>(
               static_cast<std::uint64_t>(ToMillis(t.time().at)) * 1'000'000));
         }},
        {"Format",
         {Param::kString},
         [](const Value& t, Args args) -> Result<Value> {
           return Value::String(FormatTime(t.time(), args[0].string()));
         }},
        {"String",
         {},
         [](const Value& t, Args) -> Result<Value> { return Value::String(TimeText(t.time())); }},
        {"Year",
         {},
         [](const Value& t, Args) -> Result<Value> { return Value::Int(ToCivil(t.time()).year); }},
        {"Month",
         {},
         [](const Value& t, Args) -> Result<Value> {
           return Value::Int(ToCivil(t.time()).month, &kMonthType);
         }},
        {"Day",
         {},
         [](const Value& t, Args) -> Result<Value> { return Value::Int(ToCivil(t.time()).day); }},
        {"Weekday",
         {},
         [](const Value& t, Args) -> Result<Value> {
           return Value::Int(ToCivil(t.time()).weekday, &kWeekdayType);
         }},
        {"YearDay",
         {},
         [](const Value& t, Args) -> Result<Value> {
           return Value::Int(ToCivil(t.time()).year_day);
         }},
        {"Hour",
         {},
         [](const Value& t, Args) -> Result<Value> { return Value::Int(ToCivil(t.time()).hour); }},
        {"Minute",
         {},
         [](const Value& t, Args) -> Result<Value> {
           return Value::Int(ToCivil(t.time()).minute);
         }},
        {"Second",
         {},
         [](const Value& t, Args) -> Result<Value> {
           return Value::Int(ToCivil(t.time()).second);
         }},
        {"Nanosecond",
         {},
         [](const Value& t, Args) -> Result<Value> {
           return Value::Int(ToCivil(t.time()).millis * 1'000'000LL);
         }},
        {"Add",
         {Param::kDuration},
         [](const Value& t, Args args) -> Result<Value> { return Shifted(t, args[0].duration()); }},
        {"AddDate", {Param::kInt, Param::kInt, Param::kInt}, AddDate},
        {"Sub",
         {Param::kTime},
         [](const Value& t, Args args) -> Result<Value> {
           return Value::Duration(Between(t, args[0]));
         }},
        {"Before",
         {Param::kTime},
         [](const Value& t, Args args) -> Result<Value> {
           return Value::Bool(t.time().at < args[0].time().at);
         }},
        {"After",
         {Param::kTime},
         [](const Value& t, Args args) -> Result<Value> {
           return Value::Bool(t.time().at > args[0].time().at);
         }},
        {"Equal",
         {Param::kTime},
         [](const Value& t, Args args) -> Result<Value> {
           return Value::Bool(t.time().at == args[0].time().at);
         }},
        {"IsZero",
         {},
         [](const Value& t, Args) -> Result<Value> {
           return Value::Bool(t.time().at == kZeroYear);
         }},
        {"UTC", {}, [](const Value& t, Args) -> Result<Value> { return Value::Time(t.time().at); }},
        {"Local",
         {},
         [](const Value& t, Args) -> Result<Value> { return Value::Time(t.time().at); }},
    },
    [](const Value& t) { return TimeText(t.time()); }};

const Type kDurationType{
    "time.Duration",
    {
        {"Hours",
         {},
         [](const Value& d, Args) -> Result<Value> {
           return Value::Float(static_cast<double>(d.integer()) / 3.6e12);
         }},
        {"Minutes",
         {},
         [](const Value& d, Args) -> Result<Value> {
           return Value::Float(static_cast<double>(d.integer()) / 6e10);
         }},
        {"Seconds",
         {},
         [](const Value& d, Args) -> Result<Value> {
           return Value::Float(static_cast<double>(d.integer()) / 1e9);
         }},
        {"Milliseconds",
         {},
         [](const Value& d, Args) -> Result<Value> { return Value::Int(d.integer() / 1'000'000); }},
        {"Microseconds",
         {},
         [](const Value& d, Args) -> Result<Value> { return Value::Int(d.integer() / 1000); }},
        {"Nanoseconds",
         {},
         [](const Value& d, Args) -> Result<Value> { return Value::Int(d.integer()); }},
        {"Truncate",
         {Param::kDuration},
         [](const Value& d, Args args) -> Result<Value> {
           const std::int64_t unit = args[0].integer();
           return Value::Duration(Nanos(unit <= 0 ? d.integer() : d.integer() / unit * unit));
         }},
        {"Round",
         {Param::kDuration},
         [](const Value& d, Args args) -> Result<Value> {
           const std::int64_t unit = args[0].integer();
           if (unit <= 0) return d;
           const std::int64_t rest = d.integer() % unit;
           std::int64_t rounded = d.integer() - rest;
           if (rest >= unit - rest) rounded += unit;
           if (-rest >= unit + rest) rounded -= unit;
           return Value::Duration(Nanos(rounded));
         }},
        {"Abs",
         {},
         [](const Value& d, Args) -> Result<Value> {
           return Value::Duration(Nanos(std::abs(d.integer())));
         }},
        {"String",
         {},
         [](const Value& d, Args) -> Result<Value> {
           return Value::String(FormatNanos(d.duration()));
         }},
    },
    [](const Value& d) { return FormatNanos(d.duration()); }};

}  // namespace meerkat::alerting::templates
