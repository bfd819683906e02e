#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "alerting/template.h"

// Times and durations as Go's package time writes and reads them.
namespace meerkat::alerting::templates {

extern const Type kTimeType;      // time.Time and its methods
extern const Type kDurationType;  // time.Duration and its methods

// By an example of the reference time, Mon Jan 2 15:04:05 MST 2006.
std::string FormatTime(const Moment& moment, std::string_view layout);
// In UTC unless the text has a zone; nullopt when the text does not follow the layout.
std::optional<Moment> ParseTime(std::string_view layout, std::string_view text);

// 1h15m30.918s
std::string FormatNanos(Nanos duration);

// 2006-01-02 15:04:05.999 +0000 UTC
std::string TimeText(const Moment& moment);

}  // namespace meerkat::alerting::templates
