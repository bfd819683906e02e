#include "server/scrape/exposition/text_parser.h"

#include <charconv>
#include <cstring>

#include "base/number.h"
#include "base/quote.h"
#include "base/utf8.h"

namespace meerkat::scrape {

std::string_view TextParser::Slice(std::size_t begin, std::size_t end) const {
  end = std::min(end, body_.size());
  return begin >= end ? std::string_view() : body_.substr(begin, end - begin);
}

Token TextParser::Single(State next, Token token) {
  ++at_;
  state_ = next;
  return token;
}

Token TextParser::LexName(State next, Token token, bool colon) {
  const auto starts = [colon](char c) { return colon ? IsMetricStart(c) : IsNameStart(c); };
  if (!starts(Peek(at_))) return Token::kInvalid;
  while (starts(Peek(at_)) || IsDigit(Peek(at_))) ++at_;
  state_ = next;
  return token;
}

Token TextParser::LexQuoted(State next, Token token) {
  if (!SkipQuoted(body_, at_, true)) return Token::kInvalid;
  state_ = next;
  return token;
}

// A comment runs to its line break; one that ends the body without any is no entry.
Token TextParser::SkipComment() {
  while (Peek(at_) != '\n') ++at_;
  state_ = State::kInit;
  return Token::kComment;
}

Token TextParser::LexComment() {
  const std::string_view rest = Slice(at_, body_.size());
  const auto word = [&](std::string_view text) {
    if (!rest.starts_with(text)) return false;
    const char after = Peek(at_ + text.size());
    return after == ' ' || after == '\t';
  };
  const bool help = word("HELP");
  if (!help && !word("TYPE")) return SkipComment();
  at_ += 4;
  while (Peek(at_) == ' ' || Peek(at_) == '\t') ++at_;
  state_ = State::kMeta1;
  return help ? Token::kHelp : Token::kType;
}

Token TextParser::Lex() {
  while (!AtEnd() && (Peek(at_) == ' ' || Peek(at_) == '\t')) {
    // In front of a metadata text only one blank separates; the rest belongs to it.
    if (state_ == State::kMeta2) {
      std::size_t end = at_;
      while (Peek(end) == ' ' || Peek(end) == '\t') ++end;
      if (Peek(end) != '\n') break;
      at_ = end;
      break;
    }
    ++at_;
  }
  if (AtEnd()) return Token::kEof;
  token_begin_ = at_;
  const char c = Peek(at_);
  if (c == '\n' && state_ != State::kMeta2) {
    if (state_ == State::kInit || state_ == State::kTimestamp) {
      return Single(State::kInit, Token::kLinebreak);
    }
    return Token::kInvalid;
  }
  switch (state_) {
    case State::kInit:
      if (c == '#') {
        ++at_;
        if (Peek(at_) != ' ' && Peek(at_) != '\t') return SkipComment();
        while (Peek(at_) == ' ' || Peek(at_) == '\t') ++at_;
        return LexComment();
      }
      if (c == '{') return Single(State::kLabels, Token::kBraceOpen);
      if (c == '\0') return Token::kEof;
      return LexName(State::kValue, Token::kMetricName, true);
    case State::kComment:
      return SkipComment();
    case State::kMeta1:
      if (c == '"') return LexQuoted(State::kMeta2, Token::kMetricName);
      return LexName(State::kMeta2, Token::kMetricName, true);
    case State::kMeta2:
      while (Peek(at_) != '\n') ++at_;
      state_ = State::kInit;
      return Token::kText;
    case State::kLabels:
      if (c == '"') return LexQuoted(State::kLabels, Token::kQuoted);
      if (c == '}') return Single(State::kValue, Token::kBraceClose);
      if (c == '=') return Single(State::kLabelValue, Token::kEqual);
      if (c == ',') return Single(State::kLabels, Token::kComma);
      return LexName(State::kLabels, Token::kLabelName, false);
    case State::kLabelValue:
      if (c == '"') return LexQuoted(State::kLabels, Token::kLabelValue);
      return Token::kInvalid;
    case State::kValue:
      if (c == '{') return Single(State::kLabels, Token::kBraceOpen);
      while (Peek(at_) != '{' && Peek(at_) != ' ' && Peek(at_) != '\t' && Peek(at_) != '\n') ++at_;
      state_ = State::kTimestamp;
      return Token::kValue;
    case State::kTimestamp:
      if (!IsDigit(c)) return Token::kInvalid;
      while (IsDigit(Peek(at_))) ++at_;
      return Token::kTimestamp;
  }
  return Token::kInvalid;
}

Error TextParser::Unexpected(std::string_view expected, Token got) const {
  // The line break behind the body counts as text here, as upstream shows it.
  const std::string whole = std::string(Slice(entry_begin_, at_ + 1)) +
                            (at_ + 1 > body_.size() && entry_begin_ <= body_.size() ? "\n" : "");
  const std::size_t skip = std::min(token_begin_ - entry_begin_, whole.size());
  return {Code::kInvalid, std::string(expected) + ", got " + Quote(whole.substr(skip)) + " (" +
                              Quote(TokenName(got)) + ") while parsing: " + Quote(whole)};
}

Error TextParser::While(const Error& error) const {
  return {Code::kInvalid, error.message() + " while parsing: " + Quote(Slice(entry_begin_, at_))};
}

Result<Entry> TextParser::Next() {
  while (true) {
    entry_begin_ = at_;
    const Token token = Lex();
    switch (token) {
      case Token::kEof:
        return Entry::kEnd;
      case Token::kLinebreak:
        continue;
      case Token::kHelp:
      case Token::kType:
        return ReadMetadata(token);
      case Token::kComment:
        if (at_ >= body_.size()) return Entry::kEnd;
        ++at_;
        raw_ = Slice(entry_begin_, at_);
        return Entry::kComment;
      case Token::kBraceOpen:
        parts_.Clear();
        if (auto labels = ReadLabels(); !labels) return std::move(labels).error();
        series_ = Slice(entry_begin_, at_);
        return ReadSample(Lex());
      case Token::kMetricName: {
        parts_.Clear();
        parts_.metric = {token_begin_, at_};
        entry_begin_ = token_begin_;
        series_ = Slice(entry_begin_, at_);
        Token next = Lex();
        if (next == Token::kBraceOpen) {
          if (auto labels = ReadLabels(); !labels) return std::move(labels).error();
          series_ = Slice(entry_begin_, at_);
          next = Lex();
        }
        return ReadSample(next);
      }
      default:
        return Unexpected("expected a valid start token", token);
    }
  }
}

Result<Entry> TextParser::ReadMetadata(Token kind) {
  Token token = Lex();
  if (token != Token::kMetricName) {
    return Unexpected("expected metric name after " + std::string(TokenName(kind)), token);
  }
  name_ = Slice(token_begin_, at_);
  if (name_.size() >= 2 && name_.front() == '"') name_ = name_.substr(1, name_.size() - 2);
  token = Lex();
  if (token != Token::kText) {
    return Error(Code::kInvalid, "expected text in " + std::string(TokenName(kind)) + ", got " +
                                     std::string(TokenName(token)));
  }
  std::string_view text = Slice(token_begin_, at_);
  text.remove_prefix(std::min<std::size_t>(text.size(), 1));
  if (kind == Token::kType) {
    using tsdb::MetricType;
    static constexpr std::pair<std::string_view, MetricType> kTypes[] = {
        {"counter", MetricType::kCounter},
        {"gauge", MetricType::kGauge},
        {"histogram", MetricType::kHistogram},
        {"summary", MetricType::kSummary},
        {"untyped", MetricType::kUnknown}};
    bool known = false;
    for (const auto& [name, type] : kTypes) {
      if (name != text) continue;
      type_ = type;
      known = true;
    }
    if (!known) return Error(Code::kInvalid, "invalid metric type " + Quote(text));
  } else if (!IsValidUtf8(text)) {
    return Error(Code::kInvalid, "help text " + Quote(text) + " is not a valid utf8 string");
  }
  token = Lex();
  if (token != Token::kLinebreak) return Unexpected("linebreak expected after metadata", token);
  raw_ = at_ <= body_.size() ? Slice(entry_begin_, at_) : std::string_view();
  if (kind == Token::kType) return Entry::kType;
  text_ = UnescapeHelp(text);
  return Entry::kHelp;
}

Result<> TextParser::ReadLabels() {
  Token token = Lex();
  while (true) {
    SeriesParts::Piece name = {token_begin_, at_};
    if (token == Token::kBraceClose) return {};
    if (token != Token::kLabelName && token != Token::kQuoted) {
      return Unexpected("expected label name", token);
    }
    token = Lex();
    // A quoted string in front of a comma or brace is the metric's name.
    if (token == Token::kComma || token == Token::kBraceClose) {
      if (parts_.has_metric()) {
        return Error(Code::kInvalid,
                     "metric name already set while parsing: " + Quote(Slice(entry_begin_, at_)));
      }
      parts_.metric = {name.begin + 1, std::max(name.end - 1, name.begin + 1)};
      if (token == Token::kBraceClose) return {};
      token = Lex();
      continue;
    }
    if (body_[name.begin] == '"') name = {name.begin + 1, name.end - 1};
    if (token != Token::kEqual) return Unexpected("expected equal", token);
    token = Lex();
    if (token != Token::kLabelValue) return Unexpected("expected label value", token);
    const std::string_view value = Slice(token_begin_, at_);
    if (!IsValidUtf8(value)) {
      return Error(Code::kInvalid, "invalid UTF-8 label value: " + Quote(value));
    }
    parts_.labels.push_back({name, {token_begin_ + 1, at_ - 1}});
    token = Lex();
    if (token == Token::kComma) token = Lex();
  }
}

Result<Entry> TextParser::ReadSample(Token token) {
  if (!parts_.has_metric()) {
    return Error(Code::kInvalid,
                 "metric name not set while parsing: " + Quote(Slice(entry_begin_, at_)));
  }
  if (token != Token::kValue) return Unexpected("expected value after metric", token);
  auto value = ParseSampleValue(Slice(token_begin_, at_));
  if (!value) return While(value.error());
  value_ = *value;
  has_time_ = false;
  token = Lex();
  if (token == Token::kTimestamp) {
    const std::string_view digits = Slice(token_begin_, at_);
    std::int64_t millis = 0;
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), millis);
    if (parsed.ec != std::errc()) {
      return While(Error(Code::kInvalid,
                         "strconv.ParseInt: parsing " + Quote(digits) + ": value out of range"));
    }
    has_time_ = true;
    time_ = FromMillis(millis);
    token = Lex();
    if (token != Token::kLinebreak) return Unexpected("expected next entry after timestamp", token);
  } else if (token != Token::kLinebreak) {
    return Unexpected("expected timestamp or new record", token);
  }
  return Entry::kSeries;
}

bool TextParser::ExpectSeries(const LineHash& hash, LineKey series) {
  // Of what may follow only the usual is taken here: a blank, a number, a line break.
  if (series.length == 0 || body_.size() - std::min(at_, body_.size()) < series.length + 3 ||
      body_[at_ + series.length] != ' ' || !hash.Matches(body_, at_, series)) {
    return false;
  }
  const std::size_t begin = at_ + series.length + 1;
  std::size_t length = 0;
  const auto value = ParsePlainNumber({body_.data() + begin, body_.size() - begin}, length);
  if (!value || body_[begin + length] != '\n') return false;
  value_ = *value;
  has_time_ = false;
  series_ = {body_.data() + at_, series.length};
  at_ = begin + length + 1;
  state_ = State::kInit;
  return true;
}

bool TextParser::SkipRaw(const LineHash& hash, LineKey raw) {
  if (!hash.Matches(body_, at_, raw)) return false;
  at_ += raw.length;
  return true;
}

void TextParser::GetLabels(RawLabels& labels) const {
  AppendLabels(body_, parts_, type_, labels);
}

}  // namespace meerkat::scrape
