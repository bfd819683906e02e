#include "server/web/prometheus/parameters.h"

#include <charconv>
#include <cmath>

#include "base/duration.h"
#include "base/number.h"
#include "base/quote.h"
#include "base/rfc3339.h"
#include "promql/parser.h"

namespace meerkat::web {
namespace {

// How upstream spells the ends of its time line.
constexpr std::string_view kMinText = "-292273086-05-16T16:47:06Z";
constexpr std::string_view kMaxText = "292277025-08-18T07:12:54.999999999Z";
constexpr double kMaxSeconds = 9.2e15;  // of what fits milliseconds

std::string NoTime(std::string_view name) {
  return "invalid time value for '" + std::string(name) + "'";
}

Error InParameter(std::string_view name, Error error) {
  return std::move(error).Within("invalid parameter " + Quote(name));
}

}  // namespace

Result<Timestamp> ParseTimeParameter(std::string_view name, std::string_view text) {
  auto time = ParseTime(text);
  if (!time) return std::move(time).error().Within(NoTime(name));
  return time;
}

Result<Timestamp> ParseTime(std::string_view text) {
  if (const auto seconds = ParseFloat(text)) {
    // Not a number and beyond the time line: no such time.
    if (std::abs(*seconds) <= kMaxSeconds) {
      double whole = 0;
      const double fraction = std::modf(*seconds, &whole);
      return FromMillis(static_cast<std::int64_t>(whole) * 1000 +
                        static_cast<std::int64_t>(std::round(fraction * 1000)));
    }
  } else if (const auto time = ParseRfc3339(text)) {
    return *time;
  } else if (text == kMinText) {
    return kMinTime + std::chrono::seconds(62'135'596'801);
  } else if (text == kMaxText) {
    return kMaxTime - std::chrono::seconds(62'135'596'801);
  }
  return Error(Code::kInvalid, "cannot parse " + Quote(text) + " to a valid timestamp");
}

Result<Millis> ParseDurationParameter(std::string_view text) {
  if (const auto seconds = ParseFloat(text)) {
    // Upstream counts in nanoseconds of 63 bits.
    if (!(*seconds <= 9.223372036e9 && *seconds >= -9.223372036e9)) {
      return Error(Code::kInvalid,
                   "cannot parse " + Quote(text) + " to a valid duration. It overflows int64");
    }
    return Millis(static_cast<std::int64_t>(std::round(*seconds * 1000)));
  }
  auto duration = ParseDuration(text);
  if (duration) return *duration;
  return Error(Code::kInvalid, "cannot parse " + Quote(text) + " to a valid duration");
}

std::optional<std::int64_t> ParseInteger(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  std::int64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

Result<std::uint64_t> ParseLimit(std::string_view text) {
  if (text.empty()) return std::uint64_t{0};
  const auto value = ParseInteger(text);
  if (!value) {
    return Error(Code::kInvalid, "strconv.Atoi: parsing " + Quote(text) + ": invalid syntax");
  }
  if (*value < 0) return Error(Code::kInvalid, "limit must be non-negative");
  return static_cast<std::uint64_t>(*value);
}

Result<TimeRange> ParseRange(const net::Params& form) {
  TimeRange range = kAllTime;
  if (const auto text = form.Get("start"); !text.empty()) {
    auto start = ParseTime(text);
    if (!start) return InParameter("start", std::move(start).error().Within(NoTime("start")));
    range.min = *start;
  }
  if (const auto text = form.Get("end"); !text.empty()) {
    auto end = ParseTime(text);
    if (!end) return InParameter("end", std::move(end).error().Within(NoTime("end")));
    range.max = *end;
  }
  return range;
}

Result<std::vector<std::vector<Matcher>>> ParseMatchers(const net::Params& form,
                                                        std::string_view name) {
  std::vector<std::vector<Matcher>> sets;
  for (const std::string& text : form.All(name)) {
    auto set = promql::ParseSelector(text);
    if (!set) return std::move(set).error();
    bool selective = false;
    for (const Matcher& matcher : *set) selective = selective || !matcher.MatchesEmpty();
    if (!selective) {
      return Error(Code::kInvalid,
                   std::string(name) + " must contain at least one non-empty matcher");
    }
    sets.push_back(std::move(*set));
  }
  return sets;
}

}  // namespace meerkat::web
