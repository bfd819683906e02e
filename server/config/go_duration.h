#pragma once

#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace meerkat::config {

// Durations as Go's time.ParseDuration reads them, which some of alertmanager.yml's keys take in
// place of upstream's own: a sign, fractions, units in any order up to hours (1.5h, 30m1h, -5s).
// Rounded away from zero, so that a short time is not read as none.
Result<Millis> ParseGoDuration(std::string_view text);

}  // namespace meerkat::config
