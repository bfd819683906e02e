#include "alerting/time_interval.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "base/rfc3339.h"

namespace meerkat::alerting {
namespace {

Timestamp T(std::string_view text) {
  return *ParseRfc3339(text);
}

TEST(Ranges, AreReadAsUpstreamReadsThem) {
  EXPECT_EQ(*ParseWeekdays("monday:Friday"), (Range{1, 5}));
  EXPECT_EQ(*ParseWeekdays("SUNDAY"), (Range{0, 0}));
  EXPECT_EQ(*ParseDaysOfMonth("-3:-1"), (Range{-3, -1}));
  EXPECT_EQ(*ParseDaysOfMonth("1:-1"), (Range{1, -1}));
  EXPECT_EQ(*ParseMonths("january:3"), (Range{1, 3}));
  EXPECT_EQ(*ParseYears("2024:2026"), (Range{2024, 2026}));
  EXPECT_EQ(*ParseTimeOfDay("24:00"), 1440);
}

TEST(Ranges, AreRefusedInUpstreamsWords) {
  const struct {
    Result<Range> got;
    std::string_view message;
  } kCases[] = {
      {ParseWeekdays("friday:monday"), "start day cannot be before end day"},
      {ParseWeekdays("a:b:c"), "couldn't parse range a:b:c, invalid format"},
      {ParseWeekdays("1"), "1 is not a valid weekday"},
      {ParseDaysOfMonth("0"), "0 is not a valid day of the month: out of range"},
      {ParseDaysOfMonth("-3:5"), "end day must be negative if start day is negative"},
      {ParseDaysOfMonth("10:5"), "end day 5 is always before start day 10"},
      {ParseDaysOfMonth("20:-20"), "end day -20 is always before start day 20"},
      {ParseDaysOfMonth("28:-1"), "end day -1 is always before start day 28"},
      {ParseDaysOfMonth("1:-28"), "end day -28 is always before start day 1"},
      {ParseDaysOfMonth("x"), R"(strconv.Atoi: parsing "x": invalid syntax)"},
      {ParseMonths("may:april"), "end month april is before start month may"},
      {ParseMonths("nosuch"), "nosuch is not a valid month"},
      {ParseYears("2025:2020"), "end year 2020 is before start year 2025"},
  };
  for (const auto& c : kCases) {
    ASSERT_FALSE(c.got.ok()) << c.message;
    EXPECT_EQ(c.got.error().message(), c.message);
  }
  EXPECT_EQ(ParseTimeOfDay("25:00").error().message(),
            "couldn't parse timestamp 25:00, invalid format");
}

TEST(TimeInterval, HoldsWhenEveryFieldHolds) {
  TimeInterval office;
  office.times = {{9 * 60, 17 * 60}};
  office.weekdays = {{1, 5}};
  EXPECT_TRUE(office.Contains(T("2026-01-05T09:00:00Z")));   // Monday
  EXPECT_FALSE(office.Contains(T("2026-01-05T17:00:00Z")));  // the end is not part of it
  EXPECT_FALSE(office.Contains(T("2026-01-04T12:00:00Z")));  // Sunday
}

TEST(TimeInterval, CountsDaysFromTheMonthsEnd) {
  TimeInterval last_days;
  last_days.days_of_month = {{-2, -1}};
  EXPECT_TRUE(last_days.Contains(T("2024-02-28T00:00:00Z")));
  EXPECT_TRUE(last_days.Contains(T("2024-02-29T00:00:00Z")));
  EXPECT_FALSE(last_days.Contains(T("2024-02-27T00:00:00Z")));
  TimeInterval whole;
  whole.days_of_month = {{1, 31}};
  EXPECT_TRUE(whole.Contains(T("2024-02-29T00:00:00Z")));
}

// Berlin: +1, in summer +2; it changes at 01:00 UTC on the last Sundays of March and October.
TEST(Zone, FollowsDaylightSavingTime) {
  std::ifstream in("/usr/share/zoneinfo/Europe/Berlin", std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (bytes.empty()) GTEST_SKIP() << "no time zone database here";
  const auto zone = Zone::FromTzif(bytes);
  ASSERT_TRUE(zone.ok());
  const struct {
    std::string_view at;
    int offset;
    std::string_view name;
  } kCases[] = {
      {"2024-03-31T00:59:59Z", 3600, "CET"},  {"2024-03-31T01:00:00Z", 7200, "CEST"},
      {"2024-10-27T00:59:59Z", 7200, "CEST"}, {"2024-10-27T01:00:00Z", 3600, "CET"},
      {"2060-07-01T00:00:00Z", 7200, "CEST"}, {"2060-12-01T00:00:00Z", 3600, "CET"},
      {"1970-06-01T00:00:00Z", 3600, "CET"},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ((*zone)->At(T(c.at)).offset, c.offset) << c.at;
    EXPECT_EQ((*zone)->At(T(c.at)).abbreviation, c.name) << c.at;
  }
  TimeInterval morning;
  morning.times = {{8 * 60, 9 * 60}};
  morning.zone = *zone;
  EXPECT_TRUE(morning.Contains(T("2024-07-01T06:30:00Z")));
  EXPECT_FALSE(morning.Contains(T("2024-12-01T06:30:00Z")));
}

TEST(Zone, RefusesGarbage) {
  for (std::size_t size : {0, 10, 44, 100}) {
    EXPECT_FALSE(Zone::FromTzif(std::string(size, 'T')).ok());
  }
  EXPECT_FALSE(Zone::FromTzif("TZif2" + std::string(39, '\xff')).ok());
}

}  // namespace
}  // namespace meerkat::alerting
