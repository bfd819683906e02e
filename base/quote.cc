#include "base/quote.h"

#include <array>

#include "base/utf8.h"

namespace meerkat {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";

void AppendHex(std::string& out, char32_t rune, int digits) {
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) out += kHex[rune >> shift & 0xF];
}

// A close stand-in for Go's unicode.IsPrint: control, separator, format and unassigned-by-design
// runes are not printable; the rest is.
bool IsPrintable(char32_t rune) {
  if (rune < 0x20 || (rune >= 0x7F && rune < 0xA1) || rune == 0xAD) return false;
  if (rune >= 0x2000 && rune <= 0x200F) return false;
  if (rune >= 0x2028 && rune <= 0x202F) return false;
  if (rune >= 0x205F && rune <= 0x206F) return false;
  if (rune == 0x1680 || rune == 0x3000 || rune == 0xFEFF) return false;
  if (rune >= 0xE000 && rune <= 0xF8FF) return false;
  if (rune >= 0xFFF0 && rune <= 0xFFFB) return false;
  return (rune & 0xFFFE) != 0xFFFE && rune < 0xE0000;
}

}  // namespace

std::string Quote(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 2);
  out += '"';
  while (!text.empty()) {
    const char first = text.front();
    const char32_t rune = TakeRune(text);
    if (rune == kInvalidRune) {
      out += "\\x";
      AppendHex(out, static_cast<unsigned char>(first), 2);
      continue;
    }
    switch (rune) {
      case '"':
        out += "\\\"";
        continue;
      case '\\':
        out += "\\\\";
        continue;
      case '\a':
        out += "\\a";
        continue;
      case '\b':
        out += "\\b";
        continue;
      case '\f':
        out += "\\f";
        continue;
      case '\n':
        out += "\\n";
        continue;
      case '\r':
        out += "\\r";
        continue;
      case '\t':
        out += "\\t";
        continue;
      case '\v':
        out += "\\v";
        continue;
      default:
        break;
    }
    if (IsPrintable(rune)) {
      AppendRune(out, rune);
    } else if (rune < 0x80) {
      out += "\\x";
      AppendHex(out, rune, 2);
    } else if (rune < 0x10000) {
      out += "\\u";
      AppendHex(out, rune, 4);
    } else {
      out += "\\U";
      AppendHex(out, rune, 8);
    }
  }
  out += '"';
  return out;
}

}  // namespace meerkat
