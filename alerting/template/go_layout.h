#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "alerting/template.h"

// The calendar as Go's package time sees it, and its layouts: a time is written and read by an
// example of the reference time, Mon Jan 2 15:04:05 MST 2006.
namespace meerkat::alerting::templates {

inline constexpr std::array<std::string_view, 12> kMonths = {
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December"};
inline constexpr std::array<std::string_view, 7> kWeekdays = {
    "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};

// A moment on the clock of its zone.
struct Civil {
  int year = 0;
  unsigned month = 1, day = 1;
  int hour = 0, minute = 0, second = 0, millis = 0;
  unsigned weekday = 0;
  int year_day = 1;
};

Civil ToCivil(const Moment& moment);
Timestamp FromCivil(const Civil& civil, std::int32_t offset_seconds);

std::string FormatTime(const Moment& moment, std::string_view layout);
// In UTC unless the text has a zone; nullopt when the text does not follow the layout.
std::optional<Moment> ParseTime(std::string_view layout, std::string_view text);

// At least `width` digits, a sign beside them.
std::string Padded(std::int64_t value, int width, char fill = '0');

}  // namespace meerkat::alerting::templates
