#include <gtest/gtest.h>

#include <sstream>

#include "server/commands/check_metrics.h"
#include "server/commands/metric_lint.h"

namespace meerkat::commands {
namespace {

// The problems of a page, one a line; or why it is none.
std::string Lint(std::string_view page) {
  const auto families = ReadMetricPage(page);
  if (!families) return families.error().message();
  std::string text;
  for (const MetricProblem& problem : LintMetrics(*families)) {
    text += problem.metric + " " + problem.text + "\n";
  }
  return text;
}

// A page of one metric that has a help text.
std::string Page(const std::string& name, const std::string& type) {
  return "# HELP " + name + " x\n# TYPE " + name + " " + type + "\n" + name + " 1\n";
}

TEST(MetricLint, KnowsTheConventions) {
  const struct {
    std::string name, type, problem;
  } cases[] = {
      {"x_total", "counter", ""},
      {"x", "counter", "counter metrics should have \"_total\" suffix"},
      {"x_total", "gauge", "non-counter metrics should not have \"_total\" suffix"},
      {"x_total", "untyped", ""},
      {"x_milliseconds", "gauge", "use base unit \"seconds\" instead of \"milliseconds\""},
      {"x_kilometres", "gauge", "use base unit \"metres\" instead of \"kilometres\""},
      {"x_hours", "gauge", "use base unit \"seconds\" instead of \"hours\""},
      {"x_seconds", "gauge", ""},
      {"x_years", "gauge", ""},
      {"x_ms", "gauge", "metric names should not contain abbreviated units"},
      {"ms", "gauge", ""},
      {"x_KB_y", "gauge", "metric names should not contain abbreviated units"},
      {"a:b", "gauge", "metric names should not contain ':'"},
      {"fooBar", "gauge", "metric names should be written in 'snake_case' not 'camelCase'"},
      {"x_X", "gauge", ""},
      {"x_gauge", "gauge", "metric name should not include type 'gauge'"},
      {"x_counter", "gauge", ""},
      {"x_bucket", "gauge", "non-histogram metrics should not have \"_bucket\" suffix"},
      {"x_sum", "gauge", "non-histogram and non-summary metrics should not have \"_sum\" suffix"},
      {"x_sum", "histogram", ""},
  };
  for (const auto& [name, type, problem] : cases) {
    EXPECT_EQ(Lint(Page(name, type)), problem.empty() ? "" : name + " " + problem + "\n") << type;
  }
  EXPECT_EQ(Lint("x 1\nx 2\n"), "x metric not unique\nx no help text\n");
  EXPECT_EQ(Lint("# HELP h x\n# TYPE h histogram\nh_bucket{le=\"1\",quantile=\"2\"} 1\n"),
            "h non-summary metrics should not have \"quantile\" label\n");
}

TEST(MetricPage, SaysWhatIsNoPage) {
  const struct {
    std::string_view page, error;
  } cases[] = {
      {"x", "line 1: unexpected end of input stream"},
      {"x y\n", "line 1: expected float as value, got \"y\""},
      {"\nx 0x1p3\n", "line 2: expected float as value, got \"0x1p3\""},
      {"x 1 y\n", "line 1: expected integer as timestamp, got \"y\""},
      {"x 1 2 3\n", "line 1: spurious string after timestamp: \" 3\""},
      {"x{a} 1\n", "line 1: expected '=' after label name, found '}'"},
      {"x{a=b} 1\n", "line 1: expected '\"' at start of label value, found 'b'"},
      {"x{a=\"b} 1\n", "line 1: label value \"b} 1\" contains unescaped new-line"},
      {"x{a=\"\\q\"} 1\n", "line 1: invalid escape sequence '\\q'"},
      {"x{a=\"1\",a=\"2\"} 1\n", "line 1: duplicate label names for metric \"x\""},
      {"x{__name__=\"y\"} 1\n", "line 1: label name \"__name__\" is reserved"},
      {"x{\"a.b\"=\"1\"} 1\n", "line 1: invalid label name \"a.b\""},
      {"{\"a.b\"} 1\n", "line 1: invalid metric name \"a.b\""},
      {"1x 1\n", "line 1: invalid metric name"},
      {"# TYPE x-y gauge\n", "line 1: invalid metric name in comment"},
      {"# TYPE x unknown\n", "line 1: unknown metric type \"unknown\""},
      {"x 1\n# TYPE x gauge\n",
       "line 2: second TYPE line for metric name \"x\", or TYPE reported after samples"},
      {"# HELP x a\n# HELP x b\n", "line 2: second HELP line for metric name \"x\""},
      {"# TYPE h histogram\nh_bucket{le=\"y\"} 1\n",
       "line 2: expected float as value for 'le' label, got \"y\""},
  };
  for (const auto& [page, error] : cases) {
    EXPECT_EQ(Lint(page), "text format parsing error in " + std::string(error)) << page;
  }
}

TEST(CheckMetrics, CountsSeriesAndGivesTheExitCode) {
  const auto check = [](std::string page, std::vector<std::string> args) {
    std::istringstream in(std::move(page));
    std::ostringstream out;
    std::ostringstream err;
    const int code = CheckMetrics(args, {in, out, err});
    return std::to_string(code) + "\n" + out.str() + err.str();
  };
  EXPECT_EQ(check("x\n", {}),
            "1\nerror while linting: text format parsing error in line 1: expected float as value, "
            "got \"\"\n");
  EXPECT_EQ(check("x 1\n", {}), "3\nx no help text\n");
  EXPECT_EQ(check("x 1\n", {"--lint=none"}), "0\n");
  const std::string page =
      "# HELP h x\n# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\n"
      "h_count 1\n# HELP a x\na 1\n";
  EXPECT_EQ(check(page, {"--extended"}),
            "0\n"
            "Metric    Cardinality    Percentage    \n"
            "h         4              80.00%        \n"
            "a         1              20.00%        \n"
            "Total     5              100%          \n");
}

}  // namespace
}  // namespace meerkat::commands
