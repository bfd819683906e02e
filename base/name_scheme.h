#pragma once

#include <string_view>

namespace meerkat {

// Which metric and label names are allowed: any UTF-8 that is not empty, or only
// [a-zA-Z_:][a-zA-Z0-9_:]* and the like.
enum class NameScheme : unsigned char { kUtf8, kLegacy };

bool IsValidMetricName(NameScheme scheme, std::string_view name);
bool IsValidLabelName(NameScheme scheme, std::string_view name);

}  // namespace meerkat
