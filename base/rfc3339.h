#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace meerkat {

// Go's zero time, "0001-01-01T00:00:00Z": in upstream's APIs it means "no time given".
inline constexpr Timestamp kZeroTime = FromMillis(-62'135'596'800'000);

// 2006-01-02T15:04:05.678Z in UTC, the fraction without trailing zeros and left out when it is 0
// (Go's RFC3339Nano).
std::string FormatRfc3339(Timestamp t);
// The same with exactly three digits of fraction.
std::string FormatRfc3339Millis(Timestamp t);

// Date, `T`, time, optional fraction (cut to milliseconds), `Z` or ±hh:mm. nullopt: not such a
// text, or no such day.
std::optional<Timestamp> ParseRfc3339(std::string_view text);

}  // namespace meerkat
