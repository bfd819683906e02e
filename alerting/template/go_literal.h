#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

// Go's literals: how messages name a rune, and what stands between quotes.
namespace meerkat::alerting::templates {

// U+0040 '@'
std::string RuneName(char32_t rune);

// The text of "…", `…` or '…' (one rune, as UTF-8); nullopt: not valid Go.
std::optional<std::string> UnquoteGo(std::string_view literal);

// A number as it may stand in a template: 12, 0x1F, 0b1, 0o17, 1_000, 1.5e3, 'a'.
struct GoNumber {
  std::optional<std::int64_t> integer;  // written as one
  double real = 0;                      // its value in any case
  bool is_whole = false;                // may stand where an integer is wanted: 1e3 does too
};
// With a sign or without. Errors are Go's words: illegal number syntax, integer overflow, malformed
// character constant.
Result<GoNumber> ReadGoNumber(std::string_view literal);

}  // namespace meerkat::alerting::templates
