#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace meerkat::alerting {

// The rules of one time zone, read from a TZif file (RFC 8536). Immutable. Threads: any.
class Zone {
 public:
  static Result<std::shared_ptr<const Zone>> FromTzif(std::string_view bytes);

  struct Local {
    std::int32_t offset = 0;   // seconds to add to UTC
    std::string abbreviation;  // "CET"
    bool operator==(const Local&) const = default;
  };
  const Local& At(Timestamp t) const;

 private:
  struct Rule;  // the footer: what holds after the last transition
  Zone();
  std::vector<std::int64_t> transitions_;  // seconds since 1970, ascending
  std::vector<Local> types_;
  std::vector<std::size_t> kinds_;    // before the first, then after each transition: of types_
  std::shared_ptr<const Rule> rule_;  // null: the last one holds for ever
};

// Both ends belong to it.
struct Range {
  int begin = 0;
  int end = 0;
  bool operator==(const Range&) const = default;
};

// When it holds: every list that is not empty has an entry that holds.
struct TimeInterval {
  struct Times {
    int start_minute = 0;  // of the day
    int end_minute = 0;    // exclusive, up to 1440
    bool operator==(const Times&) const = default;
  };
  std::vector<Times> times;
  std::vector<Range> weekdays;       // 0: Sunday
  std::vector<Range> days_of_month;  // negative from the month's end
  std::vector<Range> months;         // 1…12
  std::vector<Range> years;
  std::shared_ptr<const Zone> zone;  // null: UTC

  bool Contains(Timestamp t) const;
};

// The texts of configuration files: `09:00`, `monday:friday`, `-3:-1`, `january:3`, `2024:2026`.
Result<int> ParseTimeOfDay(std::string_view text);  // minutes
Result<Range> ParseWeekdays(std::string_view text);
Result<Range> ParseDaysOfMonth(std::string_view text);
Result<Range> ParseMonths(std::string_view text);
Result<Range> ParseYears(std::string_view text);

struct NamedIntervals {
  std::string name;
  std::vector<TimeInterval> intervals;  // any of them

  bool Contains(Timestamp t) const;
};

}  // namespace meerkat::alerting
