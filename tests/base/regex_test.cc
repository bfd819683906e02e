#include "base/regex.h"

#include <gtest/gtest.h>

namespace meerkat {
namespace {

Regex Make(std::string_view pattern, Regex::Flavor flavor = Regex::Flavor::kPrometheus) {
  auto regex = Regex::Compile(pattern, flavor);
  EXPECT_TRUE(regex.ok()) << pattern;
  return *regex;
}

TEST(Regex, IsAnchoredAndDotMatchesNewline) {
  EXPECT_TRUE(Make("a.c").Matches("a\nc"));
  EXPECT_FALSE(Make("a.c").Matches("xa.c"));
  EXPECT_FALSE(Make("a.c", Regex::Flavor::kAlertmanager).Matches("a\nc"));
  EXPECT_TRUE(Make("a.c", Regex::Flavor::kUnanchored).Matches("xabcx"));
}

TEST(Regex, AnswersLiteralsAndPrefixes) {
  EXPECT_EQ(Make("a|b|c").literals(), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(Make("(b|a)").literals(), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(Make("127\\.0\\.0\\.1:9090").literals(), (std::vector<std::string>{"127.0.0.1:9090"}));
  EXPECT_TRUE(Make("a.*|b").literals().empty());
  EXPECT_EQ(Make("abc.*").prefix(), "abc");
  EXPECT_EQ(Make("abc?").prefix(), "ab");
  EXPECT_EQ(Make("abc|abd.*").prefix(), "");
  EXPECT_TRUE(Make("|a").Matches(""));
  EXPECT_TRUE(Make("").Matches(""));
  EXPECT_FALSE(Make("").Matches("a"));
  EXPECT_TRUE(Make("ab?c").Matches("ac"));
  EXPECT_TRUE(Make("(?i)ABC").Matches("abc"));
}

TEST(Regex, ExpandsAsGoDoes) {
  const Regex regex = Make("(?P<host>[^:]+):(\\d+)");
  const std::string text = "web:80";
  const auto groups = regex.Groups(text);
  ASSERT_EQ(groups.size(), 3U);
  EXPECT_EQ(regex.Expand("$1-${2}-$host-$$-$9-$", groups), "web-80-web-$--$");
  EXPECT_EQ(regex.Expand("$1x", groups), "");  // a group named 1x
  EXPECT_EQ(regex.Expand("${1}x", groups), "webx");
}

TEST(Regex, ReplacesAllAsGoDoes) {
  EXPECT_EQ(Make("a(x*)b", Regex::Flavor::kUnanchored).ReplaceAll("-ab-axxb-", "${1}W"), "-W-xxW-");
  EXPECT_EQ(Make("x*", Regex::Flavor::kUnanchored).ReplaceAll("abxc", "-"), "-a-b-c-");
  EXPECT_EQ(Make("é", Regex::Flavor::kUnanchored).ReplaceAll("caféé", "e"), "cafee");
}

TEST(Regex, AnswersLiteralsInBothAnchoredFlavors) {
  const Regex::Flavor flavor = Regex::Flavor::kAlertmanager;
  EXPECT_EQ(Make("a|b", flavor).literals(), (std::vector<std::string>{"a", "b"}));
  EXPECT_FALSE(Make(".*", flavor).Matches("a\nb"));
  EXPECT_FALSE(Make(".+", flavor).Matches("a\n"));
  EXPECT_TRUE(Make("ab", Regex::Flavor::kUnanchored).literals().empty());
}

TEST(Regex, ReadsGosSyntax) {
  const Regex regex = Make("(?<host>[^:]+):(\\d+)");
  EXPECT_EQ(regex.Expand("$host", regex.Groups("web:80")), "web");
  EXPECT_TRUE(Make("[(?<x]+").Matches("(?<x"));
  EXPECT_TRUE(Make("[](?<]+").Matches("](?<"));
  EXPECT_TRUE(Make("[[:alpha:](?<]+").Matches("a(?<"));
  EXPECT_TRUE(Make("\\(?<x").Matches("<x"));
  EXPECT_TRUE(Make("\\Q(?<\\E(?<n>x)").Matches("(?<x"));
  EXPECT_TRUE(Make("\\Q(?<").Matches("(?<"));
  EXPECT_TRUE(Make("\\\\C").Matches("\\C"));
  EXPECT_FALSE(Regex::Compile("\\C").ok());
  EXPECT_FALSE(Regex::Compile("(?<=x)y").ok());
}

TEST(Regex, RefusesWhatCostsTooMuch) {
  EXPECT_FALSE(Regex::Compile("((a{1000}){1000}){1000}").ok());
  EXPECT_FALSE(Regex::Compile("a(").ok());
  EXPECT_FALSE(Regex::Compile("a**").ok());
}

}  // namespace
}  // namespace meerkat
