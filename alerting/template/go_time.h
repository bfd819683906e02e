#pragma once

#include <string>

#include "alerting/template.h"

// Times and durations with the methods Go's package time gives them.
namespace meerkat::alerting::templates {

extern const Type kTimeType;      // time.Time and its methods
extern const Type kDurationType;  // time.Duration and its methods

// 1h15m30.918s
std::string FormatNanos(Nanos duration);

// 2006-01-02 15:04:05.999 +0000 UTC
std::string TimeText(const Moment& moment);

}  // namespace meerkat::alerting::templates
