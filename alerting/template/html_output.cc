#include <algorithm>
#include <array>
#include <cctype>

#include "alerting/template/escape.h"
#include "alerting/template/format.h"
#include "alerting/template/json.h"
#include "alerting/template/output.h"
#include "base/html_text.h"

namespace meerkat::alerting::templates {
namespace {

// What stands where nothing safe can be said.
constexpr std::string_view kUnsafe = "ZgotmplZ";

bool IsSpace(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}
char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}
bool IsRawElement(std::string_view tag) {
  return tag == "script" || tag == "style" || tag == "title" || tag == "textarea";
}

// html/template escapes the plus too, for old browsers.
std::string Escape(std::string_view text) {
  std::string out;
  for (const char c : EscapeHtml(text)) {
    if (c == '+') {
      out += "&#43;";
    } else {
      out += c;
    }
  }
  return out;
}

// Already HTML: only what would end an attribute is escaped, entities stay.
std::string Normalize(std::string_view html) {
  std::string out;
  for (const char c : html) {
    if (c == '+') {
      out += "&#43;";
    } else if (const std::string_view entity = HtmlEntity(c); c != '&' && !entity.empty()) {
      out += entity;
    } else {
      out += c;
    }
  }
  return out;
}

std::string WithoutTags(std::string_view html) {
  std::string out;
  bool inside = false;
  for (const char c : html) {
    if (c == '<') inside = true;
    if (!inside) out += c;
    if (c == '>') inside = false;
  }
  return out;
}

// For a value without quotes around it.
std::string EscapeUnquoted(std::string_view text) {
  if (text.empty()) return std::string(kUnsafe);
  std::string out;
  for (const char c : text) {
    if (std::string_view(" \t\n\v\f\r\"'&+<=>`").find(c) != std::string_view::npos) {
      out += "&#" + std::to_string(static_cast<int>(c)) + ";";
    } else if (c == '\0') {
      out += "&#xfffd;";
    } else {
      out += c;
    }
  }
  return out;
}

bool IsSafeScheme(std::string_view url) {
  const std::size_t colon = url.find(':');
  if (colon == std::string_view::npos || url.substr(0, colon).find('/') != std::string_view::npos) {
    return true;
  }
  std::string scheme;
  for (const char c : url.substr(0, colon)) scheme += Lower(c);
  return scheme == "http" || scheme == "https" || scheme == "mailto";
}

// %-escapes what is not plain; with `keep_reserved` the characters that structure a URL stay.
std::string EscapeUrl(std::string_view url, bool keep_reserved) {
  constexpr std::string_view kReserved = "!#$&*+,/:;=?@[]";
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < url.size(); ++i) {
    const char c = url[i];
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.' ||
                       c == '_' || c == '~';
    const bool escape_already = c == '%' && i + 2 < url.size() &&
                                std::isxdigit(static_cast<unsigned char>(url[i + 1])) != 0 &&
                                std::isxdigit(static_cast<unsigned char>(url[i + 2])) != 0;
    if (plain ||
        (keep_reserved && (escape_already || kReserved.find(c) != std::string_view::npos))) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return out;
}

bool IsUrlAttribute(std::string_view name) {
  constexpr std::array<std::string_view, 18> kNames = {
      "action", "archive",    "background", "cite",   "classid",  "codebase",
      "data",   "formaction", "href",       "icon",   "longdesc", "manifest",
      "poster", "profile",    "src",        "srcset", "usemap",   "xmlns"};
  if (std::ranges::find(kNames, name) != kNames.end()) return true;
  // Attributes nobody has heard of, named like addresses.
  return name.find("src") != std::string_view::npos || name.find("uri") != std::string_view::npos ||
         name.find("url") != std::string_view::npos;
}

std::string EscapeScriptString(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '\t':
        out += "\\t";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '/':
        out += "\\/";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 ||
            std::string_view("\"'&+<>`").find(c) != std::string_view::npos) {
          const auto byte = static_cast<unsigned char>(c);
          out += "\\u00";
          out += kHex[byte >> 4];
          out += kHex[byte & 15];
        } else {
          out += c;
        }
    }
  }
  return out;
}

std::string EscapeStyleString(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 ||
        std::string_view("\"'&()+/:;<>\\{}").find(c) != std::string_view::npos) {
      char hex[8];
      std::snprintf(hex, sizeof hex, "\\%x ", static_cast<unsigned>(static_cast<unsigned char>(c)));
      out += hex;
    } else {
      out += c;
    }
  }
  return out;
}

