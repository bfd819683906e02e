#include "server/net/url.h"

#include <algorithm>
#include <charconv>

#include "base/quote.h"

namespace meerkat::net {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool IsAlnum(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::string Escape(std::string_view text, std::string_view stand, bool plus) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (IsAlnum(c) || stand.find(c) != std::string_view::npos) {
      out += c;
    } else if (c == ' ' && plus) {
      out += '+';
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return out;
}

// Go: invalid URL escape "%zz", with at most the three characters in question.
std::string BadEscape(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') continue;
    if (i + 2 >= text.size() || HexDigit(text[i + 1]) < 0 || HexDigit(text[i + 2]) < 0) {
      return "invalid URL escape " + Quote(text.substr(i, 3));
    }
    i += 2;
  }
  return "";
}

std::string Lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

Error ParseError(std::string_view text, std::string_view why) {
  return Error(Code::kInvalid, "parse " + Quote(text) + ": " + std::string(why));
}

}  // namespace

std::optional<std::string> PercentDecode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = HexDigit(text[i + 1]);
      const int low = HexDigit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += plus_is_space && text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

std::string QueryEscape(std::string_view text) {
  return Escape(text, "-_.~", true);
}

std::string PathEscape(std::string_view text) {
  return Escape(text, "-_.~$&+=:@", false);
}

std::string EscapePath(std::string_view path) {
  return Escape(path, "-_.~$&+=:@/;,", false);
}

Params Params::Parse(std::string_view query) {
  Params params;
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    if (pair.empty()) continue;
    if (pair.find(';') != std::string_view::npos) {
      if (params.error_.empty()) params.error_ = "invalid semicolon separator in query";
      continue;
    }
    const std::size_t equal = pair.find('=');
    const std::string_view raw_name = pair.substr(0, equal);
    const std::string_view raw_value =
        equal == std::string_view::npos ? std::string_view() : pair.substr(equal + 1);
    auto name = PercentDecode(raw_name, true);
    auto value = PercentDecode(raw_value, true);
    if (!name || !value) {
      if (params.error_.empty()) params.error_ = BadEscape(name ? raw_value : raw_name);
      continue;
    }
    params.pairs_.emplace_back(std::move(*name), std::move(*value));
  }
  return params;
}

std::string_view Params::Get(std::string_view name) const {
  for (const auto& [key, value] : pairs_) {
    if (key == name) return value;
  }
  return {};
}

bool Params::Has(std::string_view name) const {
  return std::any_of(pairs_.begin(), pairs_.end(),
                     [name](const auto& pair) { return pair.first == name; });
}

std::vector<std::string> Params::All(std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& [key, value] : pairs_) {
    if (key == name) values.push_back(value);
  }
  return values;
}

void Params::Set(std::string_view name, std::string value) {
  std::erase_if(pairs_, [name](const auto& pair) { return pair.first == name; });
  pairs_.emplace_back(std::string(name), std::move(value));
}

std::string Params::Encode() const {
  auto sorted = pairs_;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::string out;
  for (const auto& [name, value] : sorted) {
    if (!out.empty()) out += '&';
    out += QueryEscape(name);
    out += '=';
    out += QueryEscape(value);
  }
  return out;
}

Result<Url> Url::Parse(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      return ParseError(text, "net/url: invalid control character in URL");
    }
  }
  Url url;
  std::string_view rest = text;
  if (const auto hash = rest.find('#'); hash != std::string_view::npos) {
    url.fragment = rest.substr(hash + 1);
    rest = rest.substr(0, hash);
  }
  const auto colon = rest.find(':');
  const auto slash = rest.find_first_of("/?");
  if (colon != std::string_view::npos && (slash == std::string_view::npos || colon < slash)) {
    const std::string_view scheme = rest.substr(0, colon);
    if (scheme.empty()) return ParseError(text, "missing protocol scheme");
    const bool letter = (scheme[0] | 0x20) >= 'a' && (scheme[0] | 0x20) <= 'z';
    if (!letter) return ParseError(text, "first path segment in URL cannot contain colon");
    url.scheme = Lower(scheme);
    rest.remove_prefix(colon + 1);
  }
  if (const auto question = rest.find('?'); question != std::string_view::npos) {
    url.query = rest.substr(question + 1);
    rest = rest.substr(0, question);
  }
  if (rest.starts_with("//")) {
    rest.remove_prefix(2);
    const auto path = rest.find('/');
    std::string_view authority = rest.substr(0, path);
    rest = path == std::string_view::npos ? std::string_view() : rest.substr(path);
    if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
      const std::string_view info = authority.substr(0, at);
      auto decoded = PercentDecode(info);
      if (!decoded) return ParseError(text, BadEscape(info));
      url.userinfo = std::move(*decoded);
      url.has_password = info.find(':') != std::string_view::npos;
      authority.remove_prefix(at + 1);
    }
    std::string_view port;
    if (authority.starts_with('[')) {
      const auto close = authority.find(']');
      if (close == std::string_view::npos) return ParseError(text, "missing ']' in host");
      url.host = authority.substr(1, close - 1);
      port = authority.substr(close + 1);
    } else {
      const auto last = authority.find(':');
      auto host = PercentDecode(authority.substr(0, last));
      if (!host) return ParseError(text, BadEscape(authority));
      url.host = std::move(*host);
      if (url.host.find_first_of(" \"<>\\^`{|}") != std::string::npos) {
        return ParseError(text,
                          "invalid character " +
                              Quote(url.host.substr(url.host.find_first_of(" \"<>\\^`{|}"), 1)) +
                              " in host name");
      }
      port = last == std::string_view::npos ? std::string_view() : authority.substr(last);
    }
    if (!port.empty()) {
      const std::string_view digits = port.substr(1);
      if (port[0] != ':' || digits.find_first_not_of("0123456789") != std::string_view::npos) {
        return ParseError(text, "invalid port " + Quote(port) + " after host");
      }
      url.port = digits;
    }
  }
  if (const std::string bad = BadEscape(rest); !bad.empty()) return ParseError(text, bad);
  // Go escapes on the wire what may not stand in a path.
  url.path = Escape(rest, "-_.~$&+=:@/%!'()*,;[]", false);
  return url;
}

