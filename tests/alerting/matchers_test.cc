#include "alerting/matchers.h"

#include <gtest/gtest.h>

namespace meerkat::alerting {
namespace {

TEST(Matchers, ReadBothGrammars) {
  const struct {
    std::string_view text;
    std::string_view canonical;
  } kCases[] = {
      {R"(a="b")", R"({a="b"})"},
      {R"({a="b", c!="d",})", R"({a="b",c!="d"})"},
      {R"(kind = loose)", R"({kind="loose"})"},
      {R"(other =~ k.+)", R"({other=~"k.+"})"},
      {R"(a!~"x|y")", R"({a!~"x|y"})"},
      {R"("foo🙂"="bar")", R"({foo🙂="bar"})"},
      {R"("a b"="c")", R"({"a b"="c"})"},
      {R"("service.name"=~"web|api")", R"({service.name=~"web|api"})"},
      {R"(a="\u0041\x42\103")",
       R"({a="\\u0041\\x42\\103"})"},     // classic understands it, so it wins
      {R"("a"="\u0041")", R"({a="A"})"},  // only UTF-8 understands it
      {R"(a="b,c")", R"({a="b,c"})"},
      {R"(a=)", R"({a=""})"},
      {"", "{}"},
      {"{}", "{}"},
  };
  for (const auto& c : kCases) {
    const auto matchers = ParseMatchers(c.text);
    ASSERT_TRUE(matchers.ok()) << c.text << ": " << matchers.error().message();
    EXPECT_EQ(MatchersText(*matchers), c.canonical) << c.text;
  }
}

TEST(Matchers, RefuseInUpstreamsWords) {
  const struct {
    std::string_view text;
    std::string_view message;
  } kCases[] = {
      {R"(a~"x")", R"(bad matcher format: a~"x")"},
      {R"(a~="b")", R"(bad matcher format: a~="b")"},
      {R"(a=~"(")", "error parsing regexp: missing closing ): `^(?:()$`"},
      {R"(a="b)", R"(matcher value contains unescaped double quote: a="b)"},
      {"=x", "bad matcher format: =x"},
  };
  for (const auto& c : kCases) {
    const auto matchers = ParseMatchers(c.text);
    ASSERT_FALSE(matchers.ok()) << c.text;
    EXPECT_EQ(matchers.error().message(), c.message) << c.text;
  }
}

TEST(Matchers, KeepToOneGrammarWhenTold) {
  EXPECT_FALSE(ParseMatchers(R"("foo🙂"="bar")", MatcherSyntax::kClassic).ok());
  EXPECT_TRUE(ParseMatchers(R"(a="b)", MatcherSyntax::kClassic).ok() == false);
  EXPECT_FALSE(ParseMatchers(R"(a=)", MatcherSyntax::kUtf8).ok());
}

TEST(Matchers, OneAloneReachesToTheEnd) {
  EXPECT_EQ(ParseMatcher("a=b,c=d")->value(), "b,c=d");
  EXPECT_EQ(ParseMatcher("\"a b\"=c")->name(), "a b");
  EXPECT_FALSE(ParseMatcher(R"({a="b"})").ok());
  EXPECT_FALSE(ParseMatcher("a=b,c=d", MatcherSyntax::kUtf8).ok());
}

TEST(Matchers, MissingLabelsAreEmpty) {
  const auto matchers = ParseMatchers(R"({a!="1", b=~"x?"})");
  EXPECT_TRUE(AllMatch(*matchers, {}));
  EXPECT_TRUE(AllMatch(*matchers, {{"a", "2"}, {"b", "x"}}));
  EXPECT_FALSE(AllMatch(*matchers, {{"a", "1"}}));
  EXPECT_FALSE(AllMatch(*matchers, {{"b", "xx"}}));
}

}  // namespace
}  // namespace meerkat::alerting
