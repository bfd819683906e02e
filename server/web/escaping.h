#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace meerkat::web {

// How names outside the legacy alphabet are written for readers that know only that.
enum class Escaping : std::uint8_t { kNone, kUnderscores, kDots, kValues };

// "allow-utf-8", "underscores", "dots", "values"; underscores for anything else.
Escaping ParseEscaping(std::string_view name);
std::string_view NameOf(Escaping escaping);

// my.name: my_name, my_dot_name, U__my_2e_name. Legal names stay as they are; ':' is legal in those
// of labels, too.
std::string EscapeName(std::string_view name, Escaping escaping);
// Undoes kValues; what is not well formed comes back unchanged.
std::string UnescapeName(std::string_view name);

}  // namespace meerkat::web