std::string Url::authority() const {
  std::string out = host.find(':') != std::string::npos ? "[" + host + "]" : host;
  if (!port.empty()) out += ":" + port;
  return out;
}

std::uint16_t Url::effective_port() const {
  unsigned value = 0;
  const auto parsed = std::from_chars(port.data(), port.data() + port.size(), value);
  if (!port.empty() && parsed.ec == std::errc() && value <= 65535) {
    return static_cast<std::uint16_t>(value);
  }
  return scheme == "https" ? 443 : 80;
}

std::string Url::target() const {
  std::string out = path.empty() ? "/" : path;
  if (!query.empty()) out += "?" + query;
  return out;
}

namespace {

std::string Print(const Url& url, std::string_view userinfo) {
  std::string out;
  if (!url.scheme.empty()) out += url.scheme + ":";
  if (!url.host.empty() || !url.scheme.empty()) {
    out += "//";
    if (!userinfo.empty()) {
      out += userinfo;
      out += '@';
    }
    out += url.authority();
  }
  out += url.path;
  if (!url.query.empty()) out += "?" + url.query;
  if (!url.fragment.empty()) out += "#" + url.fragment;
  return out;
}

std::string EscapeUserinfo(std::string_view info) {
  const auto colon = info.find(':');
  std::string out = Escape(info.substr(0, colon), "-_.~$&+,;=", false);
  if (colon != std::string_view::npos) {
    out += ':' + Escape(info.substr(colon + 1), "-_.~$&+,;=", false);
  }
  return out;
}

}  // namespace

std::string Url::ToString() const {
  return Print(*this, EscapeUserinfo(userinfo));
}

std::string Url::Redacted() const {
  if (!has_password) return ToString();
  return Print(*this, EscapeUserinfo(userinfo.substr(0, userinfo.find(':'))) + ":xxxxx");
}

Result<Url> Url::Resolve(std::string_view reference) const {
  auto parsed = Parse(reference);
  if (!parsed) return std::move(parsed).error();
  Url target = std::move(*parsed);
  if (!target.scheme.empty() && !target.host.empty()) return target;
  if (target.scheme.empty()) target.scheme = scheme;
  if (!target.host.empty()) return target;
  target.host = host;
  target.port = port;
  target.userinfo = userinfo;
  target.has_password = has_password;
  if (target.path.empty()) {
    target.path = path;
    if (target.query.empty()) target.query = query;
    return target;
  }
  std::string full = target.path;
  if (!full.starts_with('/')) full = path.substr(0, path.rfind('/') + 1) + full;
  // Dot segments go, as RFC 3986 5.2.4 says.
  std::vector<std::string_view> kept;
  std::string_view rest = full;
  bool directory = false;
  while (!rest.empty()) {
    rest.remove_prefix(rest.starts_with('/') ? 1 : 0);
    const auto slash = rest.find('/');
    const std::string_view segment = rest.substr(0, slash);
    directory = segment == "." || segment == ".." || segment.empty();
    if (segment == "..") {
      if (!kept.empty()) kept.pop_back();
    } else if (segment != "." && !(segment.empty() && slash == std::string_view::npos)) {
      kept.push_back(segment);
    }
    rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash);
  }
  target.path.clear();
  for (const std::string_view segment : kept) {
    target.path += '/';
    target.path += segment;
  }
  if (directory || target.path.empty()) target.path += '/';
  return target;
}

}  // namespace meerkat::net
