#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "promql/ast.h"

// What the lexer hands to the parser.
namespace meerkat::promql {

enum class TokenType : std::uint8_t {
  kEnd,
  kError,  // Token::message says why; the lexer stops there
  kIdentifier,
  kMetricIdentifier,  // with a colon in it
  kString,            // still quoted
  kNumber,
  kDuration,
  kLeftParen,
  kRightParen,
  kLeftBrace,
  kRightBrace,
  kLeftBracket,
  kRightBracket,
  kComma,
  kColon,
  kAssign,        // =
  kMatchRegex,    // =~
  kMatchNoRegex,  // !~
  kAt,
  kOperator,   // Token::op
  kAggregate,  // Token::aggregate
  // Keywords; most are names too where a name may stand.
  kOffset,
  kBy,
  kWithout,
  kOn,
  kIgnoring,
  kGroupLeft,
  kGroupRight,
  kBool,
  kFill,
  kFillLeft,
  kFillRight,
  kSmoothed,
  kAnchored,
  kStart,
  kEnd_,  // the word "end"
  kStep,
  kRange,
  kMaxOf,
  kMinOf,
};

struct Token {
  TokenType type = TokenType::kEnd;
  Op op = Op::kAdd;
  AggregateOp aggregate = AggregateOp::kSum;
  PositionRange position;
  std::string_view text;
  std::string message;  // of kError
};

// The token as error messages name it: identifier "x", <by>, <op:+>, "(", end of input.
std::string Describe(const Token& token);

}  // namespace meerkat::promql
