#include "promql/parser.h"

#include <algorithm>
#include <charconv>

#include "base/nearest.h"
#include "base/quote.h"
#include "promql/check/types.h"
#include "promql/functions.h"
#include "promql/parse/deep.h"
#include "promql/parse/grammar.h"

namespace meerkat::promql {

namespace {

Result<ExprPtr> ParseAndCheck(std::string_view text, const ParseOptions& options) {
  Grammar grammar(text, options);
  ExprPtr expr = grammar.WholeExpression();
  if (expr == nullptr) return grammar.error();
  if (const auto wrong = CheckTypes(*expr)) return ParseError(text, wrong->position, wrong->text);
  return expr;
}

}  // namespace

Result<ExprPtr> Parse(std::string_view text, const ParseOptions& options) {
  Result<ExprPtr> parsed = Error(Code::kUnavailable, "no memory for an expression of such depth");
  const auto levels = std::min<std::size_t>(MostNesting(text), kMaxNesting);
  CallDeep(levels, [&] { parsed = ParseAndCheck(text, options); });
  return parsed;
}

Result<std::vector<Matcher>> ParseSelector(std::string_view text) {
  Grammar grammar(text, {});
  std::optional<std::vector<Matcher>> matchers = grammar.WholeSelector();
  if (!matchers) return grammar.error();
  return *std::move(matchers);
}

Result<Labels> ParseSeriesLabels(std::string_view text) {
  Grammar grammar(text, {});
  std::optional<Labels> labels = grammar.WholeSeries();
  if (!labels) return grammar.error();
  return *std::move(labels);
}

std::string ExplainError(std::string_view text, const Error& error) {
  const std::string& message = error.message();
  std::size_t line = 0;
  std::size_t column = 0;
  const char* end = message.data() + message.size();
  const auto [after_line, bad_line] = std::from_chars(message.data(), end, line);
  if (bad_line != std::errc() || after_line == end || *after_line != ':' || line == 0) return {};
  const auto [after_column, bad_column] = std::from_chars(after_line + 1, end, column);
  if (bad_column != std::errc() || column == 0) return {};

  for (std::size_t i = 1; i < line; ++i) {
    const std::size_t line_break = text.find('\n');
    if (line_break == std::string_view::npos) return {};
    text.remove_prefix(line_break + 1);
  }
  const std::string_view shown = text.substr(0, text.find('\n'));
  std::string out(shown);
  out += '\n';
  // Tabs stay tabs and the bytes of one code point count once, so that the caret stands right.
  for (const char c : shown.substr(0, std::min(column - 1, shown.size()))) {
    if (c == '\t') {
      out += '\t';
    } else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) {
      out += ' ';
    }
  }
  out += '^';

  constexpr std::string_view kUnknown = "unknown function with name \"";
  if (const std::size_t at = message.find(kUnknown); at != std::string::npos) {
    std::string_view name = std::string_view(message).substr(at + kUnknown.size());
    name = name.substr(0, name.find('"'));
    std::vector<std::string_view> names;
    for (const Function& function : Functions()) names.push_back(function.name);
    if (const auto nearest = Nearest(name, names); !nearest.empty()) {
      out += "\ndid you mean " + Quote(nearest) + "?";
    }
  }
  return out;
}

}  // namespace meerkat::promql
