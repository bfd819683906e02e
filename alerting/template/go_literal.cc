#include "alerting/template/go_literal.h"

#include <cmath>
#include <cstdint>

#include "base/number.h"
#include "base/quote.h"
#include "base/utf8.h"

namespace meerkat::alerting::templates {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// The rest of an escape behind its backslash; false: not an escape.
bool TakeEscape(std::string_view& body, char quote, std::string& out) {
  if (body.empty()) return false;
  const char c = body.front();
  constexpr std::string_view kLetters = "abfnrtv\\";
  constexpr std::string_view kMeaning = "\a\b\f\n\r\t\v\\";
  if (const std::size_t i = kLetters.find(c); i != std::string_view::npos) {
    out += kMeaning[i];
    body.remove_prefix(1);
    return true;
  }
  if (c == quote) {
    out += c;
    body.remove_prefix(1);
    return true;
  }
  std::size_t digits = 0;
  std::uint32_t base = 16;
  if (c >= '0' && c <= '7') {
    digits = 3, base = 8;
  } else {
    digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    if (digits == 0) return false;
    body.remove_prefix(1);
  }
  if (body.size() < digits) return false;
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    const int digit = HexDigit(body[i]);
    if (digit < 0 || static_cast<std::uint32_t>(digit) >= base) return false;
    value = value * base + static_cast<std::uint32_t>(digit);
  }
  body.remove_prefix(digits);
  if (digits < 4) {
    if (value > 255) return false;
    out += static_cast<char>(value);
    return true;
  }
  if (value > 0x10FFFF || (value >= 0xD800 && value < 0xE000)) return false;
  AppendRune(out, static_cast<char32_t>(value));
  return true;
}

// Without a sign.
std::optional<std::int64_t> ReadInteger(std::string_view digits) {
  int base = 10;
  if (digits.size() > 1 && digits[0] == '0') {
    const char c = static_cast<char>(digits[1] | 0x20);
    base = c == 'x' ? 16 : c == 'b' ? 2 : 8;
    digits.remove_prefix(c == 'x' || c == 'b' || c == 'o' ? 2 : 1);
  }
  if (digits.empty()) return std::nullopt;
  std::int64_t value = 0;
  for (const char c : digits) {
    const char lower = static_cast<char>(c | 0x20);
    const int digit = c >= '0' && c <= '9' ? c - '0' : lower >= 'a' ? lower - 'a' + 10 : 99;
    if (digit >= base) return std::nullopt;
    if (__builtin_mul_overflow(value, base, &value) ||
        __builtin_add_overflow(value, digit, &value)) {
      return std::nullopt;
    }
  }
  return value;
}

GoNumber Whole(std::int64_t value) {
  return {value, static_cast<double>(value), true};
}

}  // namespace

std::string RuneName(char32_t rune) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  const char32_t shown = rune == kInvalidRune ? U'\uFFFD' : rune;
  std::string out = "U+";
  for (int shift = shown > 0xFFFFF ? 20 : shown > 0xFFFF ? 16 : 12; shift >= 0; shift -= 4) {
    out += kHex[shown >> shift & 0xF];
  }
  std::string text;
  AppendRune(text, shown);
  const std::string quoted = Quote(text);
  if (quoted[1] == '\\' && shown != '"' && shown != '\\') return out;
  return out + " '" + text + "'";
}

std::optional<std::string> UnquoteGo(std::string_view literal) {
  if (literal.size() < 2 || literal.front() != literal.back()) return std::nullopt;
  const char quote = literal.front();
  std::string_view body = literal.substr(1, literal.size() - 2);
  std::string out;
  if (quote == '`') {
    for (const char c : body) {
      if (c != '\r') out += c;
    }
    return out;
  }
  std::size_t runes = 0;
  for (; !body.empty(); ++runes) {
    if (body.front() != '\\') {
      const std::string_view before = body;
      TakeRune(body);
      out += before.substr(0, before.size() - body.size());
      continue;
    }
    body.remove_prefix(1);
    if (!TakeEscape(body, quote, out)) return std::nullopt;
  }
  if (quote == '\'' && runes != 1) return std::nullopt;
  return out;
}

Result<GoNumber> ReadGoNumber(std::string_view literal) {
  if (literal.starts_with('\'')) {
    const std::optional<std::string> text = UnquoteGo(literal);
    if (!text) {
      return Error(Code::kInvalid, "malformed character constant: " + std::string(literal));
    }
    std::string_view rest = *text;
    return Whole(static_cast<std::int64_t>(TakeRune(rest)));
  }
  std::string digits;
  for (const char c : literal) {
    if (c != '_') digits += c;
  }
  const bool negative = digits.starts_with('-');
  if (negative || digits.starts_with('+')) digits.erase(0, 1);
  if (const auto integer = ReadInteger(digits)) return Whole(negative ? -*integer : *integer);
  const std::optional<double> real = ParseFloat((negative ? "-" : "") + digits);
  if (!real || std::isinf(*real)) {
    return Error(Code::kInvalid, "illegal number syntax: " + Quote(literal));
  }
  if (literal.find_first_of(".eEpP") == std::string_view::npos) {
    return Error(Code::kInvalid, "integer overflow: " + Quote(literal));
  }
  constexpr double kLimit = 9.2e18;
  return GoNumber{std::nullopt, *real, std::abs(*real) < kLimit && std::trunc(*real) == *real};
}

}  // namespace meerkat::alerting::templates
