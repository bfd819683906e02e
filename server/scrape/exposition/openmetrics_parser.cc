#include "server/scrape/exposition/openmetrics_parser.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "base/number.h"
#include "base/quote.h"
#include "base/utf8.h"

namespace meerkat::scrape {

using tsdb::MetricType;

std::string_view OpenMetricsParser::Slice(std::size_t begin, std::size_t end) const {
  end = std::min(end, body_.size());
  return begin >= end ? std::string_view() : body_.substr(begin, end - begin);
}

Token OpenMetricsParser::Single(State next, Token token) {
  ++at_;
  state_ = next;
  return token;
}

Token OpenMetricsParser::LexName(State next, Token token, bool colon) {
  const auto starts = [colon](char c) { return colon ? IsMetricStart(c) : IsNameStart(c); };
  if (!starts(Peek(at_))) return Token::kInvalid;
  while (starts(Peek(at_)) || IsDigit(Peek(at_))) ++at_;
  state_ = next;
  return token;
}

Token OpenMetricsParser::LexQuoted(State next, Token token, bool lines) {
  if (!SkipQuoted(body_, at_, lines)) return Token::kInvalid;
  state_ = next;
  return token;
}

// A blank and then everything up to the next blank or line break.
Token OpenMetricsParser::LexWord(State next, Token token) {
  std::size_t end = at_ + 1;
  while (end < body_.size() && body_[end] != ' ' && body_[end] != '\n') ++end;
  if (Peek(at_) != ' ') return Token::kInvalid;
  at_ = end;
  if (end == token_begin_ + 1) return Token::kInvalid;
  state_ = next;
  return token;
}

Token OpenMetricsParser::LexComment() {
  const std::string_view rest = Slice(at_, body_.size());
  static constexpr std::pair<std::string_view, Token> kWords[] = {
      {"HELP ", Token::kHelp}, {"TYPE ", Token::kType}, {"UNIT ", Token::kUnit}};
  for (const auto& [word, token] : kWords) {
    if (!rest.starts_with(word)) continue;
    at_ += word.size();
    state_ = State::kMeta1;
    return token;
  }
  if (!rest.starts_with("EOF")) {
    // Messages show as much as could have become one of the words.
    std::size_t matched = 0;
    for (const std::string_view word : {"HELP ", "TYPE ", "UNIT ", "EOF"}) {
      std::size_t same = 0;
      while (same < word.size() && same < rest.size() && word[same] == rest[same]) ++same;
      matched = std::max(matched, same);
    }
    at_ += matched;
    return Token::kInvalid;
  }
  at_ += 3;
  if (Peek(at_) == '\n') ++at_;
  state_ = State::kInit;
  return Token::kEofWord;
}

Token OpenMetricsParser::LexInit(char c) {
  if (c == '#') {
    ++at_;
    if (Peek(at_) != ' ') return Token::kInvalid;
    ++at_;
    return LexComment();
  }
  if (c == '{') return Single(State::kLabels, Token::kBraceOpen);
  return LexName(State::kValue, Token::kMetricName, true);
}

Token OpenMetricsParser::LexTimestamp() {
  if (Peek(at_) == '\n') return Single(State::kInit, Token::kLinebreak);
  if (Slice(at_, at_ + 4) == " # {") {
    at_ += 4;
    state_ = State::kExemplar;
    return Token::kComment;
  }
  // Upstream's lexer takes a blank before the line break for the break, and then stumbles over it.
  if (Slice(at_, at_ + 2) == " \n") return Single(State::kTimestamp, Token::kLinebreak);
  return LexWord(State::kTimestamp, Token::kTimestamp);
}

Token OpenMetricsParser::Lex() {
  if (at_ >= body_.size()) return Token::kEof;
  token_begin_ = at_;
  const char c = body_[at_];
  switch (state_) {
    case State::kInit:
      return LexInit(c);
    case State::kComment:
      return LexComment();
    case State::kMeta1:
      if (c == '"') return LexQuoted(State::kMeta2, Token::kMetricName, true);
      return LexName(State::kMeta2, Token::kMetricName, true);
    case State::kMeta2: {
      const std::size_t end = body_.find('\n', at_);
      if (c != ' ' || end == std::string_view::npos) return Token::kInvalid;
      at_ = end + 1;
      state_ = State::kInit;
      return Token::kText;
    }
    case State::kLabels:
      if (c == '"') return LexQuoted(State::kLabels, Token::kQuoted, true);
      if (c == '}') return Single(State::kValue, Token::kBraceClose);
      if (c == '=') return Single(State::kLabelValue, Token::kEqual);
      if (c == ',') return Single(State::kLabels, Token::kComma);
      return LexName(State::kLabels, Token::kLabelName, false);
    case State::kLabelValue:
      if (c == '"') return LexQuoted(State::kLabels, Token::kLabelValue, false);
      return Token::kInvalid;
    case State::kValue:
      if (c == '{') return Single(State::kLabels, Token::kBraceOpen);
      return LexWord(State::kTimestamp, Token::kValue);
    case State::kTimestamp:
      return LexTimestamp();
    case State::kExemplar:
      if (c == '"') return LexQuoted(State::kExemplar, Token::kQuoted, false);
      if (c == '}') return Single(State::kExemplarValue, Token::kBraceClose);
      if (c == '=') return Single(State::kExemplarLabelValue, Token::kEqual);
      if (c == ',') return Single(State::kExemplar, Token::kComma);
      return LexName(State::kExemplar, Token::kLabelName, false);
    case State::kExemplarLabelValue:
      if (c == '"') return LexQuoted(State::kExemplar, Token::kLabelValue, false);
      return Token::kInvalid;
    case State::kExemplarValue:
      return LexWord(State::kExemplarTimestamp, Token::kValue);
    case State::kExemplarTimestamp:
      if (c == '\n') return Single(State::kInit, Token::kLinebreak);
      return LexWord(State::kExemplarTimestamp, Token::kTimestamp);
  }
  return Token::kInvalid;
}

Error OpenMetricsParser::Unexpected(std::string_view expected, Token got) const {
  return {Code::kInvalid, std::string(expected) + ", got " + Quote(Slice(token_begin_, at_ + 1)) +
                              " (" + Quote(TokenName(got)) +
                              ") while parsing: " + Quote(Slice(entry_begin_, at_ + 1))};
}

Error OpenMetricsParser::While(const Error& error) const {
  return {Code::kInvalid, error.message() + " while parsing: " + Quote(Slice(entry_begin_, at_))};
}

Result<Entry> OpenMetricsParser::Next() {
  while (true) {
    auto entry = ReadEntry();
    if (!entry || *entry != Entry::kSeries || !start_timestamps_ || !IsCreated()) return entry;
  }
}

Result<Entry> OpenMetricsParser::ReadEntry() {
  entry_begin_ = at_;
  const Token token = Lex();
  switch (token) {
    case Token::kEofWord:
      if (Lex() != Token::kEof) {
        return Error(Code::kInvalid, "unexpected data after # EOF");
      }
      return Entry::kEnd;
    case Token::kEof:
      return Error(Code::kInvalid, "data does not end with # EOF");
    case Token::kHelp:
    case Token::kType:
    case Token::kUnit:
      return ReadMetadata(token);
    case Token::kBraceOpen:
    case Token::kMetricName: {
      parts_.Clear();
      has_exemplar_ = false;
      Token next = token;
      if (token == Token::kMetricName) {
        parts_.metric = {token_begin_, at_};
        series_ = TokenText();
        next = Lex();
      }
      if (next == Token::kBraceOpen) {
        if (auto labels = ReadLabels(parts_, false); !labels) return std::move(labels).error();
        series_ = Slice(entry_begin_, at_);
        next = Lex();
      }
      if (auto sample = ReadSample(next); !sample) return std::move(sample).error();
      return Entry::kSeries;
    }
    default:
      return Unexpected("expected a valid start token", token);
  }
}

Result<Entry> OpenMetricsParser::ReadMetadata(Token kind) {
  Token token = Lex();
  if (token != Token::kMetricName) {
    return Unexpected("expected metric name after " + std::string(TokenName(kind)), token);
  }
  name_ = TokenText();
  if (name_.size() >= 2 && name_.front() == '"') name_ = name_.substr(1, name_.size() - 2);
  token = Lex();
  if (token != Token::kText) {
    return Error(Code::kInvalid, "expected text in " + std::string(TokenName(kind)));
  }
  std::string_view text = TokenText();
  text = text.substr(1, text.size() - 2);
  raw_ = Slice(entry_begin_, at_);
  if (kind == Token::kType) {
    static constexpr std::pair<std::string_view, MetricType> kTypes[] = {
        {"counter", MetricType::kCounter},     {"gauge", MetricType::kGauge},
        {"histogram", MetricType::kHistogram}, {"gaugehistogram", MetricType::kGaugeHistogram},
        {"summary", MetricType::kSummary},     {"info", MetricType::kInfo},
        {"stateset", MetricType::kStateset},   {"unknown", MetricType::kUnknown}};
    for (const auto& [name, type] : kTypes) {
      if (name != text) continue;
      type_ = type;
      family_ = name_;
      return Entry::kType;
    }
    return Error(Code::kInvalid, "invalid metric type " + Quote(text));
  }
  if (kind == Token::kHelp) {
    if (!IsValidUtf8(text)) {
      return Error(Code::kInvalid, "help text " + Quote(text) + " is not a valid utf8 string");
    }
    text_ = Unescape(text);
    return Entry::kHelp;
  }
  if (!text.empty() && (name_.size() <= text.size() || !name_.ends_with(text) ||
                        name_[name_.size() - text.size() - 1] != '_')) {
    return Error(Code::kInvalid, "unit " + Quote(text) + " not a suffix of metric " + Quote(name_));
  }
  text_ = text;
  return Entry::kUnit;
}

Result<> OpenMetricsParser::ReadLabels(SeriesParts& parts, bool exemplar) {
  Token token = Lex();
  while (true) {
    SeriesParts::Piece name = {token_begin_, at_};
    if (token == Token::kBraceClose) return {};
    if (token != Token::kLabelName && token != Token::kQuoted) {
      return Unexpected("expected label name", token);
    }
    token = Lex();
    if (token == Token::kComma || token == Token::kBraceClose) {
      if (exemplar) return Unexpected("expected label name", token);
      if (parts.has_metric()) {
        return Error(Code::kInvalid,
                     "metric name already set while parsing: " + Quote(Slice(entry_begin_, at_)));
      }
      parts.metric = {name.begin + 1, std::max(name.end - 1, name.begin + 1)};
      if (token == Token::kBraceClose) return {};
      token = Lex();
      continue;
    }
    if (body_[name.begin] == '"') name = {name.begin + 1, name.end - 1};
    if (token != Token::kEqual) return Unexpected("expected equal", token);
    token = Lex();
    if (token != Token::kLabelValue) return Unexpected("expected label value", token);
    const std::string_view value = TokenText();
    if (!IsValidUtf8(value)) {
      return Error(Code::kInvalid, "invalid UTF-8 label value: " + Quote(value));
    }
    parts.labels.push_back({name, {token_begin_ + 1, at_ - 1}});
    token = Lex();
    if (token == Token::kComma) {
      token = Lex();
    } else if (token != Token::kBraceClose) {
      return Unexpected("expected comma or brace close", token);
    }
  }
}

Result<double> OpenMetricsParser::ReadValue(Token token, std::string_view after) {
  if (token != Token::kValue) {
    return Unexpected("expected value after " + std::string(after), token);
  }
  auto value = ParseSampleValue(TokenText().substr(1));
  if (!value) return While(value.error());
  return *value;
}

Result<Timestamp> OpenMetricsParser::ReadTimestamp(std::string_view refusal) {
  auto seconds = ParseSampleValue(TokenText().substr(1));
  if (!seconds) return While(seconds.error());
  if (std::isnan(*seconds) || std::isinf(*seconds)) {
    return Error(Code::kInvalid, std::string(refusal) + " " + FormatFloat(*seconds));
  }
  // Beyond what fits, Go's conversion gives the smallest number; no such sample is ever stored.
  const double millis = *seconds * 1000;
  constexpr double kLimit = 9.2e18;
  if (std::abs(millis) > kLimit) return kMinTime;
  return FromMillis(static_cast<std::int64_t>(millis));
}

Result<> OpenMetricsParser::ReadSample(Token token) {
  if (!parts_.has_metric()) {
    return Error(Code::kInvalid,
                 "metric name not set while parsing: " + Quote(Slice(entry_begin_, at_)));
  }
  auto value = ReadValue(token, "metric");
  if (!value) return std::move(value).error();
  value_ = *value;
  has_time_ = false;
  token = Lex();
  switch (token) {
    case Token::kEof:
      return Error(Code::kInvalid, "data does not end with # EOF");
    case Token::kLinebreak:
      return {};
    case Token::kComment:
      return ReadExemplar();
    case Token::kTimestamp: {
      auto time = ReadTimestamp("invalid timestamp");
      if (!time) return std::move(time).error();
      has_time_ = true;
      time_ = *time;
      token = Lex();
      if (token == Token::kLinebreak) return {};
      if (token == Token::kComment) return ReadExemplar();
      return Unexpected("expected next entry after timestamp", token);
    }
    default:
      return Unexpected("expected timestamp or # symbol", token);
  }
}

Result<> OpenMetricsParser::ReadExemplar() {
  exemplar_parts_.Clear();
  exemplar_time_.reset();
  if (auto labels = ReadLabels(exemplar_parts_, true); !labels) return labels;
  auto value = ReadValue(Lex(), "exemplar labels");
  if (!value) return std::move(value).error();
  exemplar_value_ = *value;
  has_exemplar_ = true;
  const Token token = Lex();
  switch (token) {
    case Token::kEof:
      return Error(Code::kInvalid, "data does not end with # EOF");
    case Token::kLinebreak:
      return {};
    case Token::kTimestamp: {
      auto time = ReadTimestamp("invalid exemplar timestamp");
      if (!time) return std::move(time).error();
      exemplar_time_ = *time;
      const Token next = Lex();
      if (next != Token::kLinebreak) {
        return Unexpected("expected next entry after exemplar timestamp", next);
      }
      return {};
    }
    default:
      return Unexpected("expected timestamp or comment", token);
  }
}

bool OpenMetricsParser::IsCreated() const {
  const bool family = type_ == MetricType::kCounter || type_ == MetricType::kHistogram ||
                      type_ == MetricType::kSummary;
  const std::string_view metric = parts_.metric.In(body_);
  return family && metric.ends_with("_created") && metric.substr(0, metric.size() - 8) == family_;
}

// Family and labels without those that only tell the parts of one histogram or summary apart.
std::string OpenMetricsParser::StartKey(std::string_view metric, const SeriesParts& parts) const {
  std::string key(metric);
  std::vector<std::string> pairs;
  for (const auto& [name_piece, value_piece] : parts.labels) {
    const std::string_view name = name_piece.In(body_);
    if (name == "le" || name == "quantile") continue;
    pairs.push_back("\xff" + std::string(name) + "\xfe" + std::string(value_piece.In(body_)));
  }
  std::ranges::sort(pairs);
  for (const std::string& pair : pairs) key += pair;
  return key;
}

// The _created line stands behind the samples it is about, so read on, as far as the family goes.
void OpenMetricsParser::LookAheadForStart() const {
  OpenMetricsParser ahead(body_, false);
  ahead.at_ = at_;
  ahead.type_ = type_;
  ahead.family_ = family_;
  while (true) {
    auto entry = ahead.ReadEntry();
    if (!entry || *entry != Entry::kSeries) return;
    if (!ahead.parts_.metric.In(body_).starts_with(family_)) return;
    if (ahead.IsCreated() && StartKey(family_, ahead.parts_) == start_key_) {
      start_found_ = FromMillis(static_cast<std::int64_t>(ahead.value_ * 1000));
      return;
    }
  }
}

Timestamp OpenMetricsParser::start() const {
  const bool family = type_ == MetricType::kCounter || type_ == MetricType::kHistogram ||
                      type_ == MetricType::kSummary;
  if (!start_timestamps_ || !family || family_.empty()) return kMinTime;
  const std::string_view metric = parts_.metric.In(body_);
  static constexpr std::array<std::string_view, 5> kSuffixes = {"", "_total", "_bucket", "_count",
                                                                "_sum"};
  const bool member = std::ranges::any_of(kSuffixes, [&](std::string_view suffix) {
    return metric.size() == family_.size() + suffix.size() && metric.starts_with(family_) &&
           metric.ends_with(suffix);
  });
  if (!member) return kMinTime;
  std::string key = StartKey(family_, parts_);
  if (key != start_key_) {
    start_key_ = std::move(key);
    start_found_ = kMinTime;
    LookAheadForStart();
  }
  return start_found_;
}

bool OpenMetricsParser::TakeExemplar(ParsedExemplar& exemplar) {
  if (!has_exemplar_) return false;
  has_exemplar_ = false;
  exemplar.labels.clear();
  for (const auto& [name, value] : exemplar_parts_.labels) {
    exemplar.labels.emplace_back(Unescape(name.In(body_)), Unescape(value.In(body_)));
  }
  exemplar.value = exemplar_value_;
  exemplar.time = exemplar_time_;
  return true;
}

bool OpenMetricsParser::ExpectSeries(const LineHash& hash, LineKey series) {
  // With start timestamps every sample needs its labels read.
  if (start_timestamps_ || series.length == 0 || at_ >= body_.size() ||
      body_.size() - at_ < series.length + 3 || body_[at_ + series.length] != ' ' ||
      !hash.Matches(body_, at_, series)) {
    return false;
  }
  const std::size_t begin = at_ + series.length + 1;
  std::size_t length = 0;
  const auto value = ParsePlainNumber({body_.data() + begin, body_.size() - begin}, length);
  if (!value || body_[begin + length] != '\n') return false;
  value_ = *value;
  has_time_ = false;
  has_exemplar_ = false;
  series_ = {body_.data() + at_, series.length};
  at_ = begin + length + 1;
  state_ = State::kInit;
  return true;
}

bool OpenMetricsParser::SkipRaw(const LineHash& hash, LineKey raw) {
  if (start_timestamps_ || !hash.Matches(body_, at_, raw)) return false;
  at_ += raw.length;
  return true;
}

void OpenMetricsParser::GetLabels(RawLabels& labels) const {
  AppendLabels(body_, parts_, type_, labels);
}

}  // namespace meerkat::scrape
