#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace meerkat::net {

std::string Base64Encode(std::string_view bytes);
// Without padding and with the URL alphabet: JSON web tokens.
std::string Base64UrlEncode(std::string_view bytes);
// Either alphabet, padding optional but right where given; nullopt for anything else.
std::optional<std::string> Base64Decode(std::string_view text);

}  // namespace meerkat::net
