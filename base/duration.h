#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace meerkat {

// Configuration and PromQL durations: `0` or (<int><unit>)+, units in falling order, each once:
// y (365 d) w d h m s ms. No sign, no fraction; at most about 292 years. "not a valid duration
// string".
Result<Millis> ParseDuration(std::string_view text);

// The shortest such text: 90 s is "1m30s", 0 is "0s".
std::string FormatDuration(Millis duration);

}  // namespace meerkat
