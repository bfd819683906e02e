#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "promql/ast.h"

namespace meerkat::promql {

// What the text may use: the experimental features that upstream hides behind --enable-feature.
struct ParseOptions {
  bool experimental_functions = false;    // also limitk and limit_ratio
  bool extended_range_selectors = false;  // anchored, smoothed
  bool fill_modifiers = false;
};

// Text to checked tree. Errors are kInvalid with upstream's text: "1:3: parse error: …".
// Bounded: nesting deeper than a few hundred levels and absurdly long texts are refused, not
// recursed into.
Result<ExprPtr> Parse(std::string_view text, const ParseOptions& options = {});

// A metric selector alone, as in match[] parameters: up{job="x"} or {__name__=~"a.*"}.
Result<std::vector<Matcher>> ParseSelector(std::string_view text);
// A series as rule tests and expected results write it: name{a="b"}.
Result<Labels> ParseSeriesLabels(std::string_view text);

// The text of a tree on one line, as upstream's String(): parses back to the same tree.
std::string Print(const Expr& expr);
// On several lines where it is long, as GET /api/v1/format_query gives it.
std::string PrettyPrint(const Expr& expr);
// The tree as JSON, as GET /api/v1/parse_query gives it.
std::string ToJson(const Expr& expr);

// What a user may be told beside the error: the line of the query with carets under the place.
std::string ExplainError(std::string_view text, const Error& error);

ExprPtr Clone(const Expr& expr);

}  // namespace meerkat::promql
