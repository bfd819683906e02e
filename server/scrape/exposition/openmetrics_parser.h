#pragma once

#include <string>
#include <string_view>

#include "server/scrape/exposition/lex.h"
#include "server/scrape/exposition/parser.h"

namespace meerkat::scrape {

// OpenMetrics text, versions 0.0.1 and 1.0.0, with exemplars on any sample line.
class OpenMetricsParser : public Parser {
 public:
  // `start_timestamps`: _created samples of counters, histograms and summaries are taken as the
  // start of the samples around them, not as samples.
  OpenMetricsParser(std::string_view body, bool start_timestamps)
      : body_(body), start_timestamps_(start_timestamps) {}

  Result<Entry> Next() override;
  bool ExpectSeries(const LineHash& hash, LineKey series) override;
  bool SkipRaw(const LineHash& hash, LineKey raw) override;
  void GetLabels(RawLabels& labels) const override;
  Timestamp start() const override;
  bool TakeExemplar(ParsedExemplar& exemplar) override;

 private:
  enum class State : unsigned char {
    kInit,
    kComment,
    kMeta1,
    kMeta2,
    kLabels,
    kLabelValue,
    kValue,
    kTimestamp,
    kExemplar,
    kExemplarLabelValue,
    kExemplarValue,
    kExemplarTimestamp,
  };

  Token Lex();
  Token LexInit(char c);
  Token LexComment();
  Token LexName(State next, Token token, bool colon);
  Token LexQuoted(State next, Token token, bool lines);
  Token LexWord(State next, Token token);
  Token LexTimestamp();
  Token Single(State next, Token token);
  char Peek(std::size_t at) const { return at < body_.size() ? body_[at] : '\0'; }
  std::string_view Slice(std::size_t begin, std::size_t end) const;
  std::string_view TokenText() const { return Slice(token_begin_, at_); }

  Result<Entry> ReadEntry();
  Result<Entry> ReadMetadata(Token kind);
  Result<> ReadLabels(SeriesParts& parts, bool exemplar);
  Result<> ReadSample(Token token);
  Result<> ReadExemplar();
  Result<double> ReadValue(Token token, std::string_view after);
  Result<Timestamp> ReadTimestamp(std::string_view refusal);
  // Whether the sample read last is the _created of its family, and of which series.
  bool IsCreated() const;
  std::string StartKey(std::string_view metric, const SeriesParts& parts) const;
  void LookAheadForStart() const;
  Error Unexpected(std::string_view expected, Token got) const;
  Error While(const Error& error) const;

  std::string_view body_;
  bool start_timestamps_;
  State state_ = State::kInit;
  std::size_t at_ = 0;
  std::size_t token_begin_ = 0;
  std::size_t entry_begin_ = 0;
  SeriesParts parts_;
  bool has_exemplar_ = false;
  SeriesParts exemplar_parts_;
  double exemplar_value_ = 0;
  std::optional<Timestamp> exemplar_time_;
  std::string family_;  // of the TYPE line read last
  // The start found for the samples of one family and label set.
  mutable std::string start_key_;
  mutable Timestamp start_found_ = kMinTime;
};

}  // namespace meerkat::scrape
