#include "alerting/receivers/mime.h"

#include <algorithm>

#include "base/trim.h"
#include "base/utf8.h"

namespace meerkat::alerting {
namespace {

constexpr char kHex[] = "0123456789ABCDEF";

void AppendEscaped(std::string& out, char c) {
  const auto byte = static_cast<unsigned char>(c);
  out += '=';
  out += kHex[byte >> 4];
  out += kHex[byte & 15];
}

bool IsPrintable(char c) {
  return c >= ' ' && c <= '~';
}

// local@domain without spaces or angle brackets.
bool IsAddress(std::string_view text) {
  const auto at = text.rfind('@');
  return at != std::string_view::npos && at > 0 && at + 1 < text.size() &&
         (text.front() == '"' ||
          text.substr(0, at).find_first_of(" \t<>,;:\\\"()[]@") == std::string_view::npos) &&
         text.substr(at + 1).find_first_of(" \t<>,;\\\"()@") == std::string_view::npos;
}

// One entry of a list: `name <address>` or the bare address.
std::optional<std::string> AddressOf(std::string_view entry) {
  entry = Trim(entry);
  if (entry.ends_with('>')) {
    const auto open = entry.rfind('<');
    if (open == std::string_view::npos) return std::nullopt;
    entry = Trim(entry.substr(open + 1, entry.size() - open - 2));
  }
  if (!IsAddress(entry)) return std::nullopt;
  return std::string(entry);
}

}  // namespace

std::optional<std::vector<std::string>> ParseAddressList(std::string_view text) {
  std::vector<std::string> addresses;
  bool quoted = false;
  std::size_t start = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size()) {
      if (quoted && text[i] == '\\') {
        ++i;
        continue;
      }
      if (text[i] == '"') quoted = !quoted;
      if (text[i] != ',' || quoted) continue;
    }
    const std::string_view entry = text.substr(start, std::min(i, text.size()) - start);
    start = i + 1;
    if (Trim(entry).empty()) continue;
    auto address = AddressOf(entry);
    if (!address) return std::nullopt;
    addresses.push_back(std::move(*address));
  }
  if (addresses.empty() || quoted) return std::nullopt;
  return addresses;
}

std::string EncodeHeader(std::string_view value) {
  std::string clean(value);
  for (char& c : clean) c = c == '\r' || c == '\n' ? ' ' : c;
  if (std::all_of(clean.begin(), clean.end(), [](char c) { return IsPrintable(c) || c == '\t'; })) {
    return clean;
  }
  constexpr std::string_view kStart = "=?utf-8?q?";
  constexpr std::size_t kLongestWord = 75;
  std::string out(kStart);
  std::size_t word = kStart.size() + 2;
  for (std::string_view rest = clean; !rest.empty();) {
    const std::string_view before = rest;
    TakeRune(rest);
    std::string piece;
    for (const char c : before.substr(0, before.size() - rest.size())) {
      if (c == ' ') {
        piece += '_';
      } else if (IsPrintable(c) && c != '=' && c != '?' && c != '_') {
        piece += c;
      } else {
        AppendEscaped(piece, c);
      }
    }
    // A rune stays in one word.
    if (word + piece.size() > kLongestWord) {
      out.append("?= ").append(kStart);
      word = kStart.size() + 2;
    }
    out += piece;
    word += piece.size();
  }
  return out += "?=";
}

std::string QuotedPrintable(std::string_view text) {
  constexpr std::size_t kLongestLine = 76;
  std::string out;
  std::size_t column = 0;
  const auto add = [&](std::string_view piece) {
    // One place is for the `=` of a soft line break.
    if (column + piece.size() > kLongestLine - 1) {
      out += "=\r\n";
      column = 0;
    }
    out += piece;
    column += piece.size();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n' || (c == '\r' && i + 1 < text.size() && text[i + 1] == '\n')) {
      if (c == '\r') ++i;
      out += "\r\n";
      column = 0;
      continue;
    }
    const bool before_break = i + 1 == text.size() || text[i + 1] == '\n' || text[i + 1] == '\r';
    const bool space = c == ' ' || c == '\t';
    if ((IsPrintable(c) && c != '=' && !space) || (space && !before_break)) {
      add(std::string_view(&c, 1));
    } else {
      std::string escaped;
      AppendEscaped(escaped, c);
      add(escaped);
    }
  }
  return out;
}

}  // namespace meerkat::alerting
