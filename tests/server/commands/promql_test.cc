#include "server/commands/promql.h"

#include <gtest/gtest.h>

#include <sstream>

namespace meerkat::commands {
namespace {

struct Outcome {
  int code = -1;
  std::string out;
  std::string err;
};

Outcome Ask(std::string_view name, std::vector<std::string> args) {
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  for (const Command& command : PromqlCommands()) {
    if (command.name == name) {
      const int code = command.run(args, Streams{in, out, err});
      return {code, out.str(), err.str()};
    }
  }
  return {};
}

TEST(PromqlFormat, PrintsOrPointsAtTheError) {
  EXPECT_EQ(Ask("promql format", {"sum by(a)(rate(foo{a='b'}[5m]))"}).out,
            "sum by (a) (rate(foo{a=\"b\"}[5m]))\n");
  const Outcome bad = Ask("promql format", {"--experimental", "sum(foo"});
  EXPECT_EQ(bad.code, 1);
  EXPECT_EQ(bad.err, "1:8: parse error: unclosed left parenthesis\nsum(foo\n       ^\n");
  EXPECT_EQ(Ask("promql format", {}).code, 1);
  EXPECT_EQ(Ask("promql format", {"a", "b"}).code, 1);
  EXPECT_EQ(Ask("promql format", {"--", "-foo"}).out, "-foo\n");
}

TEST(PromqlLabelMatchers, AreSetInEverySelector) {
  const std::string set = "promql label-matchers set";
  EXPECT_EQ(Ask(set, {"foo + bar{a=\"b\"}", "a", "c"}).out, "foo{a=\"c\"} + bar{a=\"c\"}\n");
  EXPECT_EQ(Ask(set, {"-t", "=~", "topk(scalar(x), sum_over_time(y[5m:]))", "j", "c.*"}).out,
            "topk(scalar(x{j=~\"c.*\"}), sum_over_time(y{j=~\"c.*\"}[5m:]))\n");
  EXPECT_EQ(Ask(set, {"rate(foo[5m])", "__name__", "q"}).out, "rate(foo{__name__=\"q\"}[5m])\n");
  EXPECT_EQ(Ask(set, {"-t", "z", "foo", "a", "b"}).code, 1);
  EXPECT_EQ(Ask(set, {"--type==~", "foo", "a", "("}).code, 1);
}

TEST(PromqlLabelMatchers, AreDeletedEverywhere) {
  EXPECT_EQ(
      Ask("promql label-matchers delete", {"foo{a=\"b\",c=\"d\"} + -(bar{a=\"b\"})", "a"}).out,
      "foo{c=\"d\"} + -(bar)\n");
}

}  // namespace
}  // namespace meerkat::commands
