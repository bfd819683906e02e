#include "promql/parse/lexer.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/quote.h"
#include "base/utf8.h"
#include "promql/parse/text.h"

namespace meerkat::promql {
namespace {

constexpr std::string_view kDigits = "0123456789";

bool IsSpace(char32_t rune) {
  return rune == ' ' || rune == '\t' || rune == '\n' || rune == '\r';
}
bool IsDigit(char32_t rune) {
  return rune >= '0' && rune <= '9';
}
bool IsAlpha(char32_t rune) {
  return rune == '_' || (rune >= 'a' && rune <= 'z') || (rune >= 'A' && rune <= 'Z');
}
bool IsAlphaNumeric(char32_t rune) {
  return IsAlpha(rune) || IsDigit(rune);
}
bool IsOneOf(char32_t rune, std::string_view set) {
  return rune < 0x80 && set.find(static_cast<char>(rune)) != std::string_view::npos;
}

struct Keyword {
  std::string_view word;
  TokenType type;
  Op op = Op::kAdd;
  AggregateOp aggregate = AggregateOp::kSum;
};

constexpr Keyword Operator(std::string_view word, Op op) {
  return {word, TokenType::kOperator, op};
}
constexpr Keyword Aggregate(std::string_view word, AggregateOp op) {
  return {word, TokenType::kAggregate, Op::kAdd, op};
}

constexpr std::array kKeywords = {
    Operator("and", Op::kAnd),
    Operator("or", Op::kOr),
    Operator("unless", Op::kUnless),
    Operator("atan2", Op::kAtan2),
    Aggregate("sum", AggregateOp::kSum),
    Aggregate("avg", AggregateOp::kAvg),
    Aggregate("count", AggregateOp::kCount),
    Aggregate("min", AggregateOp::kMin),
    Aggregate("max", AggregateOp::kMax),
    Aggregate("group", AggregateOp::kGroup),
    Aggregate("stddev", AggregateOp::kStddev),
    Aggregate("stdvar", AggregateOp::kStdvar),
    Aggregate("topk", AggregateOp::kTopk),
    Aggregate("bottomk", AggregateOp::kBottomk),
    Aggregate("count_values", AggregateOp::kCountValues),
    Aggregate("quantile", AggregateOp::kQuantile),
    Aggregate("limitk", AggregateOp::kLimitk),
    Aggregate("limit_ratio", AggregateOp::kLimitRatio),
    Keyword{"offset", TokenType::kOffset},
    Keyword{"by", TokenType::kBy},
    Keyword{"without", TokenType::kWithout},
    Keyword{"on", TokenType::kOn},
    Keyword{"ignoring", TokenType::kIgnoring},
    Keyword{"group_left", TokenType::kGroupLeft},
    Keyword{"group_right", TokenType::kGroupRight},
    Keyword{"bool", TokenType::kBool},
    Keyword{"fill", TokenType::kFill},
    Keyword{"fill_left", TokenType::kFillLeft},
    Keyword{"fill_right", TokenType::kFillRight},
    Keyword{"smoothed", TokenType::kSmoothed},
    Keyword{"anchored", TokenType::kAnchored},
    Keyword{"start", TokenType::kStart},
    Keyword{"end", TokenType::kEnd_},
    Keyword{"step", TokenType::kStep},
    Keyword{"range", TokenType::kRange},
    Keyword{"max_of", TokenType::kMaxOf},
    Keyword{"min_of", TokenType::kMinOf},
    Keyword{"inf", TokenType::kNumber},
    Keyword{"nan", TokenType::kNumber},
};
constexpr std::size_t kLongestKeyword = 12;  // count_values

const Keyword* FindKeyword(std::string_view word) {
  if (word.size() > kLongestKeyword) return nullptr;
  std::string lower(word);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  const auto* found = std::ranges::find(kKeywords, lower, &Keyword::word);
  return found == kKeywords.end() ? nullptr : found;
}

}  // namespace

char32_t Lexer::Peek() const {
  if (pos_ >= text_.size()) return kEof;
  const auto byte = static_cast<unsigned char>(text_[pos_]);
  if (byte < 0x80) return byte;
  std::string_view rest = text_.substr(pos_);
  return TakeRune(rest);
}

char32_t Lexer::Take() {
  if (pos_ >= text_.size()) return kEof;
  const auto byte = static_cast<unsigned char>(text_[pos_]);
  if (byte < 0x80) {
    ++pos_;
    return byte;
  }
  std::string_view rest = text_.substr(pos_);
  const char32_t rune = TakeRune(rest);
  pos_ = text_.size() - rest.size();
  return rune;
}

bool Lexer::Accept(std::string_view set) {
  if (pos_ >= text_.size() || set.find(text_[pos_]) == std::string_view::npos) return false;
  ++pos_;
  return true;
}

void Lexer::AcceptRun(std::string_view set) {
  while (Accept(set)) {
  }
}

Token Lexer::Emit(TokenType type) {
  Token token;
  token.type = type;
  token.position = {static_cast<std::uint32_t>(start_), static_cast<std::uint32_t>(pos_)};
  token.text = text_.substr(start_, pos_ - start_);
  start_ = pos_;
  return token;
}

Token Lexer::EmitOp(Op op) {
  Token token = Emit(TokenType::kOperator);
  token.op = op;
  return token;
}

Token Lexer::Fail(std::string message) {
  Token token;
  token.type = TokenType::kError;
  token.position = {static_cast<std::uint32_t>(start_), static_cast<std::uint32_t>(text_.size())};
  token.message = std::move(message);
  return token;
}

void Lexer::SkipSpaceAndComments() {
  while (pos_ < text_.size()) {
    if (IsSpace(static_cast<unsigned char>(text_[pos_]))) {
      ++pos_;
    } else if (text_[pos_] == '#' && !duration_start_) {
      while (pos_ < text_.size() && text_[pos_] != '\n' && text_[pos_] != '\r') ++pos_;
    } else {
      break;
    }
  }
  start_ = pos_;
}

Token Lexer::Next() {
  SkipSpaceAndComments();
  if (brace_open_) return InsideBraces();
  if (duration_start_) return DurationExpression();
  return Statement();
}

Token Lexer::Statement() {
  const char32_t rune = Take();
  switch (rune) {
    case kEof:
      if (paren_depth_ != 0) return Fail("unclosed left parenthesis");
      if (bracket_open_) return Fail("unclosed left bracket");
      return Emit(TokenType::kEnd);
    case ',':
      return Emit(TokenType::kComma);
    case '*':
      return EmitOp(Op::kMul);
    case '/':
      return EmitOp(Op::kDiv);
    case '%':
      return EmitOp(Op::kMod);
    case '+':
      return EmitOp(Op::kAdd);
    case '-':
      return EmitOp(Op::kSub);
    case '^':
      return EmitOp(Op::kPow);
    case '@':
      return Emit(TokenType::kAt);
    case '=':
      if (Accept("=")) return EmitOp(Op::kEqual);
      if (Peek() == '~') return Fail("unexpected character after '=': " + QuoteRune('~'));
      return Emit(TokenType::kAssign);
    case '!': {
      const char32_t next = Take();
      if (next == '=') return EmitOp(Op::kNotEqual);
      return Fail("unexpected character after '!': " + QuoteRune(next));
    }
    case '<':
      if (Accept("=")) return EmitOp(Op::kLessEqual);
      if (Accept("/")) return EmitOp(Op::kTrimUpper);
      return EmitOp(Op::kLess);
    case '>':
      if (Accept("=")) return EmitOp(Op::kGreaterEqual);
      if (Accept("/")) return EmitOp(Op::kTrimLower);
      return EmitOp(Op::kGreater);
    case '"':
    case '\'':
      return QuotedString(rune);
    case '`':
      return RawString();
    case '(':
      ++paren_depth_;
      return Emit(TokenType::kLeftParen);
    case ')':
      if (paren_depth_ == 0) {
        start_ = pos_;
        return Fail("unexpected right parenthesis " + QuoteRune(rune));
      }
      --paren_depth_;
      return Emit(TokenType::kRightParen);
    case '{':
      brace_open_ = true;
      return Emit(TokenType::kLeftBrace);
    case '[':
      if (bracket_open_) return Fail("unexpected left bracket " + QuoteRune(rune));
      bracket_open_ = true;
      colon_seen_ = false;
      duration_start_ = true;
      return Emit(TokenType::kLeftBracket);
    case ']':
      if (!bracket_open_) return Fail("unexpected right bracket " + QuoteRune(rune));
      bracket_open_ = false;
      return Emit(TokenType::kRightBracket);
    default:
      break;
  }
  if (IsDigit(rune) || (rune == '.' && IsDigit(Peek()))) {
    pos_ = start_;
    return NumberOrDuration();
  }
  if (!IsAlpha(rune) && rune != ':') {
    return Fail("unexpected character: " + QuoteRune(rune));
  }
  if (!bracket_open_) {
    pos_ = start_;
    return Word();
  }
  if (rune == ':') {
    if (colon_seen_) return Fail("unexpected colon " + QuoteRune(rune));
    colon_seen_ = true;
    return Emit(TokenType::kColon);
  }
  pos_ = start_;
  TokenType type;
  if (ScanDurationKeyword(type)) return Emit(type);
  return Fail("unexpected character: " + QuoteRune(rune) + ", expected " + QuoteRune(':'));
}

// Between [ and the first number or keyword: only what may start a duration.
Token Lexer::DurationExpression() {
  const char32_t rune = Take();
  switch (rune) {
    case kEof:
      return Fail("unexpected end of input in duration expression");
    case ']':
      bracket_open_ = false;
      duration_start_ = false;
      return Emit(TokenType::kRightBracket);
    case ':':
      // Upstream asks whether any duration came before, in this bracket or an earlier one.
      colon_seen_ = true;
      if (duration_seen_) return Emit(TokenType::kColon);
      start_ = pos_;
      return Fail("unexpected colon before duration in duration expression");
    case '(':
      ++paren_depth_;
      return Emit(TokenType::kLeftParen);
    case ')':
      if (paren_depth_ == 0) {
        start_ = pos_;
        return Fail("unexpected right parenthesis " + QuoteRune(rune));
      }
      --paren_depth_;
      return Emit(TokenType::kRightParen);
    case ',':
      return Emit(TokenType::kComma);
    case '+':
      return EmitOp(Op::kAdd);
    case '-':
      return EmitOp(Op::kSub);
    case '*':
      return EmitOp(Op::kMul);
    case '/':
      return EmitOp(Op::kDiv);
    case '%':
      return EmitOp(Op::kMod);
    case '^':
      return EmitOp(Op::kPow);
    default:
      break;
  }
  if (IsDigit(rune) || (rune == '.' && IsDigit(Peek()))) {
    pos_ = start_;
    duration_start_ = false;
    duration_seen_ = true;
    return NumberOrDuration();
  }
  pos_ = start_;
  TokenType type;
  if (ScanDurationKeyword(type)) {
    duration_start_ = false;
    return Emit(type);
  }
  return Fail("unexpected character in duration expression: " + QuoteRune(rune));
}

bool Lexer::ScanDurationKeyword(TokenType& type) {
  std::size_t end = pos_;
  while (end < text_.size() && IsAlpha(static_cast<unsigned char>(text_[end]))) ++end;
  const Keyword* keyword = FindKeyword(text_.substr(pos_, end - pos_));
  if (keyword == nullptr) return false;
  switch (keyword->type) {
    case TokenType::kStep:
    case TokenType::kRange:
    case TokenType::kMaxOf:
    case TokenType::kMinOf:
      type = keyword->type;
      pos_ = end;
      return true;
    default:
      return false;
  }
}

Token Lexer::InsideBraces() {
  const char32_t rune = Take();
  switch (rune) {
    case kEof:
      return Fail("unexpected end of input inside braces");
    case ',':
      return Emit(TokenType::kComma);
    case '"':
    case '\'':
      return QuotedString(rune);
    case '`':
      return RawString();
    case '=':
      return Accept("~") ? Emit(TokenType::kMatchRegex) : Emit(TokenType::kAssign);
    case '!': {
      const char32_t next = Take();
      if (next == '~') return Emit(TokenType::kMatchNoRegex);
      if (next == '=') return EmitOp(Op::kNotEqual);
      return Fail("unexpected character after '!' inside braces: " + QuoteRune(next));
    }
    case '{':
      return Fail("unexpected left brace " + QuoteRune(rune));
    case '}':
      brace_open_ = false;
      return Emit(TokenType::kRightBrace);
    default:
      break;
  }
  if (IsAlpha(rune)) return LabelName();
  return Fail("unexpected character inside braces: " + QuoteRune(rune));
}

Token Lexer::LabelName() {
  while (pos_ < text_.size() && IsAlphaNumeric(static_cast<unsigned char>(text_[pos_]))) ++pos_;
  return Emit(TokenType::kIdentifier);
}

Token Lexer::Word() {
  const auto belongs = [](char c) {
    return IsAlphaNumeric(static_cast<unsigned char>(c)) || c == ':';
  };
  while (pos_ < text_.size() && belongs(text_[pos_])) ++pos_;
  const std::string_view word = text_.substr(start_, pos_ - start_);
  const Keyword* keyword = FindKeyword(word);
  if (keyword != nullptr && keyword->type >= TokenType::kFill &&
      keyword->type <= TokenType::kFillRight) {
    // Words that came late to the language: only a parenthesis makes them more than names.
    const std::size_t next = text_.find_first_not_of(" \t\r\n", pos_);
    if (next == std::string_view::npos || text_[next] != '(') keyword = nullptr;
  }
  if (keyword == nullptr) {
    return Emit(word.find(':') == std::string_view::npos ? TokenType::kIdentifier
                                                         : TokenType::kMetricIdentifier);
  }
  Token token = Emit(keyword->type);
  token.op = keyword->op;
  token.aggregate = keyword->aggregate;
  return token;
}

Token Lexer::QuotedString(char32_t quote) {
  for (;;) {
    const char32_t rune = Take();
    if (rune == quote) return Emit(TokenType::kString);
    if (rune == kEof || rune == '\n') return Fail("unterminated quoted string");
    if (rune == kInvalidRune) return Fail("invalid UTF-8 rune");
    std::string error;
    if (rune == '\\' && !Escape(quote, error)) return Fail(std::move(error));
  }
}

Token Lexer::RawString() {
  for (;;) {
    const char32_t rune = Take();
    if (rune == '`') return Emit(TokenType::kString);
    if (rune == kEof) return Fail("unterminated raw string");
    if (rune == kInvalidRune) return Fail("invalid UTF-8 rune");
  }
}

// What follows a backslash.
bool Lexer::Escape(char32_t quote, std::string& error) {
  char32_t rune = Take();
  int digits = 0;
  char32_t base = 0;
  char32_t max = 0;
  if (rune == kEof) {
    error = "escape sequence not terminated";
    return false;
  }
  if (rune == quote || IsOneOf(rune, "abfnrtv\\")) return true;
  if (rune >= '0' && rune <= '7') {
    digits = 3, base = 8, max = 255;
  } else if (rune == 'x') {
    digits = 2, base = 16, max = 255;
  } else if (rune == 'u') {
    digits = 4, base = 16, max = 0x10FFFF;
  } else if (rune == 'U') {
    digits = 8, base = 16, max = 0x10FFFF;
  } else {
    error = "unknown escape sequence " + UnicodeName(rune);
    return false;
  }
  if (base == 16) rune = Take();
  std::uint64_t value = 0;
  for (int i = 0; i < digits; ++i) {
    if (i > 0) rune = Take();
    const int digit = HexDigit(rune);
    if (digit < 0 || static_cast<char32_t>(digit) >= base) {
      error = rune == kEof ? "escape sequence not terminated"
                           : "illegal character " + UnicodeName(rune) + " in escape sequence";
      return false;
    }
    value = value * base + static_cast<std::uint64_t>(digit);
  }
  if (value > max || (value >= 0xD800 && value < 0xE000)) {
    error = "escape sequence is an invalid Unicode code point";
    return false;
  }
  return true;
}

Token Lexer::NumberOrDuration() {
  if (ScanNumber()) return Emit(TokenType::kNumber);
  if (ScanRestOfDuration()) return Emit(TokenType::kDuration);
  return Fail("bad number or duration syntax: " + Quote(text_.substr(start_, pos_ - start_)));
}

// [.] digits, then digits, one dot, one exponent and single underscores; or the same in another
// base.
bool Lexer::ScanNumber() {
  std::string_view digits = kDigits;
  const std::size_t begin = pos_;
  bool whole = false;  // hexadecimal and the like have no fraction
  if (Accept("0")) {
    if (Accept("xX")) {
      Accept("_");
      digits = "0123456789abcdefABCDEF";
      whole = true;
    } else if (pos_ + 1 < text_.size() && IsOneOf(Peek(), "oObB") &&
               IsDigit(static_cast<unsigned char>(text_[pos_ + 1]))) {
      ++pos_;
      digits = "01234567";
    }
  }
  // What must not follow; it is taken to be shown in the message.
  const auto followed_by = [this](std::string_view set) { return Accept(set); };
  Accept(".");
  Accept(digits);
  bool dot = false;
  bool exponent = false;
  while (pos_ < text_.size()) {
    if (Accept(digits)) continue;
    if (Accept(".")) {
      if (dot || whole || followed_by("_.")) return false;
      dot = true;
    } else if (Accept("eE")) {
      if (exponent) return false;
      exponent = true;
      Accept("+-");
      if (Peek() == kEof || followed_by("._eE")) return false;
    } else if (Accept("_")) {
      if (Peek() == kEof || followed_by("._eE")) return false;
    } else {
      break;
    }
  }
  return pos_ != begin && !IsAlphaNumeric(Peek());
}

bool Lexer::ScanRestOfDuration() {
  if (!Accept("smhdwy")) return false;
  Accept("s");  // of ms; impossible units are found when the duration is read
  while (Accept(kDigits)) {
    AcceptRun(kDigits);
    if (!Accept("smhdw")) return false;
    Accept("s");
  }
  if (!IsAlphaNumeric(Peek())) return true;
  Take();  // shown in the message
  return false;
}

std::string Describe(const Token& token) {
  switch (token.type) {
    case TokenType::kEnd:
      return "end of input";
    case TokenType::kError:
      return token.message;
    case TokenType::kIdentifier:
      return "identifier " + Quote(token.text);
    case TokenType::kMetricIdentifier:
      return "metric identifier " + Quote(token.text);
    case TokenType::kString:
    case TokenType::kNumber:
    case TokenType::kDuration: {
      const std::string_view kind = token.type == TokenType::kString   ? "string "
                                    : token.type == TokenType::kNumber ? "number "
                                                                       : "duration ";
      // Long ones are cut at ten characters.
      if (token.text.size() <= 10) return std::string(kind) + Quote(token.text);
      return std::string(kind) + Quote(FirstRunes(token.text, 10)) + "...";
    }
    case TokenType::kOperator:
    case TokenType::kAt:
    case TokenType::kMatchRegex:
    case TokenType::kMatchNoRegex:
      return "<op:" + std::string(token.text) + ">";
    case TokenType::kAggregate:
      return "<aggr:" + std::string(token.text) + ">";
    case TokenType::kOffset:
    case TokenType::kBy:
    case TokenType::kWithout:
    case TokenType::kOn:
    case TokenType::kIgnoring:
    case TokenType::kGroupLeft:
    case TokenType::kGroupRight:
    case TokenType::kBool:
    case TokenType::kFill:
    case TokenType::kFillLeft:
    case TokenType::kFillRight:
    case TokenType::kSmoothed:
    case TokenType::kAnchored:
      return "<" + std::string(token.text) + ">";
    default:
      return Quote(token.text);
  }
}

}  // namespace meerkat::promql
