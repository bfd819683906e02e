#include "alerting/matchers.h"

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "base/quote.h"
#include "base/trim.h"
#include "base/utf8.h"

namespace meerkat::alerting {
namespace {

using Type = Matcher::Type;

bool IsSpace(char32_t c) {
  return c == ' ' || (c >= '\t' && c <= '\r') || c == 0x85 || c == 0xa0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f ||
         c == 0x3000;
}

bool IsReserved(char32_t c) {
  return IsSpace(c) || (c < 0x80 && std::string_view("{}!=~,\\\"'`").find(static_cast<char>(c)) !=
                                        std::string_view::npos);
}

// The four operators, longest first.
std::optional<Type> TakeOperator(std::string_view& text) {
  constexpr std::pair<std::string_view, Type> kOperators[] = {
      {"=~", Type::kRegex}, {"!~", Type::kNotRegex}, {"!=", Type::kNotEqual}, {"=", Type::kEqual}};
  for (const auto& [sign, type] : kOperators) {
    if (text.starts_with(sign)) {
      text.remove_prefix(sign.size());
      return type;
    }
  }
  return std::nullopt;
}

// ---- The UTF-8 grammar.

// What stands between double quotes, Go's escapes resolved. nullopt: not such a literal.
std::optional<std::string> Unquote(std::string_view body) {
  std::string out;
  const auto number = [&body](std::size_t digits, int base) -> std::optional<char32_t> {
    if (body.size() < digits) return std::nullopt;
    const std::string part(body.substr(0, digits));
    char* end = nullptr;
    const unsigned long value = std::strtoul(part.c_str(), &end, base);
    if (*end != '\0' || part[0] == '+' || part[0] == '-' || part[0] == ' ') return std::nullopt;
    body.remove_prefix(digits);
    return static_cast<char32_t>(value);
  };
  while (!body.empty()) {
    if (body.front() == '\n') return std::nullopt;
    if (body.front() != '\\') {
      out += body.front();
      body.remove_prefix(1);
      continue;
    }
    if (body.size() < 2) return std::nullopt;
    const char kind = body[1];
    body.remove_prefix(2);
    constexpr std::string_view kFrom = "abfnrtv\\\"";
    constexpr std::string_view kTo = "\a\b\f\n\r\t\v\\\"";
    if (const auto at = kFrom.find(kind); at != std::string_view::npos) {
      out += kTo[at];
    } else if (kind == 'x' || (kind >= '0' && kind <= '7')) {
      if (kind != 'x') body = std::string_view(body.data() - 1, body.size() + 1);
      const auto value = kind == 'x' ? number(2, 16) : number(3, 8);
      if (!value || *value > 0xff) return std::nullopt;
      out += static_cast<char>(*value);
    } else if (kind == 'u' || kind == 'U') {
      const auto value = number(kind == 'u' ? 4 : 8, 16);
      if (!value || *value > 0x10ffff || (*value >= 0xd800 && *value < 0xe000)) return std::nullopt;
      AppendRune(out, *value);
    } else {
      return std::nullopt;
    }
  }
  return out;
}

class Utf8Parser {
 public:
  explicit Utf8Parser(std::string_view text) : all_(text), rest_(text) {}

  Result<std::vector<Matcher>> Parse() {
    std::vector<Matcher> matchers;
    if (!IsValidUtf8(all_)) return Fail("invalid UTF-8");
    SkipSpace();
    const bool braces = TakeChar('{');
    for (SkipSpace(); !AtEnd(); SkipSpace()) {
      auto matcher = ParseOne();
      if (!matcher) return std::move(matcher).error();
      matchers.push_back(std::move(*matcher));
      SkipSpace();
      if (!TakeChar(',')) break;
    }
    SkipSpace();
    if (braces && !TakeChar('}')) return Fail("expected close brace");
    SkipSpace();
    if (!rest_.empty()) return Fail(braces ? "expected end of input" : "expected a comma");
    return matchers;
  }

 private:
  bool AtEnd() const { return rest_.empty() || rest_.front() == '}'; }

