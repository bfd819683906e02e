#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "promql/parse/token.h"

namespace meerkat::promql {

// Cuts PromQL text into tokens, one per Next(); skips spaces and comments. Brackets of all kinds
// are counted here, because what a character means depends on which are open. After kEnd or kError
// there is nothing more to ask. Borrows the text.
class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Token Next();

 private:
  static constexpr char32_t kEof = 0x110000;

  char32_t Peek() const;
  char32_t Take();
  bool Accept(std::string_view set);
  void AcceptRun(std::string_view set);

  Token Emit(TokenType type);
  Token EmitOp(Op op);
  Token Fail(std::string message);

  Token Statement();
  Token InsideBraces();
  Token DurationExpression();
  Token Word();
  Token LabelName();
  Token QuotedString(char32_t quote);
  Token RawString();
  Token NumberOrDuration();
  bool ScanNumber();
  bool ScanRestOfDuration();
  bool ScanDurationKeyword(TokenType& type);
  bool Escape(char32_t quote, std::string& error);
  void SkipSpaceAndComments();

  std::string_view text_;
  std::size_t start_ = 0;  // of the token at hand
  std::size_t pos_ = 0;
  int paren_depth_ = 0;
  bool brace_open_ = false;
  bool bracket_open_ = false;
  bool colon_seen_ = false;      // in this bracket
  bool duration_seen_ = false;   // in any bracket
  bool duration_start_ = false;  // after [ and before the first duration in it
};

}  // namespace meerkat::promql
