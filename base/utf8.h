#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace meerkat {

// Well-formed UTF-8 by RFC 3629: no overlong forms, no surrogates, nothing past U+10FFFF.
bool IsValidUtf8(std::string_view text);

inline constexpr char32_t kInvalidRune = 0xFFFFFFFF;

// Takes one code point off the front of `text` (not empty). A byte that starts no valid sequence is
// taken alone and gives kInvalidRune.
char32_t TakeRune(std::string_view& text);

void AppendRune(std::string& out, char32_t rune);

}  // namespace meerkat
