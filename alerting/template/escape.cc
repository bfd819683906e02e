#include "alerting/template/escape.h"

#include "base/html_text.h"
#include "base/utf8.h"

namespace meerkat::alerting::templates {
namespace {

constexpr std::string_view kHex = "0123456789ABCDEF";

bool IsUnreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.' || c == '~';
}

void AppendPercent(std::string& out, char c) {
  const auto byte = static_cast<unsigned char>(c);
  out += '%';
  out += kHex[byte >> 4];
  out += kHex[byte & 15];
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace

std::string EscapeHtml(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (c == '\0') {
      out += "\uFFFD";
    } else if (const std::string_view entity = HtmlEntity(c); !entity.empty()) {
      out += entity;
    } else {
      out += c;
    }
  }
  return out;
}

std::string EscapeJs(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::string_view before = text;
    const char32_t rune = TakeRune(text);
    switch (rune) {
      case '\\':
      case '\'':
      case '"':
        out += '\\';
        out += static_cast<char>(rune);
        continue;
      default:
        break;
    }
    const bool special = rune == '<' || rune == '>' || rune == '&' || rune == '=';
    // Line and paragraph separators end a line of JavaScript.
    if (rune == 0x2028 || rune == 0x2029) {
      out += rune == 0x2028 ? "\\u2028" : "\\u2029";
    } else if (rune < ' ' || special) {
      out += "\\u00";
      out += kHex[rune >> 4];
      out += kHex[rune & 15];
    } else {
      out += before.substr(0, before.size() - text.size());
    }
  }
  return out;
}

std::string EscapeQuery(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (IsUnreserved(c)) {
      out += c;
    } else if (c == ' ') {
      out += '+';
    } else {
      AppendPercent(out, c);
    }
  }
  return out;
}

std::string EscapePath(std::string_view text) {
  constexpr std::string_view kAlsoPlain = "$&+=:@";
  std::string out;
  for (const char c : text) {
    if (IsUnreserved(c) || kAlsoPlain.find(c) != std::string_view::npos) {
      out += c;
    } else {
      AppendPercent(out, c);
    }
  }
  return out;
}

bool UnescapeUrl(std::string_view text, bool plus_is_space, std::string& out) {
  out.clear();
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out += ' ';
    } else if (text[i] == '%') {
      if (i + 2 >= text.size() || HexDigit(text[i + 1]) < 0 || HexDigit(text[i + 2]) < 0) {
        out = text.substr(i, 3);
        return false;
      }
      out += static_cast<char>(HexDigit(text[i + 1]) << 4 | HexDigit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return true;
}

}  // namespace meerkat::alerting::templates
