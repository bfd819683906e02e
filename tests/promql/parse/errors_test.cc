#include <gtest/gtest.h>

#include <string>

#include "promql/parser.h"

namespace meerkat::promql {
namespace {

struct Case {
  const char* text;
  const char* error;
};

std::string ErrorOf(std::string_view text, const ParseOptions& options = {}) {
  const Result<ExprPtr> parsed = Parse(text, options);
  return parsed ? "parsed as " + Print(**parsed) : parsed.error().message();
}

void ExpectErrors(std::initializer_list<Case> cases, const ParseOptions& options = {}) {
  for (const Case& c : cases) EXPECT_EQ(ErrorOf(c.text, options), c.error) << c.text;
}

TEST(ParseErrors, OfCharactersAndLiterals) {
  ExpectErrors({
      {"", "unknown position: parse error: no expression found in input"},
      {"# nothing", "1:1: parse error: no expression found in input"},
      {"foo;", "1:4: parse error: unexpected character: ';'"},
      {"\n\n  ;", "3:3: parse error: unexpected character: ';'"},
      {"é", "1:1: parse error: unexpected character: 'é'"},
      {"foo}", "1:4: parse error: unexpected character: '}'"},
      {"foo)", "1:5: parse error: unexpected right parenthesis ')'"},
      {"(foo", "1:5: parse error: unclosed left parenthesis"},
      {"foo]", "1:4: parse error: unexpected right bracket ']'"},
      {"foo[5m", "1:7: parse error: unclosed left bracket"},
      {"foo =~ bar", "1:5: parse error: unexpected character after '=': '~'"},
      {"!a", "1:1: parse error: unexpected character after '!': 'a'"},
      {"!", "1:1: parse error: unexpected character after '!': '\uFFFD'"},
      {"\"abc", "1:1: parse error: unterminated quoted string"},
      {"`abc", "1:1: parse error: unterminated raw string"},
      {"\"\xff\"", "1:1: parse error: invalid UTF-8 rune"},
      {"\"\\q\"", "1:1: parse error: unknown escape sequence U+0071 'q'"},
      {"\"\\xZZ\"", "1:1: parse error: illegal character U+005A 'Z' in escape sequence"},
      {"\"\\ud800\"", "1:1: parse error: escape sequence is an invalid Unicode code point"},
      {"1e", "1:1: parse error: bad number or duration syntax: \"1e\""},
      {"1..2", "1:1: parse error: bad number or duration syntax: \"1..\""},
      {"1__2", "1:1: parse error: bad number or duration syntax: \"1__\""},
      {"1h30", "1:1: parse error: bad number or duration syntax: \"1h30\""},
      {"60max", "1:1: parse error: bad number or duration syntax: \"60ma\""},
      {"0x1.8", "1:1: parse error: bad number or duration syntax: \"0x1.\""},
      {"5m5m", "1:1: parse error: not a valid duration string: \"5m5m\""},
      {"1.5h", "1:1: parse error: unknown unit \".\" in duration \"1.5h\""},
      {"0x",
       "1:1: parse error: error parsing number: strconv.ParseFloat: parsing \"0x\": "
       "invalid syntax"},
      {"1e999",
       "1:1: parse error: error parsing number: strconv.ParseFloat: parsing "
       "\"1e999\": value out of range"},
  });
}

TEST(ParseErrors, OfTokensInTheWrongPlace) {
  ExpectErrors({
      {"foo bar", "1:5: parse error: unexpected identifier \"bar\""},
      {"foo by", "1:5: parse error: unexpected <by>"},
      {"==", "1:1: parse error: unexpected <op:==>"},
      {"bool", "1:1: parse error: unexpected <bool>"},
      {"foo = bar", "1:5: parse error: unexpected \"=\""},
      {"1 +", "1:4: parse error: unexpected end of input"},
      {"a:b(5)", "1:4: parse error: unexpected \"(\""},
      {"foo \"0123456789\"", "1:5: parse error: unexpected string \"\\\"012345678\"..."},
      {"sum some_metric by (test)", "1:5: parse error: unexpected identifier \"some_metric\""},
      {"sum by (x)", "1:11: parse error: unexpected end of input in aggregation"},
      {"sum(1 + )", "1:9: parse error: unexpected \")\" in aggregation"},
      {"sum(foo) by test",
       "1:13: parse error: unexpected identifier \"test\" in grouping opts, expected \"(\""},
      {"sum by (5) (foo)",
       "1:9: parse error: unexpected number \"5\" in grouping opts, expected label"},
      {"sum by (a b) (foo)",
       "1:11: parse error: unexpected identifier \"b\" in grouping opts, expected \",\" or \")\""},
      {"sum by (without) (foo)",
       "1:9: parse error: unexpected <without> in grouping opts, expected label"},
      {"sum by (\"\") (foo)", "1:9: parse error: invalid label name for grouping: \"\""},
      {"a * on(x) group_left",
       "1:21: parse error: unexpected end of input in grouping opts, expected \"(\""},
      {"foo{a=\"b\"", "1:10: parse error: unexpected end of input inside braces"},
      {"foo{{", "1:5: parse error: unexpected left brace '{'"},
      {"foo{a=5}", "1:7: parse error: unexpected character inside braces: '5'"},
      {"foo{a!b}", "1:6: parse error: unexpected character after '!' inside braces: 'b'"},
      {"foo{a}",
       "1:6: parse error: unexpected \"}\" in label matching, expected label matching "
       "operator"},
      {"foo{a=b}",
       "1:7: parse error: unexpected identifier \"b\" in label matching, expected string"},
      {"foo{,}",
       "1:5: parse error: unexpected \",\" in label matching, expected identifier or \"}\""},
      {"foo{a=\"b\" c=\"d\"}",
       "1:11: parse error: unexpected identifier \"c\" in label matching, expected \",\" or \"}\""},
      {"foo{a=~\"[\"}", "1:5: parse error: error parsing regexp: missing closing ]: `[`"},
      {"foo{a=~\"a**\"}",
       "1:5: parse error: error parsing regexp: invalid nested repetition operator: `**`"},
      {"rate(foo[5m],)", "1:13: parse error: trailing commas not allowed in function call args"},
      {"rate(foo[5m] b)", "1:14: parse error: unexpected identifier \"b\""},
  });
}

TEST(ParseErrors, OfRangesAndModifiers) {
  ExpectErrors({
      {"foo[]",
       "1:5: parse error: unexpected \"]\" in subquery selector, expected number, "
       "duration, step(), or range()"},
      {"foo[a]", "1:5: parse error: unexpected character in duration expression: 'a'"},
      {"foo[:5m]", "1:6: parse error: unexpected colon before duration in duration expression"},
      {"foo[5m 3]",
       "1:8: parse error: unexpected number \"3\" in subquery or range, expected \":\" or \"]\""},
      {"foo[5m:5m 3]",
       "1:11: parse error: unexpected number \"3\" in subquery selector, expected \"]\""},
      {"foo[5m::]", "1:8: parse error: unexpected colon ':'"},
      {"foo[0]", "1:5: parse error: duration must be greater than 0"},
      {"foo[5m:-5m]", "1:8: parse error: duration must be greater than 0"},
      {"foo[1/0]", "1:6: parse error: division by zero"},
      {"foo[1%0]", "1:6: parse error: modulo by zero"},
      {"foo[99999999999999]", "1:5: parse error: duration out of range"},
      {"(foo)[5m]", "1:6: parse error: ranges only allowed for vector selectors"},
      {"foo offset 5m [5m]", "1:15: parse error: no offset modifiers allowed before range"},
      {"foo @ 5 [5m]", "1:9: parse error: no @ modifiers allowed before range"},
      {"foo[5m][5m:]",
       "1:1: parse error: subquery is only allowed on instant vector, got matrix instead"},
      {"foo offset",
       "1:11: parse error: unexpected end of input in offset, expected number, "
       "duration, step(), or range()"},
      {"foo offset 5m offset 5m", "1:1: parse error: offset may not be set multiple times"},
      {"1 offset 5m",
       "1:1: parse error: offset modifier must be preceded by an instant vector selector or range "
       "vector selector or a subquery"},
      {"foo @", "1:6: parse error: unexpected end of input in @, expected timestamp"},
      {"foo @ 5 @ 6", "1:1: parse error: @ <timestamp> may not be set multiple times"},
      {"1 @ 5",
       "1:1: parse error: @ modifier must be preceded by an instant vector selector or range "
       "vector selector or a subquery"},
      {"foo @ NaN", "1:1: parse error: timestamp out of bounds for @ modifier: NaN"},
  });
}

TEST(ParseErrors, OfTypes) {
  ExpectErrors({
      {"rate(foo)",
       "1:6: parse error: expected type range vector in call to function \"rate\", "
       "got instant vector"},
      {"sum(1)",
       "1:5: parse error: expected type instant vector in aggregation expression, got "
       "scalar"},
      {"topk(foo, foo)",
       "1:6: parse error: expected type scalar in aggregation parameter, got instant vector"},
      {"count_values(1, foo)",
       "1:14: parse error: expected type string in aggregation parameter, got scalar"},
      {"sum()", "1:1: parse error: no arguments for aggregate expression provided"},
      {"topk(1, foo, 2)",
       "1:1: parse error: wrong number of arguments for aggregate expression provided, expected 2, "
       "got 3"},
      {"rate()", "1:1: parse error: expected 1 argument(s) in call to \"rate\", got 0"},
      {"round()", "1:1: parse error: expected at least 1 argument(s) in call to \"round\", got 0"},
      {"round(foo, 1, 2)",
       "1:1: parse error: expected at most 2 argument(s) in call to \"round\", got 3"},
      {"nofunc(5)", "1:1: parse error: unknown function with name \"nofunc\""},
      {"1 == 1", "1:3: parse error: comparisons between scalars must use BOOL modifier"},
      {"foo + bool 1", "1:5: parse error: bool modifier can only be used on comparison operators"},
      {"1 and foo",
       "1:1: parse error: set operator \"and\" not allowed in binary scalar expression"},
      {"foo + on(a) 1", "1:1: parse error: vector matching only allowed between instant vectors"},
      {"foo and on(a) group_left() bar",
       "1:1: parse error: no grouping allowed for \"and\" operation"},
      {"foo + on(a) group_left(a) bar",
       "1:5: parse error: label \"a\" must not occur in ON and GROUP clause at once"},
      {"foo[5m] + 1",
       "1:1: parse error: binary expression must contain only scalar and instant vector types"},
      {"-\"a\"",
       "1:1: parse error: unary expression only allowed on expressions of type scalar or instant "
       "vector, got \"string\""},
      {"{}", "1:1: parse error: vector selector must contain at least one non-empty matcher"},
      {"{a=~\".*\"}",
       "1:1: parse error: vector selector must contain at least one non-empty matcher"},
      {"foo{__name__=\"bar\"}",
       "1:1: parse error: metric name must not be set twice: \"foo\" or \"bar\""},
  });
}

TEST(ParseErrors, OfFeaturesThatAreOff) {
  ExpectErrors({
      {"mad_over_time(foo[5m])", "1:1: parse error: function \"mad_over_time\" is not enabled"},
      {"limitk(1, foo)",
       "1:1: parse error: limitk() is experimental and must be enabled with "
       "--enable-feature=promql-experimental-functions"},
      {"foo anchored", "1:1: parse error: anchored modifier is experimental and not enabled"},
      {"foo + fill(0) bar",
       "1:7: parse error: binop fill modifiers are experimental and not enabled"},
  });
}

TEST(ParseErrors, OfExperimentalFeatures) {
  const ParseOptions all{
      .experimental_functions = true, .extended_range_selectors = true, .fill_modifiers = true};
  ExpectErrors(
      {
          {"info(foo, bar)",
           "1:11: parse error: expected label selectors only, got vector selector instead"},
          {"info(foo, 1)",
           "1:11: parse error: expected type instant vector in call to function \"info\", got "
           "scalar"},
          {"foo[5m] anchored smoothed",
           "1:1: parse error: anchored and smoothed modifiers cannot be used together"},
          {"foo[5m:] smoothed",
           "1:1: parse error: smoothed modifier is not supported for subqueries"},
          {"foo + fill(0) 1",
           "1:1: parse error: filling in missing series only allowed between instant vectors"},
          {"foo and fill(0) bar",
           "1:1: parse error: filling in missing series not allowed for set operators"},
          {"foo + fill(0) fill(0) bar", "1:15: parse error: unexpected <fill>"},
      },
      all);
}

std::string Repeat(std::string_view part, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += part;
  return out;
}

TEST(ParseErrors, RefuseDeepAndHugeTextsQuickly) {
  const std::string deep = "nested deeper than ";
  for (const std::string& text : {
           Repeat("(", 100'000) + "1" + Repeat(")", 100'000),
           Repeat("(", 100'000),
           "1" + Repeat(" + 1", 50'000),
           "1" + Repeat(" ^ 1", 50'000),
           Repeat("-", 100'000) + "x",
           "x" + Repeat("[1m:]", 50'000),
           Repeat("sum(", 50'000) + "x",
           "x[" + Repeat("(", 100'000) + "1",
           "x[1" + Repeat("+1", 50'000) + "]",
       }) {
    const std::string error = ErrorOf(text);
    EXPECT_NE(error.find(deep), std::string::npos) << error.substr(0, 200);
  }
  EXPECT_NE(ErrorOf("f(" + Repeat("1,", 200'000) + "1)").find("more than 100000 parts"),
            std::string::npos);
  EXPECT_NE(ErrorOf("x{" + Repeat("a=\"\",", 150'000) + "}").find("more than 100000 parts"),
            std::string::npos);
  EXPECT_NE(ErrorOf(std::string(2'000'000, ' ') + "x").find("longer than"), std::string::npos);
}

TEST(ParseErrors, TreesOfTheDeepestKindStillWork) {
  const std::string text = "x" + Repeat(" + 1", 5990);
  const Result<ExprPtr> chain = Parse(text);
  ASSERT_TRUE(chain) << chain.error().message();
  EXPECT_EQ(Print(**chain), text);
  EXPECT_EQ(Print(*Clone(**chain)), Print(**chain));
  EXPECT_FALSE(ToJson(**chain).empty());
  EXPECT_EQ(PrettyPrint(**chain), text);  // indented it would be far longer
}

TEST(ExplainError, PointsAtThePlace) {
  const auto explain = [](std::string_view text) {
    const Result<ExprPtr> parsed = Parse(text);
    return parsed ? "" : ExplainError(text, parsed.error());
  };
  EXPECT_EQ(explain("foo +\n\té bar)"), "\té bar)\n\t^");
  EXPECT_EQ(explain("\"é\" bar"), "\"é\" bar\n    ^");
  EXPECT_EQ(explain("raet(foo[5m])"), "raet(foo[5m])\n^\ndid you mean \"rate\"?");
  EXPECT_EQ(ExplainError("foo", Error(Code::kExecution, "no place in it")), "");
}

}  // namespace
}  // namespace meerkat::promql
