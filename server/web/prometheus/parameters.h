#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/matcher.h"
#include "base/result.h"
#include "server/net/url.h"
#include "server/web/prometheus/moment.h"

// The kinds of parameters the API takes, with upstream's errors (without the parameter's name).
namespace meerkat::web {

// The whole time line, as `start` and `end` default to.
inline constexpr TimeRange kAllTime{kMinTime, kMaxTime};

// A time with upstream's words in front of the error, which say what it was for.
Result<Moment> ParseTimeParameter(std::string_view name, std::string_view text);
// Seconds with a fraction, or 1h30m.
Result<std::chrono::nanoseconds> ParseDurationParameter(std::string_view text);
// What the engine computes with: a little is not nothing.
Millis ToWholeMillis(std::chrono::nanoseconds duration);
// 0 is none.
Result<std::uint64_t> ParseLimit(std::string_view text);
// Go's strconv.ParseBool; the error names the function.
Result<bool> ParseBool(std::string_view text);
// Go's strconv.ParseInt, up to `most`; the error is what follows the function's name.
Result<std::int64_t> ParseInteger(std::string_view text,
                                  std::int64_t most = std::numeric_limits<std::int64_t>::max());

// A range whose ends may be left out; the error names the parameter already.
struct ParsedRange : TimeRange {
  bool reversed = false;  // its end comes before its start
};
Result<ParsedRange> ParseRange(const net::Params& form);
// Every match[] (or whatever `name` is), whatever it matches.
Result<std::vector<std::vector<Matcher>>> ParseSelectors(const net::Params& form,
                                                         std::string_view name = "match[]");
// The same, and each must have a matcher that does not match the empty text.
Result<std::vector<std::vector<Matcher>>> ParseMatchers(const net::Params& form,
                                                        std::string_view name = "match[]");

}  // namespace meerkat::web
