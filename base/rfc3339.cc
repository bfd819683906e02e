#include "base/rfc3339.h"

#include <cstdio>

namespace meerkat {
namespace {

std::string Format(Timestamp t, bool always_fraction) {
  const auto day = std::chrono::floor<std::chrono::days>(t);
  const std::chrono::year_month_day date(day);
  const auto millis = static_cast<long>((t - day).count());
  char text[48];
  int length = std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02ld:%02ld:%02ld.%03ld",
                             static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                             static_cast<unsigned>(date.day()), millis / 3'600'000,
                             millis / 60'000 % 60, millis / 1'000 % 60, millis % 1'000);
  std::string out(text, static_cast<std::size_t>(length));
  if (!always_fraction) {
    while (out.back() == '0') out.pop_back();
    if (out.back() == '.') out.pop_back();
  }
  out += 'Z';
  return out;
}

// Exactly `width` digits off the front; -1 when there are not so many.
int TakeDigits(std::string_view& text, std::size_t width) {
  if (text.size() < width) return -1;
  int value = 0;
  for (std::size_t i = 0; i < width; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(width);
  return value;
}

bool TakeChar(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

// ".678" as 678; digits past the third are dropped. -1: a point without digits.
int TakeFraction(std::string_view& text) {
  if (!TakeChar(text, '.') && !TakeChar(text, ',')) return 0;
  int millis = 0;
  int digits = 0;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    if (digits < 3) millis = millis * 10 + (text.front() - '0');
    ++digits;
    text.remove_prefix(1);
  }
  if (digits == 0) return -1;
  for (; digits < 3; ++digits) millis *= 10;
  return millis;
}

// `Z` or ±hh:mm to the end of `text`, in minutes.
std::optional<int> TakeOffset(std::string_view text) {
  if (text == "Z") return 0;
  if (text.empty() || (text.front() != '+' && text.front() != '-')) return std::nullopt;
  const int sign = text.front() == '-' ? -1 : 1;
  text.remove_prefix(1);
  const int hours = TakeDigits(text, 2);
  if (hours < 0 || hours > 24 || !TakeChar(text, ':')) return std::nullopt;
  const int minutes = TakeDigits(text, 2);
  if (minutes < 0 || minutes > 59 || !text.empty()) return std::nullopt;
  return sign * (hours * 60 + minutes);
}

}  // namespace

std::string FormatRfc3339(Timestamp t) {
  return Format(t, false);
}

std::string FormatRfc3339Millis(Timestamp t) {
  return Format(t, true);
}

std::optional<Timestamp> ParseRfc3339(std::string_view text) {
  const int year = TakeDigits(text, 4);
  if (year < 0 || !TakeChar(text, '-')) return std::nullopt;
  const int month = TakeDigits(text, 2);
  if (month < 0 || !TakeChar(text, '-')) return std::nullopt;
  const int day = TakeDigits(text, 2);
  if (day < 0 || !TakeChar(text, 'T')) return std::nullopt;
  // As Go reads it, an hour may have one digit.
  const int hour = TakeDigits(text, text.size() > 1 && text[1] == ':' ? 1 : 2);
  if (hour < 0 || hour > 23 || !TakeChar(text, ':')) return std::nullopt;
  const int minute = TakeDigits(text, 2);
  if (minute < 0 || minute > 59 || !TakeChar(text, ':')) return std::nullopt;
  const int second = TakeDigits(text, 2);
  if (second < 0 || second > 59) return std::nullopt;
  const int fraction = TakeFraction(text);
  if (fraction < 0) return std::nullopt;
  const auto offset = TakeOffset(text);
  if (!offset) return std::nullopt;

  const std::chrono::year_month_day date(std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day)));
  if (!date.ok()) return std::nullopt;
  return Timestamp(std::chrono::sys_days(date)) + std::chrono::hours(hour) +
         std::chrono::minutes(minute - *offset) + std::chrono::seconds(second) + Millis(fraction);
}

}  // namespace meerkat