  bool TakeChar(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void SkipSpace() {
    for (std::string_view next = rest_; !next.empty(); rest_ = next) {
      if (!IsSpace(TakeRune(next))) return;
    }
  }

  Error Fail(std::string_view what) const {
    return {Code::kInvalid, std::to_string(all_.size() - rest_.size()) + ": " + Quote(rest_) +
                                ": " + std::string(what)};
  }

  Result<std::string> TakeToken(std::string_view what) {
    if (TakeChar('"')) {
      std::size_t end = 0;
      while (end < rest_.size() && rest_[end] != '"') end += rest_[end] == '\\' ? 2 : 1;
      if (end >= rest_.size()) return Fail("missing end \"");
      auto text = Unquote(rest_.substr(0, end));
      if (!text || !IsValidUtf8(*text)) return Fail("invalid quoted string");
      rest_.remove_prefix(end + 1);
      return std::move(*text);
    }
    std::string_view next = rest_;
    const std::string_view start = rest_;
    while (!next.empty()) {
      if (IsReserved(TakeRune(next))) break;
      rest_ = next;
    }
    if (rest_.size() == start.size()) return Fail(what);
    return std::string(start.substr(0, start.size() - rest_.size()));
  }

  Result<Matcher> ParseOne() {
    auto name = TakeToken("expected label name");
    if (!name) return std::move(name).error();
    SkipSpace();
    const auto type = TakeOperator(rest_);
    if (!type) return Fail("expected an operator such as '=', '!=', '=~' or '!~'");
    SkipSpace();
    auto value = TakeToken("expected label value");
    if (!value) return std::move(value).error();
    return MakeMatcher(*type, std::move(*name), std::move(*value));
  }

  std::string_view all_;
  std::string_view rest_;
};

// ---- The classic grammar.

Result<Matcher> ParseClassicOne(std::string_view text) {
  const Error bad(Code::kInvalid, "bad matcher format: " + std::string(text));
  std::string_view rest = Trim(text);
  const auto is_name = [](char c, bool first) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' ||
           (!first && c >= '0' && c <= '9');
  };
  std::size_t length = 0;
  while (length < rest.size() && is_name(rest[length], length == 0)) ++length;
  if (length == 0) return bad;
  std::string name(rest.substr(0, length));
  rest = Trim(rest.substr(length));
  const auto type = TakeOperator(rest);
  if (!type) return bad;
  rest = Trim(rest);
  if (!IsValidUtf8(rest)) {
    return Error(Code::kInvalid, "matcher value not valid UTF-8: " + std::string(text));
  }

  bool expect_quote = false;
  if (rest.starts_with('"')) {
    rest.remove_prefix(1);
    expect_quote = true;
  }
  std::string value;
  bool escaped = false;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    const char c = rest[i];
    if (escaped) {
      escaped = false;
      if (c == 'n') {
        value += '\n';
      } else {
        if (c != '"' && c != '\\') value += '\\';
        value += c;
      }
    } else if (c == '\\' && i + 1 < rest.size()) {
      escaped = true;
    } else if (c == '"') {
      if (!expect_quote || i + 1 != rest.size()) {
        return Error(Code::kInvalid,
                     "matcher value contains unescaped double quote: " + std::string(text));
      }
      expect_quote = false;
    } else {
      value += c;
    }
  }
  if (expect_quote) {
    return Error(Code::kInvalid,
                 "matcher value contains unescaped double quote: " + std::string(text));
  }
  return MakeMatcher(*type, std::move(name), std::move(value));
}

Result<std::vector<Matcher>> ParseClassic(std::string_view text) {
  if (text.starts_with('{')) text.remove_prefix(1);
  if (text.ends_with('}')) text.remove_suffix(1);
  std::vector<Matcher> matchers;
  bool quoted = false;
  bool escaped = false;
  std::size_t start = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && (text[i] != ',' || quoted)) {
      if (!escaped && text[i] == '"') quoted = !quoted;
      escaped = !escaped && text[i] == '\\';
      continue;
    }
    const std::string_view token = text.substr(start, i - start);
    start = i + 1;
    // Nothing after the last comma is fine, nothing at all is no matcher.
    if (i == text.size() && Trim(token).empty()) break;
    auto matcher = ParseClassicOne(token);
    if (!matcher) return std::move(matcher).error();
    matchers.push_back(std::move(*matcher));
  }
  return matchers;
}

}  // namespace

