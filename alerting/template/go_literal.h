#pragma once

#include <optional>
#include <string>
#include <string_view>

// Go's literals: how messages name a rune, and what stands between quotes.
namespace meerkat::alerting::templates {

// U+0040 '@'
std::string RuneName(char32_t rune);

// The text of "…", `…` or '…' (one rune, as UTF-8); nullopt: not valid Go.
std::optional<std::string> UnquoteGo(std::string_view literal);

}  // namespace meerkat::alerting::templates
