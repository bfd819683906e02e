#include "server/web/escaping.h"

#include <charconv>

#include "base/labels.h"
#include "base/utf8.h"

namespace meerkat::web {
namespace {

bool IsLegal(char32_t rune, bool first) {
  return (rune >= 'a' && rune <= 'z') || (rune >= 'A' && rune <= 'Z') || rune == '_' ||
         rune == ':' || (rune >= '0' && rune <= '9' && !first);
}

void AppendHex(std::string& out, char32_t rune) {
  char text[8];
  const auto end = std::to_chars(text, text + sizeof(text), static_cast<std::uint32_t>(rune), 16);
  out += '_';
  out.append(text, end.ptr);
  out += '_';
}

}  // namespace

Escaping ParseEscaping(std::string_view name) {
  if (name == "allow-utf-8") return Escaping::kNone;
  if (name == "dots") return Escaping::kDots;
  if (name == "values") return Escaping::kValues;
  return Escaping::kUnderscores;
}

std::string_view NameOf(Escaping escaping) {
  switch (escaping) {
    case Escaping::kNone:
      return "allow-utf-8";
    case Escaping::kDots:
      return "dots";
    case Escaping::kValues:
      return "values";
    case Escaping::kUnderscores:
      break;
  }
  return "underscores";
}

std::string EscapeName(std::string_view name, Escaping escaping) {
  if (escaping == Escaping::kNone || name.empty() || IsLegacyMetricName(name)) {
    return std::string(name);
  }
  std::string out;
  if (escaping == Escaping::kValues) out = "U__";
  bool first = true;
  while (!name.empty()) {
    const char32_t rune = TakeRune(name);
    if (escaping == Escaping::kDots) {
      if (rune == '_') {
        out += "__";
      } else if (rune == '.') {
        out += "_dot_";
      } else if (rune != kInvalidRune && IsLegal(rune, first)) {
        out += static_cast<char>(rune);
      } else {
        out += "__";
      }
    } else if (escaping == Escaping::kUnderscores) {
      out += rune != kInvalidRune && IsLegal(rune, first) ? static_cast<char>(rune) : '_';
    } else if (rune == '_') {
      out += "__";
    } else if (rune == kInvalidRune) {
      out += "_FFFD_";
    } else if (IsLegal(rune, first)) {
      out += static_cast<char>(rune);
    } else {
      AppendHex(out, rune);
    }
    first = false;
  }
  return out;
}

std::string UnescapeName(std::string_view name) {
  if (!name.starts_with("U__")) return std::string(name);
  std::string out;
  std::string_view rest = name.substr(3);
  while (!rest.empty()) {
    if (rest[0] != '_') {
      out += rest[0];
      rest.remove_prefix(1);
      continue;
    }
    if (rest.starts_with("__")) {
      out += '_';
      rest.remove_prefix(2);
      continue;
    }
    const auto end = rest.find('_', 1);
    std::uint32_t rune = 0;
    if (end == std::string_view::npos || end > 7) return std::string(name);
    const auto parsed = std::from_chars(rest.data() + 1, rest.data() + end, rune, 16);
    const bool surrogate = rune >= 0xd800 && rune <= 0xdfff;
    if (parsed.ec != std::errc() || parsed.ptr != rest.data() + end || rune > 0x10ffff ||
        surrogate) {
      return std::string(name);
    }
    AppendRune(out, rune);
    rest.remove_prefix(end + 1);
  }
  return out;
}

}  // namespace meerkat::web
