#pragma once

#include <string_view>

#include "base/result.h"
#include "server/push/family.h"

namespace meerkat::push {

// A pushed body as families: protobuf (delimited MetricFamily) and OpenMetrics when the
// Content-Type says so, anything else as the text format, as upstream does. kInvalid says what is
// wrong with it.
Result<Families> ReadBody(std::string_view body, std::string_view content_type);

}  // namespace meerkat::push
