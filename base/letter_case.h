#pragma once

#include <string>
#include <string_view>

namespace meerkat {

// Lower and upper case of UTF-8 text by the simple mappings of the Latin, Greek, Cyrillic and
// Armenian letters; all else, invalid bytes included, stays as it is.
std::string ToLower(std::string_view text);
std::string ToUpper(std::string_view text);

}  // namespace meerkat
