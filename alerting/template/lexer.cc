#include "alerting/template/lexer.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "alerting/template/go_literal.h"
#include "base/quote.h"
#include "base/utf8.h"

namespace meerkat::alerting::templates {
namespace {

constexpr std::string_view kSpaces = " \t\r\n";

constexpr std::array<std::pair<std::string_view, TokenType>, 11> kKeywords = {{
    {"block", TokenType::kBlock},
    {"break", TokenType::kBreak},
    {"continue", TokenType::kContinue},
    {"define", TokenType::kDefine},
    {"else", TokenType::kElse},
    {"end", TokenType::kEnd},
    {"if", TokenType::kIf},
    {"nil", TokenType::kNil},
    {"range", TokenType::kRange},
    {"template", TokenType::kTemplate},
    {"with", TokenType::kWith},
}};

bool IsSpace(char c) {
  return kSpaces.find(c) != std::string_view::npos;
}
// Bytes of longer UTF-8 sequences count as letters.
bool IsAlphaNumeric(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return c == '_' || std::isalnum(byte) != 0 || byte >= 0x80;
}

}  // namespace

std::string Describe(const Token& token) {
  if (token.type == TokenType::kEof) return "EOF";
  if (token.type == TokenType::kError) return token.value;
  if (token.type >= TokenType::kBlock || token.type == TokenType::kDot)
    return "<" + token.value + ">";
  if (token.value.size() <= 10) return Quote(token.value);
  std::string_view rest = token.value;
  for (int i = 0; i < 10 && !rest.empty(); ++i) TakeRune(rest);
  return Quote(std::string_view(token.value).substr(0, token.value.size() - rest.size())) + "...";
}

Token Lexer::Next() {
  while (ready_.empty()) {
    if (inside_) {
      LexAction();
    } else {
      LexText();
    }
  }
  Token token = ready_.front();
  if (token.type != TokenType::kEof && token.type != TokenType::kError) ready_.pop_front();
  return token;
}

void Lexer::Emit(TokenType type) {
  const std::string_view text = source_.substr(start_, pos_ - start_);
  ready_.push_back({type, static_cast<std::uint32_t>(start_), start_line_, std::string(text)});
  line_ += static_cast<int>(std::ranges::count(text, '\n'));
  start_ = pos_;
  start_line_ = line_;
}

void Lexer::Fail(std::string message) {
  ready_.push_back(
      {TokenType::kError, static_cast<std::uint32_t>(start_), start_line_, std::move(message)});
}

std::string Lexer::CurrentRune() const {
  if (pos_ >= source_.size()) return "U+FFFFFFFFFFFFFFFF";
  std::string_view rest = source_.substr(pos_);
  return RuneName(TakeRune(rest));
}

// Up to the next {{, and the {{ itself; a hyphen and a space behind it eat the white space before.
void Lexer::LexText() {
  const std::size_t open = source_.find("{{", pos_);
  if (open == std::string_view::npos) {
    pos_ = source_.size();
    if (pos_ > start_) Emit(TokenType::kText);
    Emit(TokenType::kEof);
    return;
  }
  const bool trims =
      open + 3 < source_.size() && source_[open + 2] == '-' && IsSpace(source_[open + 3]);
  std::size_t end = open;
  if (trims) {
    while (end > start_ && IsSpace(source_[end - 1])) --end;
  }
  pos_ = end;
  if (pos_ > start_) Emit(TokenType::kText);
  line_ += static_cast<int>(std::ranges::count(source_.substr(pos_, open - pos_), '\n'));
  start_ = open;
  start_line_ = line_;
  const std::size_t after = open + 2 + (trims ? 2 : 0);
  if (source_.substr(after).starts_with("/*")) {
    pos_ = after;
    LexComment();
    return;
  }
  pos_ = open + 2;
  Emit(TokenType::kLeftDelim);
  inside_ = true;
  parens_ = 0;
  if (trims) {
    if (source_[after - 1] == '\n') ++line_;
    start_ = pos_ = after;
    start_line_ = line_;
  }
}

void Lexer::LexComment() {
  const std::size_t close = source_.find("*/", pos_ + 2);
  if (close == std::string_view::npos) return Fail("unclosed comment");
  pos_ = close + 2;
  bool trims = false;
  if (!AtRightDelim(trims)) return Fail("comment ends before closing delimiter");
  pos_ += trims ? 4 : 2;
  if (trims) {
    while (pos_ < source_.size() && IsSpace(source_[pos_])) ++pos_;
  }
  line_ += static_cast<int>(std::ranges::count(source_.substr(start_, pos_ - start_), '\n'));
  start_ = pos_;
  start_line_ = line_;
}

bool Lexer::AtRightDelim(bool& trims) const {
  const std::string_view rest = source_.substr(pos_);
  trims = rest.size() >= 4 && IsSpace(rest[0]) && rest.substr(1).starts_with("-}}");
  return trims || rest.starts_with("}}");
}

bool Lexer::AtTerminator() const {
  if (pos_ >= source_.size()) return true;
  const char c = source_[pos_];
  if (IsSpace(c)) return true;
  if (std::string_view(".,|:)(").find(c) != std::string_view::npos) return true;
  return source_.substr(pos_).starts_with("}}");
}

void Lexer::LexAction() {
  bool trims = false;
  if (AtRightDelim(trims)) {
    if (parens_ > 0) return Fail("unclosed left paren");
    if (trims) {
      if (source_[pos_] == '\n') ++line_;
      start_ = pos_ += 2;
      start_line_ = line_;
    }
    pos_ += 2;
    Emit(TokenType::kRightDelim);
    inside_ = false;
    if (trims) {
      while (pos_ < source_.size() && IsSpace(source_[pos_])) {
        if (source_[pos_++] == '\n') ++line_;
      }
      start_ = pos_;
      start_line_ = line_;
    }
    return;
  }
  if (pos_ >= source_.size()) return Fail("unclosed action");
  const char c = source_[pos_];
  if (IsSpace(c)) {
    while (pos_ < source_.size() && IsSpace(source_[pos_])) {
      // A space before -}} belongs to the delimiter.
      if (AtRightDelim(trims) && trims) break;
      ++pos_;
    }
    if (pos_ > start_) Emit(TokenType::kSpace);
    return;
  }
  const char next = pos_ + 1 < source_.size() ? source_[pos_ + 1] : '\0';
  const bool digit_follows = next >= '0' && next <= '9';
  switch (c) {
    case '=':
      ++pos_;
      return Emit(TokenType::kAssign);
    case ':':
      if (next != '=') return Fail("expected :=");
      pos_ += 2;
      return Emit(TokenType::kDeclare);
    case '|':
      ++pos_;
      return Emit(TokenType::kPipe);
    case '(':
      ++pos_;
      ++parens_;
      return Emit(TokenType::kLeftParen);
    case ')':
      if (--parens_ < 0) return Fail("unexpected right paren");
      ++pos_;
      return Emit(TokenType::kRightParen);
    case '"':
    case '\'':
      return LexQuoted(c);
    case '`':
      return LexRaw();
    case '$':
      return LexFieldOrVariable(TokenType::kVariable);
    case '.':
      return digit_follows ? LexNumber() : LexFieldOrVariable(TokenType::kField);
    case '+':
    case '-':
      return LexNumber();
    default:
      break;
  }
  if (c >= '0' && c <= '9') return LexNumber();
  if (IsAlphaNumeric(c)) return LexWord();
  if (c > ' ' && c < 0x7F) {
    ++pos_;
    return Emit(TokenType::kChar);
  }
  Fail("unrecognized character in action: " + CurrentRune());
}

void Lexer::LexWord() {
  while (pos_ < source_.size() && IsAlphaNumeric(source_[pos_])) ++pos_;
  if (!AtTerminator()) return Fail("bad character " + CurrentRune());
  const std::string_view word = source_.substr(start_, pos_ - start_);
  const auto* keyword = std::ranges::find(kKeywords, word, [](const auto& k) { return k.first; });
  if (keyword != kKeywords.end()) return Emit(keyword->second);
  Emit(word == "true" || word == "false" ? TokenType::kBool : TokenType::kIdentifier);
}

void Lexer::LexFieldOrVariable(TokenType type) {
  ++pos_;
  if (AtTerminator()) {  // nothing but the sign: . or $
    return Emit(type == TokenType::kVariable ? TokenType::kVariable : TokenType::kDot);
  }
  while (pos_ < source_.size() && IsAlphaNumeric(source_[pos_])) ++pos_;
  if (!AtTerminator()) return Fail("bad character " + CurrentRune());
  Emit(type);
}

void Lexer::LexNumber() {
  const auto accept = [this](std::string_view set) {
    if (pos_ >= source_.size() || set.find(source_[pos_]) == std::string_view::npos) return false;
    ++pos_;
    return true;
  };
  const auto run = [&](std::string_view set) {
    while (accept(set)) {
    }
  };
  accept("+-");
  std::string_view digits = "0123456789_";
  bool hex = false;
  if (accept("0")) {
    if (accept("xX")) {
      digits = "0123456789abcdefABCDEF_";
      hex = true;
    } else if (accept("oO")) {
      digits = "01234567_";
    } else if (accept("bB")) {
      digits = "01_";
    }
  }
  run(digits);
  if (accept(".")) run(digits);
  if (digits.size() == 11 && accept("eE")) {
    accept("+-");
    run("0123456789_");
  }
  if (hex && accept("pP")) {
    accept("+-");
    run("0123456789_");
  }
  accept("i");  // of an imaginary number, which no function takes
  if (pos_ < source_.size() && IsAlphaNumeric(source_[pos_])) {
    ++pos_;
    return Fail("bad number syntax: " + Quote(source_.substr(start_, pos_ - start_)));
  }
  // 1+2i would be a complex number: there are none here.
  if (accept("+-")) {
    run("0123456789_.i");
    return Fail("bad number syntax: " + Quote(source_.substr(start_, pos_ - start_)));
  }
  Emit(TokenType::kNumber);
}

void Lexer::LexQuoted(char quote) {
  const bool character = quote == '\'';
  for (++pos_; pos_ < source_.size() && source_[pos_] != '\n'; ++pos_) {
    if (source_[pos_] == quote) {
      ++pos_;
      return Emit(character ? TokenType::kCharConstant : TokenType::kString);
    }
    if (source_[pos_] == '\\') {
      if (pos_ + 1 >= source_.size() || source_[pos_ + 1] == '\n') break;
      ++pos_;
    }
  }
  Fail(character ? "unterminated character constant" : "unterminated quoted string");
}

void Lexer::LexRaw() {
  const std::size_t close = source_.find('`', pos_ + 1);
  if (close == std::string_view::npos) return Fail("unterminated raw quoted string");
  pos_ = close + 1;
  Emit(TokenType::kRawString);
}

}  // namespace meerkat::alerting::templates
