#include <fstream>
#include <iterator>

#include "server/config/alertmanager_reader.h"

namespace meerkat::config {
namespace {

using alerting::Range;
using alerting::TimeInterval;

void RangesField(Fields& fields, std::string_view key, Result<Range> (*parse)(std::string_view),
                 std::vector<Range>& ranges) {
  fields.map().Each(key, [&](const YamlValue& item) {
    // What upstream's reader makes of a null: a range from 0 to 0.
    if (item.is_null()) return void(ranges.emplace_back());
    std::string text;
    item.Read(text);
    const auto range = parse(text);
    if (!range) return item.Fail(range.error().message());
    ranges.push_back(*range);
  });
}

void TimesField(Fields& fields, std::vector<TimeInterval::Times>& times) {
  const auto read = [](Fields& span, TimeInterval::Times& out) {
    std::string start;
    std::string end;
    const bool both = span.Field("start_time", start) && span.Field("end_time", end);
    if (!both || start.empty() || end.empty()) {
      span.Field("end_time", end);
      span.Fail("end_time", "both start and end times must be provided");
      return;
    }
    const auto from = alerting::ParseTimeOfDay(start);
    if (!from) return span.Fail("start_time", from.error().message());
    const auto to = alerting::ParseTimeOfDay(end);
    if (!to) return span.Fail("end_time", to.error().message());
    if (*from >= *to) {
      span.Fail("start_time", "start time cannot be equal or greater than end time");
    }
    out = {*from, *to};
  };
  fields.map().Each("times", [&](const YamlValue& item) {
    auto& out = times.emplace_back();
    item.Block([&](YamlMap& map) {
      Fields span(map, fields.directory());
      read(span, out);
    });
  });
}

void IntervalFields(Fields& fields, TimeInterval& interval) {
  TimesField(fields, interval.times);
  RangesField(fields, "weekdays", alerting::ParseWeekdays, interval.weekdays);
  RangesField(fields, "days_of_month", alerting::ParseDaysOfMonth, interval.days_of_month);
  RangesField(fields, "months", alerting::ParseMonths, interval.months);
  RangesField(fields, "years", alerting::ParseYears, interval.years);
  std::string location;
  if (fields.Field("location", location) && !location.empty() && location != "UTC") {
    auto zone = LoadZone(location);
    if (!zone) return fields.Fail("location", zone.error().message());
    interval.zone = std::move(*zone);
  }
}

}  // namespace

Result<std::shared_ptr<const alerting::Zone>> LoadZone(const std::string& name) {
  if (name.empty() || name == "UTC") return std::shared_ptr<const alerting::Zone>();
  const Error unknown(Code::kInvalid, "unknown time zone " + name);
  std::string path = "/usr/share/zoneinfo/" + name;
  if (name == "Local") path = "/etc/localtime";
  if (name.find("..") != std::string::npos || name.starts_with('/')) return unknown;
  std::ifstream in(path, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (bytes.empty()) {
    // A system without /etc/localtime runs on UTC.
    if (name == "Local") return std::shared_ptr<const alerting::Zone>();
    return unknown;
  }
  return alerting::Zone::FromTzif(bytes);
}

void NamedIntervalsFields(Fields& fields, alerting::NamedIntervals& named) {
  fields.Field("name", named.name);
  fields.Blocks<TimeInterval>("time_intervals", named.intervals, IntervalFields);
  if (named.name.empty()) fields.Fail("name", "missing name in time interval");
}

}  // namespace meerkat::config
