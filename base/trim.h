#pragma once

#include <string_view>

namespace meerkat {

// What Go's strings.TrimSpace takes off both ends, of ASCII.
inline constexpr std::string_view kWhiteSpace = " \t\n\v\f\r";

// `text` without any of `which` at its ends.
inline std::string_view Trim(std::string_view text, std::string_view which = kWhiteSpace) {
  const auto begin = text.find_first_not_of(which);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(which) - begin + 1);
}

}  // namespace meerkat