// A CSS value is let through only when it cannot be more than one.
std::string FilterStyle(std::string_view text) {
  std::string letters;
  for (const char c : text) {
    if (std::string_view(std::string_view("\0\"'()/;@[\\]`{}<>", 16)).find(c) !=
        std::string_view::npos) {
      return std::string(kUnsafe);
    }
    if (std::isalpha(static_cast<unsigned char>(c)) != 0) letters += Lower(c);
  }
  if (text.find("--") != std::string_view::npos ||
      letters.find("expression") != std::string::npos ||
      letters.find("mozbinding") != std::string::npos) {
    return std::string(kUnsafe);
  }
  return std::string(text);
}

bool IsDoctype(std::string_view text) {
  constexpr std::string_view kDoctype = "<!doctype";
  return text.size() >= kDoctype.size() &&
         std::equal(kDoctype.begin(), kDoctype.end(), text.begin(),
                    [](char a, char b) { return a == Lower(b); });
}

bool IsHtml(const Value& value) {
  return value.type() == &kSafeHtml || value.type() == &kEscapedHtml;
}

}  // namespace

void HtmlOutput::Text(std::string_view text) {
  while (!text.empty()) text = Step(text);
}

// Takes one character or more off the front and moves the state along.
std::string_view HtmlOutput::Step(std::string_view text) {
  const char c = text.front();
  switch (state_) {
    case State::kComment: {
      const std::size_t end = text.find("-->");
      if (end == std::string_view::npos) return {};
      state_ = State::kText;
      return text.substr(end + 3);
    }
    case State::kText: {
      if (text.starts_with("<!--")) {
        state_ = State::kComment;
        return text.substr(4);
      }
      if (c != '<') break;
      const std::size_t name = text.substr(1).starts_with('/') ? 2 : 1;
      if (name < text.size() && std::isalpha(static_cast<unsigned char>(text[name])) != 0) {
        closing_ = name == 2;
        tag_.clear();
        state_ = State::kTagName;
        out_ += text.substr(0, name);
        return text.substr(name);
      }
      // What opens no tag is a character.
      if (IsDoctype(text)) break;
      out_ += "&lt;";
      return text.substr(1);
    }
    case State::kTagName:
      if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != ':' && c != '-') {
        state_ = State::kTag;
        return text;
      }
      tag_ += Lower(c);
      break;
    case State::kTag:
      if (c == '>') {
        out_ += c;
        EndTag();
        return text.substr(1);
      }
      if (!IsSpace(c) && c != '/') {
        attribute_.clear();
        state_ = State::kAttributeName;
        return text;
      }
      break;
    case State::kAttributeName:
      if (c == '=' || c == '>' || IsSpace(c)) {
        state_ = State::kAfterName;
        return text;
      }
      attribute_ += Lower(c);
      break;
    case State::kAfterName:
      if (c == '=') {
        state_ = State::kBeforeValue;
      } else if (!IsSpace(c)) {
        state_ = State::kTag;
        return text;
      }
      break;
    case State::kBeforeValue:
      if (IsSpace(c)) break;
      if (c == '>') {
        state_ = State::kTag;
        return text;
      }
      BeginValue(c == '"' || c == '\'' ? c : '\0');
      if (quote_ == '\0') return text;
      break;
    case State::kValue: {
      const bool ends = quote_ == '\0' ? c == '>' || IsSpace(c) : c == quote_;
      if (ends) {
        state_ = State::kTag;
        if (quote_ == '\0') return text;
        break;
      }
      if (content_ == Content::kUrl) NoteUrl(text.substr(0, 1));
      if (content_ == Content::kScript || content_ == Content::kStyle) {
        NoteScript(text.substr(0, 1));
      }
      break;
    }
    case State::kRawText: {
      std::string end = "</" + tag_;
      if (c == '<' && text.size() >= end.size() &&
          std::equal(end.begin(), end.end(), text.begin(),
                     [](char a, char b) { return a == Lower(b); })) {
        state_ = State::kText;
        return text;
      }
      if (content_ == Content::kPlain && c == '<') {
        out_ += "&lt;";
        return text.substr(1);
      }
      if (content_ != Content::kPlain) NoteScript(text.substr(0, 1));
      break;
    }
  }
  out_ += c;
  return text.substr(1);
}

void HtmlOutput::EndTag() {
  state_ = State::kText;
  if (closing_ || !IsRawElement(tag_)) return;
  state_ = State::kRawText;
  content_ = tag_ == "script"  ? Content::kScript
             : tag_ == "style" ? Content::kStyle
                               : Content::kPlain;
  script_quote_ = '\0';
  script_escape_ = false;
}

