#include "alerting/time_interval.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <span>

#include "base/quote.h"

namespace meerkat::alerting {
namespace {

constexpr std::array<std::string_view, 7> kWeekdays = {"sunday",   "monday", "tuesday", "wednesday",
                                                       "thursday", "friday", "saturday"};
constexpr std::array<std::string_view, 12> kMonths = {
    "january", "february", "march",     "april",   "may",      "june",
    "july",    "august",   "september", "october", "november", "december"};

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

std::optional<int> IndexOf(std::span<const std::string_view> names, std::string_view text) {
  const auto found = std::find(names.begin(), names.end(), Lower(text));
  if (found == names.end()) return std::nullopt;
  return static_cast<int>(found - names.begin());
}

std::optional<int> ToInt(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Error Invalid(std::string message) {
  return {Code::kInvalid, std::move(message)};
}

Error NotANumber(std::string_view text) {
  return Invalid("strconv.Atoi: parsing " + Quote(text) + ": invalid syntax");
}

// `a` or `a:b`, each end read by `parse`.
template <typename Parse>
Result<Range> ParseRange(std::string_view text, const Parse& parse) {
  const auto colon = text.find(':');
  if (colon != std::string_view::npos && text.find(':', colon + 1) != std::string_view::npos) {
    return Invalid("couldn't parse range " + std::string(text) + ", invalid format");
  }
  const Result<int> begin = parse(text.substr(0, colon));
  if (!begin) return begin.error();
  const Result<int> end = colon == std::string_view::npos ? begin : parse(text.substr(colon + 1));
  if (!end) return end.error();
  return Range{*begin, *end};
}

bool AnyContains(const std::vector<Range>& ranges, int value) {
  return std::any_of(ranges.begin(), ranges.end(), [value](const Range& range) {
    return range.begin <= value && value <= range.end;
  });
}

}  // namespace

Result<int> ParseTimeOfDay(std::string_view text) {
  const auto digit = [&text](std::size_t i) { return text[i] >= '0' && text[i] <= '9'; };
  const auto number = [&text](std::size_t i) { return (text[i] - '0') * 10 + (text[i + 1] - '0'); };
  if (text.size() == 5 && digit(0) && digit(1) && text[2] == ':' && digit(3) && digit(4) &&
      number(3) < 60) {
    const int minutes = number(0) * 60 + number(3);
    if (minutes <= 24 * 60) return minutes;
  }
  return Invalid("couldn't parse timestamp " + std::string(text) + ", invalid format");
}

Result<Range> ParseWeekdays(std::string_view text) {
  auto range = ParseRange(text, [](std::string_view name) -> Result<int> {
    if (const auto day = IndexOf(kWeekdays, name)) return *day;
    return Invalid(std::string(name) + " is not a valid weekday");
  });
  if (range && range->begin > range->end) return Invalid("start day cannot be before end day");
  return range;
}

Result<Range> ParseDaysOfMonth(std::string_view text) {
  auto range = ParseRange(text, [](std::string_view number) -> Result<int> {
    if (const auto day = ToInt(number)) return *day;
    return NotANumber(number);
  });
  if (!range) return range;
  for (const int day : {range->begin, range->end}) {
    if (day == 0 || day < -31 || day > 31) {
      return Invalid(std::to_string(day) + " is not a valid day of the month: out of range");
    }
  }
  if (range->begin < 0 && range->end > 0) {
    return Invalid("end day must be negative if start day is negative");
  }
  // Days counted from the end are compared as upstream compares them, in a month of 28 days with
  // -1 its 27th: stricter than the longest month would allow.
  const auto in_february = [](int number) { return number < 0 ? 28 + number : number; };
  if (in_february(range->begin) > in_february(range->end)) {
    return Invalid("end day " + std::to_string(range->end) + " is always before start day " +
                   std::to_string(range->begin));
  }
  return range;
}

Result<Range> ParseMonths(std::string_view text) {
  auto range = ParseRange(text, [](std::string_view name) -> Result<int> {
    if (const auto month = IndexOf(kMonths, name)) return *month + 1;
    // Numbers past December are upstream's to accept; they never hold.
    if (const auto number = ToInt(name)) return *number;
    return Invalid(std::string(name) + " is not a valid month");
  });
  if (range && range->begin > range->end) {
    const auto colon = text.find(':');
    return Invalid("end month " + Lower(text.substr(colon + 1)) + " is before start month " +
                   Lower(text.substr(0, colon)));
  }
  return range;
}

Result<Range> ParseYears(std::string_view text) {
  auto range = ParseRange(text, [](std::string_view number) -> Result<int> {
    if (const auto year = ToInt(number)) return *year;
    return NotANumber(number);
  });
  if (range && range->begin > range->end)
    return Invalid("end year " + std::to_string(range->end) + " is before start year " +
                   std::to_string(range->begin));
  return range;
}

bool TimeInterval::Contains(Timestamp t) const {
  if (zone != nullptr) t += std::chrono::seconds(zone->At(t).offset);
  const auto day = std::chrono::floor<std::chrono::days>(t);
  const std::chrono::year_month_day date(day);

  if (!times.empty()) {
    const auto minute = std::chrono::duration_cast<std::chrono::minutes>(t - day).count();
    if (std::none_of(times.begin(), times.end(), [minute](const Times& span) {
          return span.start_minute <= minute && minute < span.end_minute;
        })) {
      return false;
    }
  }
  if (!days_of_month.empty()) {
    const auto last = static_cast<int>(
        static_cast<unsigned>((date.year() / date.month() / std::chrono::last).day()));
    const auto today = static_cast<int>(static_cast<unsigned>(date.day()));
    const auto from_start = [last](int number) { return number < 0 ? last + number + 1 : number; };
    if (std::none_of(days_of_month.begin(), days_of_month.end(), [&](const Range& range) {
          return from_start(range.begin) <= today && today <= from_start(range.end);
        })) {
      return false;
    }
  }
  if (!months.empty() &&
      !AnyContains(months, static_cast<int>(static_cast<unsigned>(date.month())))) {
    return false;
  }
  const auto weekday = static_cast<int>(std::chrono::weekday(day).c_encoding());
  if (!weekdays.empty() && !AnyContains(weekdays, weekday)) return false;
  return years.empty() || AnyContains(years, static_cast<int>(date.year()));
}

bool NamedIntervals::Contains(Timestamp t) const {
  return std::any_of(intervals.begin(), intervals.end(),
                     [t](const TimeInterval& interval) { return interval.Contains(t); });
}

}  // namespace meerkat::alerting
