#include "promql/parse/text.h"

#include <cmath>
#include <cstdint>
#include <limits>

#include "base/number.h"
#include "base/quote.h"
#include "base/utf8.h"

namespace meerkat::promql {
namespace {

// 0x… 0o… 0b… 0… and plain decimal integers that fit 64 bits, with underscores between digits.
std::optional<std::int64_t> ReadInteger(std::string_view digits) {
  int base = 10;
  if (digits.size() > 1 && digits[0] == '0') {
    switch (digits[1]) {
      case 'x':
      case 'X':
        base = 16;
        digits.remove_prefix(2);
        break;
      case 'o':
      case 'O':
        base = 8;
        digits.remove_prefix(2);
        break;
      case 'b':
      case 'B':
        base = 2;
        digits.remove_prefix(2);
        break;
      default:
        base = 8;
        digits.remove_prefix(1);
        break;
    }
  }
  if (digits.empty()) return std::nullopt;
  std::int64_t value = 0;
  for (const char c : digits) {
    if (c == '_') continue;  // the lexer has seen to it that digits stand around it
    const int digit = HexDigit(static_cast<unsigned char>(c));
    if (digit < 0 || digit >= base) return std::nullopt;
    if (value > (std::numeric_limits<std::int64_t>::max() - digit) / base) return std::nullopt;
    value = value * base + digit;
  }
  return value;
}

}  // namespace

int HexDigit(char32_t rune) {
  if (rune >= '0' && rune <= '9') return static_cast<int>(rune - '0');
  if (rune >= 'a' && rune <= 'f') return static_cast<int>(rune - 'a') + 10;
  if (rune >= 'A' && rune <= 'F') return static_cast<int>(rune - 'A') + 10;
  return -1;
}

std::string QuoteRune(char32_t rune) {
  if (rune == '\'') return "'\\''";
  if (rune == '"') return "'\"'";
  std::string bytes;
  AppendRune(bytes, rune > 0x10FFFF || (rune >= 0xD800 && rune < 0xE000) ? U'\uFFFD' : rune);
  const std::string quoted = bytes == "\uFFFD" ? '"' + bytes + '"' : Quote(bytes);
  return "'" + quoted.substr(1, quoted.size() - 2) + "'";
}

std::string UnicodeName(char32_t rune) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  const char32_t shown = rune == kInvalidRune ? U'\uFFFD' : rune;
  std::string out = "U+";
  for (int shift = shown > 0xFFFFF ? 20 : shown > 0xFFFF ? 16 : 12; shift >= 0; shift -= 4) {
    out += kHex[shown >> shift & 0xF];
  }
  const std::string quoted = QuoteRune(shown);
  const bool printable = quoted[1] != '\\' || shown == '\'' || shown == '\\';
  if (!printable) return out;
  out += " '";
  AppendRune(out, shown);
  return out + "'";
}

std::string_view FirstRunes(std::string_view text, std::size_t count) {
  std::string_view rest = text;
  while (count-- > 0 && !rest.empty()) TakeRune(rest);
  return text.substr(0, text.size() - rest.size());
}

std::string Unquote(std::string_view literal) {
  std::string_view body = literal.substr(1, literal.size() - 2);
  if (literal.front() == '`') return std::string(body);
  std::string out;
  out.reserve(body.size());
  std::size_t i = 0;
  const auto number = [&](std::size_t digits, std::uint32_t base) {
    std::uint32_t value = 0;
    for (; digits > 0; --digits) {
      value = value * base +
              static_cast<std::uint32_t>(HexDigit(static_cast<unsigned char>(body[i++])));
    }
    return value;
  };
  while (i < body.size()) {
    const char c = body[i++];
    if (c != '\\') {
      out += c;
      continue;
    }
    const char escape = body[i++];
    switch (escape) {
      case 'a':
        out += '\a';
        break;
      case 'b':
        out += '\b';
        break;
      case 'f':
        out += '\f';
        break;
      case 'n':
        out += '\n';
        break;
      case 'r':
        out += '\r';
        break;
      case 't':
        out += '\t';
        break;
      case 'v':
        out += '\v';
        break;
      case 'x':
        out += static_cast<char>(number(2, 16));
        break;
      case 'u':
        AppendRune(out, number(4, 16));
        break;
      case 'U':
        AppendRune(out, number(8, 16));
        break;
      default:
        if (escape >= '0' && escape <= '7') {
          --i;
          out += static_cast<char>(number(3, 8));
        } else {
          out += escape;
        }
    }
  }
  return out;
}

std::optional<double> ReadNumber(std::string_view literal, std::string& error) {
  if (literal.back() == '_') {
    error = "strconv.ParseFloat: parsing " + Quote(literal) + ": invalid syntax";
    return std::nullopt;
  }
  if (const auto integer = ReadInteger(literal)) return static_cast<double>(*integer);
  std::string digits;
  for (const char c : literal) {
    if (c != '_') digits += c;
  }
  const std::optional<double> value = ParseFloat(digits);
  if (!value) {
    error = "strconv.ParseFloat: parsing " + Quote(literal) + ": invalid syntax";
    return std::nullopt;
  }
  if (std::isinf(*value) && (digits[0] | 0x20) != 'i') {
    error = "strconv.ParseFloat: parsing " + Quote(literal) + ": value out of range";
    return std::nullopt;
  }
  return value;
}

}  // namespace meerkat::promql
