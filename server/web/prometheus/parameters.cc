#include "server/web/prometheus/parameters.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/duration.h"
#include "base/quote.h"
#include "promql/parser.h"

namespace meerkat::web {
namespace {

std::string NoTime(std::string_view name) {
  return "invalid time value for '" + std::string(name) + "'";
}

Error InParameter(std::string_view name, Error error) {
  return std::move(error).Within("invalid parameter " + Quote(name));
}

}  // namespace

Result<Moment> ParseTimeParameter(std::string_view name, std::string_view text) {
  auto time = Moment::Parse(text);
  if (!time) return std::move(time).error().Within(NoTime(name));
  return time;
}

Result<std::chrono::nanoseconds> ParseDurationParameter(std::string_view text) {
  if (const auto seconds = ParseNumber(text)) {
    const double nanos = *seconds * 1e9;
    constexpr double kBeyond = 9223372036854775808.0;  // what 63 bits hold, and a bit
    if (nanos > kBeyond || nanos < -kBeyond) {
      return Error(Code::kInvalid,
                   "cannot parse " + Quote(text) + " to a valid duration. It overflows int64");
    }
    return std::chrono::nanoseconds(ToInteger(nanos));
  }
  auto duration = ParseDuration(text);
  if (duration) return std::chrono::nanoseconds(*duration);  // at most 292 years
  return Error(Code::kInvalid, "cannot parse " + Quote(text) + " to a valid duration");
}

Millis ToWholeMillis(std::chrono::nanoseconds duration) {
  const auto millis = std::chrono::duration_cast<Millis>(duration);
  return duration.count() > 0 && millis.count() == 0 ? Millis(1) : millis;
}

Result<bool> ParseBool(std::string_view text) {
  static constexpr std::string_view kTrue[] = {"1", "t", "T", "TRUE", "true", "True"};
  static constexpr std::string_view kFalse[] = {"0", "f", "F", "FALSE", "false", "False"};
  if (std::find(std::begin(kTrue), std::end(kTrue), text) != std::end(kTrue)) return true;
  if (std::find(std::begin(kFalse), std::end(kFalse), text) != std::end(kFalse)) return false;
  return Error(Code::kInvalid, "strconv.ParseBool: parsing " + Quote(text) + ": invalid syntax");
}

Result<std::int64_t> ParseInteger(std::string_view text, std::int64_t most) {
  std::string_view digits = text;
  if (digits.starts_with('+') && !digits.starts_with("+-")) digits.remove_prefix(1);
  std::int64_t value = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (parsed.ec == std::errc::invalid_argument || parsed.ptr != digits.data() + digits.size()) {
    return Error(Code::kInvalid, "parsing " + Quote(text) + ": invalid syntax");
  }
  if (parsed.ec != std::errc() || value > most || value < -most - 1) {
    return Error(Code::kInvalid, "parsing " + Quote(text) + ": value out of range");
  }
  return value;
}

Result<std::uint64_t> ParseLimit(std::string_view text) {
  if (text.empty()) return std::uint64_t{0};
  const auto value = ParseInteger(text);
  if (!value) return Error(Code::kInvalid, "strconv.Atoi: " + value.error().message());
  if (*value < 0) return Error(Code::kInvalid, "limit must be non-negative");
  return static_cast<std::uint64_t>(*value);
}

Result<ParsedRange> ParseRange(const net::Params& form) {
  ParsedRange range{kAllTime};
  std::optional<Moment> start, end;
  const std::pair<std::string_view, std::optional<Moment>*> ends[] = {{"start", &start},
                                                                      {"end", &end}};
  for (const auto& [name, into] : ends) {
    const auto text = form.Get(name);
    if (text.empty()) continue;
    auto time = ParseTimeParameter(name, text);
    if (!time) return InParameter(name, std::move(time).error());
    *into = *time;
  }
  if (start) range.min = start->stored();
  if (end) range.max = end->stored();
  range.reversed = end.value_or(Moment::Latest()) < start.value_or(Moment::Earliest());
  return range;
}

Result<std::vector<std::vector<Matcher>>> ParseSelectors(const net::Params& form,
                                                         std::string_view name) {
  std::vector<std::vector<Matcher>> sets;
  for (const std::string& text : form.All(name)) {
    auto set = promql::ParseSelector(text);
    if (!set) return std::move(set).error();
    sets.push_back(std::move(*set));
  }
  return sets;
}

Result<std::vector<std::vector<Matcher>>> ParseMatchers(const net::Params& form,
                                                        std::string_view name) {
  auto sets = ParseSelectors(form, name);
  if (!sets) return std::move(sets).error();
  for (const auto& set : *sets) {
    const bool selective =
        std::ranges::any_of(set, [](const Matcher& matcher) { return !matcher.MatchesEmpty(); });
    if (!selective) {
      return Error(Code::kInvalid,
                   std::string(name) + " must contain at least one non-empty matcher");
    }
  }
  return sets;
}

}  // namespace meerkat::web
