#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/scrape/exposition/lex.h"
#include "server/scrape/exposition/parser.h"

namespace meerkat::scrape {

// The Prometheus text format, versions 0.0.4 and 1.0.0.
class TextParser : public Parser {
 public:
  explicit TextParser(std::string_view body) : body_(body) {}

  Result<Entry> Next() override;
  bool ExpectSeries(const LineHash& hash, LineKey series) override;
  bool SkipRaw(const LineHash& hash, LineKey raw) override;
  void GetLabels(RawLabels& labels) const override;
  bool TakeExemplar(ParsedExemplar&) override { return false; }

 private:
  enum class State : unsigned char {
    kInit,
    kComment,
    kMeta1,
    kMeta2,
    kLabels,
    kLabelValue,
    kValue,
    kTimestamp
  };

  Token Lex();
  Token LexComment();
  Token LexName(State next, Token token, bool colon);
  Token LexQuoted(State next, Token token);
  Token Single(State next, Token token);
  Token SkipComment();
  // The byte at `at`; one line break stands behind the end of the body, as upstream appends it.
  char Peek(std::size_t at) const { return at < body_.size() ? body_[at] : '\n'; }
  bool AtEnd() const { return at_ > body_.size(); }
  std::string_view Slice(std::size_t begin, std::size_t end) const;

  Result<Entry> ReadMetadata(Token kind);
  Result<> ReadLabels();
  Result<Entry> ReadSample(Token token);
  Error Unexpected(std::string_view expected, Token got) const;
  Error While(const Error& error) const;

  std::string_view body_;
  State state_ = State::kInit;
  std::size_t at_ = 0;           // where the lexer stands
  std::size_t token_begin_ = 0;  // of the token read last
  std::size_t entry_begin_ = 0;
  SeriesParts parts_;
};

}  // namespace meerkat::scrape
