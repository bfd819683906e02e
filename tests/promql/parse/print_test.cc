#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "promql/functions.h"
#include "promql/parser.h"

namespace meerkat::promql {
namespace {

constexpr ParseOptions kEverything{
    .experimental_functions = true, .extended_range_selectors = true, .fill_modifiers = true};

ExprPtr MustParse(std::string_view text) {
  Result<ExprPtr> parsed = Parse(text, kEverything);
  EXPECT_TRUE(parsed) << text << ": " << parsed.error().message();
  return parsed ? *std::move(parsed) : std::make_unique<NumberLiteral>();
}

struct Case {
  const char* text;
  const char* printed;
};

// Each text prints as shown, and what is printed means the same and prints the same again.
void ExpectPrinted(std::initializer_list<Case> cases) {
  for (const Case& c : cases) {
    const ExprPtr expr = MustParse(c.text);
    EXPECT_EQ(Print(*expr), c.printed) << c.text;
    const ExprPtr again = MustParse(c.printed);
    EXPECT_EQ(Print(*again), c.printed);
    EXPECT_EQ(ToJson(*MustParse(Print(*again))), ToJson(*again));
    EXPECT_EQ(ToJson(*Clone(*expr)), ToJson(*expr));
    EXPECT_EQ(Print(*MustParse(PrettyPrint(*expr))), c.printed);
  }
}

TEST(Print, Literals) {
  ExpectPrinted({
      {"1", "1"},
      {"+1", "1"},
      {"-.5", "-0.5"},
      {"1e3", "1000"},
      {"0x1F", "31"},
      {"0755", "493"},
      {"0o17", "15"},
      {"0b101", "5"},
      {"08", "8"},
      {"1_000.5", "1000.5"},
      {"iNf", "+Inf"},
      {"-Inf", "-Inf"},
      {"nan", "NaN"},
      {"5m", "5m"},
      {"-90s", "-1m30s"},
      {"1h0m5ms", "1h5ms"},
      {R"("a\"b\x41\101é\n")", R"("a\"bAAé\n")"},
      {R"('it\'s')", R"("it's")"},
      {R"(`raw \n`)", R"("raw \\n")"},
  });
}

TEST(Print, Selectors) {
  ExpectPrinted({
      {"foo", "foo"},
      {"foo:bar:baz", "foo:bar:baz"},
      {"sum", "sum"},
      {"offset", "offset"},
      {"fill", "fill"},
      {"rate {}", "rate"},
      {"foo{b=\"1\",a!=\"2\",}", "foo{a!=\"2\",b=\"1\"}"},
      {"{\"my.metric\", \"a.b\"=~'c'}", "{\"a.b\"=~\"c\",__name__=\"my.metric\"}"},
      {"{__name__!~\"a|b\",x=\"1\"}", "{__name__!~\"a|b\",x=\"1\"}"},
      {"foo[5m]", "foo[5m]"},
      {"foo[300]", "foo[5m]"},
      {"foo offset -5m @ 100", "foo @ 100.000 offset -5m"},
      {"foo @ start() offset 1w", "foo @ start() offset 1w"},
      {"foo[5m] @ 1.5", "foo[5m] @ 1.500"},
      {"foo @ 1m40s", "foo @ 100.000"},
      {"foo[1h:] offset 60", "foo[1h:] offset 1m"},
      {"foo[1h:5m] @ end()", "foo[1h:5m] @ end()"},
      {"rate(foo[5m])[1h:1m]", "rate(foo[5m])[1h:1m]"},
      {"foo[5m] anchored offset 1m", "foo[5m] anchored offset 1m"},
      {"foo smoothed @ end()", "foo smoothed @ end()"},
  });
}

TEST(Print, DurationExpressions) {
  ExpectPrinted({
      {"foo[5m*2]", "foo[5m * 2]"},
      {"foo[-5m+35m]", "foo[-5m + 35m]"},
      {"foo[(1+STEP())*2:range()]", "foo[(1 + step()) * 2:range()]"},
      {"foo[max_of(min_of(step(),1h),1ms)]", "foo[max_of(min_of(step(), 1h), 1ms)]"},
      {"foo offset (5m-1)", "foo offset (5m - 1)"},
      {"foo offset -(2 ^ step())", "foo offset -(2 ^ step())"},
      {"foo offset +step()", "foo offset step()"},
      {"foo offset 2 ^ 2", "foo offset 2s ^ 2"},
      {"foo offset step()*0", "foo offset step() * 0"},
  });
}

TEST(Print, Operators) {
  ExpectPrinted({
      {"-foo^2", "-foo ^ 2"},
      {"2^3^2", "2 ^ 3 ^ 2"},
      {"1+2*3-4", "1 + 2 * 3 - 4"},
      {"(1+2)*3", "(1 + 2) * 3"},
      {"--foo", "--foo"},
      {"+foo", "+foo"},
      {"foo ATAN2 bar", "foo atan2 bar"},
      {"foo > BOOL 1", "foo > bool 1"},
      {"foo </ 5 >/ 1", "foo </ 5 >/ 1"},
      {"a or b and c unless d", "a or b and c unless d"},
      {"a + ignoring(x) b", "a + ignoring (x) b"},
      {"a + on() b", "a + on () b"},
      {"a * on(x,\"y.z\",) group_left b", "a * on (x, \"y.z\") group_left () b"},
      {"a * ignoring() group_right(on) b", "a * ignoring () group_right (on) b"},
      {"a + fill(0) b", "a + fill (0) b"},
      {"a == bool on(x) fill_left(-inf) fill_right(5) b",
       "a == bool on (x) fill_left (-Inf) fill_right (5) b"},
      {"a + fill(nan) b", "a + fill (NaN) b"},
  });
}

TEST(Print, AggregationsAndCalls) {
  ExpectPrinted({
      {"sum(foo)", "sum(foo)"},
      {"SUM(foo) BY (a,b,)", "sum by (a, b) (foo)"},
      {"sum by () (foo)", "sum(foo)"},
      {"sum without () (foo)", "sum without () (foo)"},
      {"sum by (by, offset, bool, on, atan2, and, start, \"a b\") (foo)",
       "sum by (by, offset, bool, on, atan2, and, start, \"a b\") (foo)"},
      {"topk(3, foo)", "topk(3, foo)"},
      {"count_values without (a) (\"v\", foo)", "count_values without (a) (\"v\", foo)"},
      {"time()", "time()"},
      {"label_replace(foo,'a','$1','b','(.*)')",
       "label_replace(foo, \"a\", \"$1\", \"b\", \"(.*)\")"},
      {"step() + range() + start() - end()", "step() + range() + start() - end()"},
      {"max_of(1, min_of(2, 3))", "max_of(1, min_of(2, 3))"},
      {"info(foo, {a=\"b\"})", "info(foo, {a=\"b\"})"},
      {"info(foo, {})", "info(foo, {})"},
      {"foo # comment\n + # another\n bar", "foo + bar"},
  });
}

TEST(Print, KeepsNegativeZeroApart) {
  EXPECT_TRUE(std::signbit(static_cast<const NumberLiteral&>(*MustParse("-0")).value));
}

TEST(PrettyPrint, BreaksLongLines) {
  EXPECT_EQ(
      PrettyPrint(*MustParse(
          "histogram_quantile(0.99, sum by (le, job) (rate(request_duration_seconds_bucket{"
          "job=\"api\",code=~\"2..\"}[5m]))) > on(job) group_left(team) (slo_latency_seconds or "
          "vector(0.123456789012345678))")),
      R"(  histogram_quantile(
    0.99,
    sum by (le, job) (rate(request_duration_seconds_bucket{code=~"2..",job="api"}[5m]))
  )
> on (job) group_left (team)
  (slo_latency_seconds or vector(0.12345678901234568)))");
  EXPECT_EQ(PrettyPrint(*MustParse("topk(5,foo)")), "topk(5, foo)");
}

TEST(ToJson, ShowsTheTree) {
  EXPECT_EQ(ToJson(*MustParse("-1 == bool 0x10")),
            R"({"bool":true,"lhs":{"type":"numberLiteral","val":"-1"},"matching":null,)"
            R"("op":"==","rhs":{"type":"numberLiteral","val":"16"},"type":"binaryExpr"})");
  EXPECT_EQ(ToJson(*MustParse("rate(foo{a='b'}[1m*2] offset 5m @ start())")),
            R"({"args":[{"anchored":false,"matchers":[{"name":"a","type":"=","value":"b"},)"
            R"({"name":"__name__","type":"=","value":"foo"}],"name":"foo","offset":300000,)"
            R"("offsetExpr":null,"range":0,"rangeExpr":{"lhs":{"type":"numberLiteral",)"
            R"("val":"60"},"op":"*","rhs":{"type":"numberLiteral","val":"2"},)"
            R"("type":"durationExpr","wrapped":false},"smoothed":false,"startOrEnd":"start",)"
            R"("timestamp":null,"type":"matrixSelector"}],"func":{"argTypes":["matrix"],)"
            R"("name":"rate","returnType":"vector","variadic":0},"type":"call"})");
}

TEST(ParseSelector, TakesSelectorsAlone) {
  const auto matchers = ParseSelector("up{job=~\"a|b\",}");
  ASSERT_TRUE(matchers);
  ASSERT_EQ(matchers->size(), 2u);
  EXPECT_EQ((*matchers)[0].ToString(), "job=~\"a|b\"");
  EXPECT_EQ((*matchers)[1].ToString(), "__name__=\"up\"");
  EXPECT_TRUE(ParseSelector("{}"));  // whether it may match everything is the caller's question
  EXPECT_FALSE(ParseSelector("up[5m]"));
  EXPECT_FALSE(ParseSelector("1"));
  EXPECT_FALSE(ParseSelector(""));
}

TEST(ParseSeriesLabels, TakesEqualityAlone) {
  const auto labels = ParseSeriesLabels("up{job=\"a\", \"x.y\"='b',}");
  ASSERT_TRUE(labels);
  EXPECT_EQ(*labels, Labels({{"__name__", "up"}, {"job", "a"}, {"x.y", "b"}}));
  EXPECT_EQ(*ParseSeriesLabels("{\"my.name\"}"), Labels({{"__name__", "my.name"}}));
  EXPECT_EQ(*ParseSeriesLabels("{}"), Labels());
  EXPECT_EQ(ParseSeriesLabels("up{job}").error().message(),
            "1:7: parse error: unexpected \"}\" in label set, expected \"=\"");
  EXPECT_FALSE(ParseSeriesLabels("up{job!=\"a\"}"));
}

TEST(Functions, AreFoundByName) {
  EXPECT_EQ(Functions().size(), 90u);
  for (const Function& function : Functions()) EXPECT_EQ(FindFunction(function.name), &function);
  EXPECT_EQ(FindFunction("rat"), nullptr);
  EXPECT_EQ(FindFunction("zzz"), nullptr);
}

}  // namespace
}  // namespace meerkat::promql
