#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

// Small pieces of text as Go prints and reads them, which upstream's messages and literals use.
namespace meerkat::promql {

// 'x' in single quotes, escaped like a Go rune literal; what is no code point prints as U+FFFD.
std::string QuoteRune(char32_t rune);
// U+0071 'q'; without the quoted part when it is not printable.
std::string UnicodeName(char32_t rune);

// The value of a hexadecimal digit, -1 for anything else.
int HexDigit(char32_t rune);

// The first `count` code points.
std::string_view FirstRunes(std::string_view text, std::size_t count);

// A string literal of the lexer, without its quotes and escapes.
std::string Unquote(std::string_view literal);

// A number literal: decimal, hex, octal, binary, underscores, Inf, NaN. On failure `error` says why
// in upstream's words.
std::optional<double> ReadNumber(std::string_view literal, std::string& error);

}  // namespace meerkat::promql
