#include "server/net/media_type.h"

#include <algorithm>
#include <optional>

#include "base/letter_case.h"
#include "base/trim.h"

namespace meerkat::net {
namespace {

std::string_view TrimLeft(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of(kWhiteSpace), text.size()));
}

bool IsSpecial(char c) {
  return std::string_view("()<>@,;:\\\"/[]?=").find(c) != std::string_view::npos;
}

// Cuts a token, possibly empty, off the front.
std::string_view TakeToken(std::string_view& text) {
  const auto end = std::find_if(text.begin(), text.end(), [](char c) {
    return c <= 0x20 || c >= 0x7f || IsSpecial(c);  // bytes beyond ASCII are negative
  });
  const std::string_view token = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(token.size());
  return token;
}

// A token or a quoted string; nullopt when there is neither.
std::optional<std::string> TakeValue(std::string_view& text) {
  if (!text.starts_with('"')) {
    const std::string_view token = TakeToken(text);
    return token.empty() ? std::nullopt : std::optional<std::string>(token);
  }
  std::string value;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return value;
    }
    if (text[i] == '\r' || text[i] == '\n') break;
    // A backslash before anything else is itself: some clients send whole paths of Windows.
    if (text[i] == '\\' && i + 1 < text.size() && IsSpecial(text[i + 1])) ++i;
    value += text[i];
  }
  return std::nullopt;
}

std::string WhyNoType(std::string_view type) {
  if (TakeToken(type).empty()) return "mime: no media type";
  if (type.empty()) return "";
  if (!type.starts_with('/')) return "mime: expected slash after first token";
  type.remove_prefix(1);
  if (TakeToken(type).empty()) return "mime: expected token after slash";
  return type.empty() ? "" : "mime: unexpected content after media subtype";
}

}  // namespace

MediaType MediaType::Parse(std::string_view header) {
  MediaType media;
  const std::size_t semicolon = std::min(header.find(';'), header.size());
  std::string type = ToLower(Trim(header.substr(0, semicolon)));
  media.error = WhyNoType(type);
  if (!media.error.empty()) return media;
  media.type = std::move(type);
  std::string_view rest = TrimLeft(header.substr(semicolon));
  const auto take_parameter = [&]() -> std::optional<std::pair<std::string, std::string>> {
    rest = TrimLeft(rest.substr(1));  // behind the semicolon
    std::string name = ToLower(TakeToken(rest));
    rest = TrimLeft(rest);
    if (name.empty() || !rest.starts_with('=')) return std::nullopt;
    rest = TrimLeft(rest.substr(1));
    auto value = TakeValue(rest);
    if (!value) return std::nullopt;
    return std::pair(std::move(name), std::move(*value));
  };
  while (!rest.empty() && Trim(rest) != ";") {
    auto parameter = rest.starts_with(';') ? take_parameter() : std::nullopt;
    if (!parameter) {
      media.parameters.clear();
      media.error = "mime: invalid media parameter";
      return media;
    }
    const auto same = std::ranges::find(media.parameters, parameter->first,
                                        [](const auto& known) { return known.first; });
    if (same == media.parameters.end()) {
      media.parameters.push_back(std::move(*parameter));
    } else if (same->second != parameter->second) {
      return {{}, {}, "mime: duplicate parameter name"};
    }
    rest = TrimLeft(rest);
  }
  return media;
}

std::string_view MediaType::parameter(std::string_view name) const {
  for (const auto& [key, value] : parameters) {
    if (key == name) return value;
  }
  return {};
}

}  // namespace meerkat::net