void HtmlOutput::BeginValue(char quote) {
  state_ = State::kValue;
  quote_ = quote;
  url_part_ = UrlPart::kStart;
  script_quote_ = '\0';
  script_escape_ = false;
  std::string_view name = attribute_;
  if (name.starts_with("data-")) name.remove_prefix(5);
  if (const std::size_t colon = name.find(':'); colon != std::string_view::npos) {
    name = name.substr(0, colon) == "xmlns" ? std::string_view("xmlns") : name.substr(colon + 1);
  }
  if (name == "style") {
    content_ = Content::kStyle;
  } else if (name.starts_with("on")) {
    content_ = Content::kScript;
  } else {
    content_ = IsUrlAttribute(name) ? Content::kUrl : Content::kPlain;
  }
}

void HtmlOutput::NoteUrl(std::string_view text) {
  for (const char c : text) {
    if (c == '?' || c == '#') url_part_ = UrlPart::kQuery;
    if (url_part_ == UrlPart::kStart && !IsSpace(c)) url_part_ = UrlPart::kPath;
  }
}

// Follows the strings of a script or style.
void HtmlOutput::NoteScript(std::string_view text) {
  for (const char c : text) {
    if (script_quote_ == '\0') {
      if (c == '"' || c == '\'' || c == '`') script_quote_ = c;
    } else if (script_escape_) {
      script_escape_ = false;
    } else if (c == '\\') {
      script_escape_ = true;
    } else if (c == script_quote_) {
      script_quote_ = '\0';
    }
  }
}

void HtmlOutput::Print(const Value& value) {
  const std::string text = value.is_nil() ? "" : PrintedText(value);
  switch (state_) {
    case State::kText:
      out_ += IsHtml(value) ? text : Escape(text);
      return;
    case State::kComment:
      return;
    case State::kRawText:
      if (content_ == Content::kScript) {
        out_ += ForScript(value);
      } else if (content_ == Content::kStyle) {
        out_ += ForStyle(value);
      } else {
        out_ += IsHtml(value) ? Normalize(text) : Escape(text);
      }
      return;
    case State::kBeforeValue:
      BeginValue('\0');
      [[fallthrough]];
    case State::kValue: {
      const std::string content = ForAttribute(value);
      const bool quoted = quote_ != '\0';
      if (IsHtml(value) && content_ == Content::kPlain) {
        out_ += quoted ? Normalize(WithoutTags(content)) : EscapeUnquoted(WithoutTags(content));
      } else {
        out_ += quoted ? Escape(content) : EscapeUnquoted(content);
      }
      if (content_ == Content::kUrl) NoteUrl(text);
      return;
    }
    case State::kTagName:
    case State::kTag:
    case State::kAttributeName:
    case State::kAfterName: {
      // A name is plain letters or nothing.
      const bool plain = !text.empty() && std::ranges::all_of(text, [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0;
      });
      const std::string name = plain ? text : std::string(kUnsafe);
      if (state_ == State::kTag || state_ == State::kAfterName) {
        attribute_.clear();
        state_ = State::kAttributeName;
      }
      if (state_ == State::kAttributeName) attribute_ += name;
      out_ += name;
      return;
    }
  }
}

std::string HtmlOutput::ForAttribute(const Value& value) const {
  switch (content_) {
    case Content::kUrl:
      return ForUrl(value);
    case Content::kScript:
      return ForScript(value);
    case Content::kStyle:
      return ForStyle(value);
    case Content::kPlain:
      break;
  }
  return value.is_nil() ? "" : PrintedText(value);
}

std::string HtmlOutput::ForUrl(const Value& value) const {
  const std::string url = value.is_nil() ? "" : PrintedText(value);
  if (url_part_ == UrlPart::kQuery) return EscapeUrl(url, value.type() == &kSafeUrl);
  if (url_part_ == UrlPart::kStart && value.type() != &kSafeUrl && !IsSafeScheme(url)) {
    return "#" + std::string(kUnsafe);
  }
  return EscapeUrl(url, true);
}

std::string HtmlOutput::ForScript(const Value& value) const {
  if (script_quote_ != '\0') return EscapeScriptString(value.is_nil() ? "" : PrintedText(value));
  switch (value.kind()) {
    case Value::Kind::kBool:
    case Value::Kind::kInt:
    case Value::Kind::kFloat:
    case Value::Kind::kNil:
      return " " + ToJson(value) + " ";
    default:
      return ToJson(value);
  }
}

std::string HtmlOutput::ForStyle(const Value& value) const {
  const std::string text = value.is_nil() ? "" : PrintedText(value);
  return script_quote_ == '\0' ? FilterStyle(text) : EscapeStyleString(text);
}

}  // namespace meerkat::alerting::templates