Result<Matcher> MakeMatcher(Matcher::Type type, std::string name, std::string value) {
  const std::string pattern = value;
  auto matcher =
      Matcher::Make(type, std::move(name), std::move(value), Regex::Flavor::kAlertmanager);
  if (matcher) return matcher;
  // Upstream's messages quote the expression with its anchors around.
  std::string message = matcher.error().message();
  if (message.ends_with("`" + pattern + "`") &&
      message.find("missing closing ]") == std::string::npos) {
    message.replace(message.size() - pattern.size() - 2, std::string::npos,
                    "`^(?:" + pattern + ")$`");
  } else if (message.find("missing closing ]") != std::string::npos && message.ends_with('`')) {
    message.insert(message.size() - 1, ")$");
  }
  return Error(Code::kInvalid, std::move(message));
}

Result<std::vector<Matcher>> ParseMatchers(std::string_view text, MatcherSyntax syntax) {
  if (syntax == MatcherSyntax::kClassic) return ParseClassic(text);
  auto utf8 = Utf8Parser(text).Parse();
  if (syntax == MatcherSyntax::kUtf8) return utf8;
  auto classic = ParseClassic(text);
  if (!classic && utf8) return utf8;
  return classic;
}

Result<Matcher> ParseMatcher(std::string_view text, MatcherSyntax syntax) {
  // The classic grammar's value goes to the end, whatever is in it.
  auto classic = ParseClassicOne(text);
  if (syntax == MatcherSyntax::kClassic) return classic;
  if (text.starts_with('{') || text.ends_with('}')) {
    return Error(Code::kInvalid, "unexpected open or close brace: " + std::string(text));
  }
  if (syntax == MatcherSyntax::kFallback && classic) return classic;
  auto utf8 = Utf8Parser(text).Parse();
  if (utf8 && utf8->size() == 1) return std::move(utf8->front());
  if (syntax == MatcherSyntax::kFallback) return classic;
  if (!utf8) return std::move(utf8).error();
  return Error(Code::kInvalid, "expected 1 matcher, found " + std::to_string(utf8->size()));
}

std::string MatcherText(const Matcher& matcher) {
  bool reserved = false;
  for (std::string_view rest = matcher.name(); !rest.empty();) {
    if (IsReserved(TakeRune(rest))) reserved = true;
  }
  std::string out = reserved ? Quote(matcher.name()) : matcher.name();
  out += Matcher::OperatorOf(matcher.type());
  out += Quote(matcher.value());
  return out;
}

std::string MatchersText(std::span<const Matcher> matchers) {
  std::string out = "{";
  for (const Matcher& matcher : matchers) {
    if (out.size() > 1) out += ',';
    out += MatcherText(matcher);
  }
  out += '}';
  return out;
}

void SortMatchers(std::vector<Matcher>& matchers) {
  std::stable_sort(matchers.begin(), matchers.end(), [](const Matcher& a, const Matcher& b) {
    return std::tie(a.name(), a.value()) != std::tie(b.name(), b.value())
               ? std::tie(a.name(), a.value()) < std::tie(b.name(), b.value())
               : a.type() < b.type();
  });
}

bool AllMatch(std::span<const Matcher> matchers, const Labels& labels) {
  return std::all_of(matchers.begin(), matchers.end(),
                     [&labels](const Matcher& matcher) { return matcher.Matches(labels); });
}

bool IsLabelName(std::string_view name, MatcherSyntax syntax) {
  if (syntax == MatcherSyntax::kClassic) return IsLegacyLabelName(name);
  return !name.empty() && IsValidUtf8(name);
}

}  // namespace meerkat::alerting
