#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace meerkat::alerting::templates {

enum class TokenType : std::uint8_t {
  kError,
  kEof,
  kText,
  kLeftDelim,
  kRightDelim,
  kSpace,
  kAssign,
  kDeclare,
  kPipe,
  kLeftParen,
  kRightParen,
  kChar,  // any other printable character: a comma
  kCharConstant,
  kNumber,
  kString,
  kRawString,
  kBool,
  kDot,
  kField,
  kVariable,
  kIdentifier,
  // Keywords from here.
  kBlock,
  kBreak,
  kContinue,
  kDefine,
  kElse,
  kEnd,
  kIf,
  kNil,
  kRange,
  kTemplate,
  kWith,
};

struct Token {
  TokenType type = TokenType::kEof;
  std::uint32_t position = 0;
  int line = 1;
  std::string value;  // of kError: the message
};

// As Go's messages name it.
std::string Describe(const Token& token);

// Cuts a template text into tokens: text, and what stands between {{ and }}, white space included,
// because it separates arguments. After kError or kEof the same comes again. Borrows the text.
class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}

  Token Next();

 private:
  void LexText();
  void LexComment();
  void LexAction();
  void LexWord();
  void LexFieldOrVariable(TokenType type);
  void LexNumber();
  void LexQuoted(char quote);
  void LexRaw();

  void Emit(TokenType type);
  void Fail(std::string message);
  bool AtRightDelim(bool& trims) const;
  bool AtTerminator() const;
  std::string CurrentRune() const;  // U+0040 '@'

  std::string_view source_;
  std::size_t start_ = 0;
  std::size_t pos_ = 0;
  int line_ = 1;        // of pos_
  int start_line_ = 1;  // of start_
  int parens_ = 0;
  bool inside_ = false;
  bool ended_ = false;
  std::deque<Token> ready_;
};

}  // namespace meerkat::alerting::templates
