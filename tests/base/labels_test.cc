#include "base/labels.h"

#include <gtest/gtest.h>

#include "base/matcher.h"

namespace meerkat {
namespace {

TEST(Labels, AreSortedUniqueAndWithoutEmptyValues) {
  const Labels labels{{"z", "1"}, {"__name__", "up"}, {"a", ""}, {"job", "x"}, {"job", "y"}};
  EXPECT_EQ(labels.ToString(), "up{job=\"y\", z=\"1\"}");
  EXPECT_EQ(labels.size(), 3U);
  EXPECT_EQ(labels.Get("a"), "");
  EXPECT_EQ(labels.metric_name(), "up");
}

TEST(Labels, CompareLikeUpstream) {
  const Labels a{{"a", "1"}};
  const Labels ab{{"a", "1"}, {"b", "1"}};
  const Labels b{{"b", "1"}};
  EXPECT_LT(Labels(), a);
  EXPECT_LT(a, ab);
  EXPECT_LT(ab, b);
  EXPECT_EQ(a, (Labels{{"a", "1"}}));
  EXPECT_EQ(a.hash(), (Labels{{"a", "1"}}).hash());
  EXPECT_NE(a.hash(), b.hash());
}

// Pair by pair, name then value; checked against the plain loop over all pairs of sets that differ
// in length, at bounds and by bytes above the separator's neighbours.
TEST(Labels, OrderIsThatOfThePairs) {
  const std::vector<Labels> sets = {
      {},
      {{"a", "1"}},
      {{"a", "12"}},
      {{"a", "1\xff"}},
      {{"a",
        "1\xff"
        "b\xff"
        "2"}},
      {{"a", "1"}, {"b", "2"}},
      {{"a", "1"}, {"b", "2"}, {"c", "3"}},
      {{"a", "1"}, {"bb", "2"}},
      {{"aa", "1"}},
      {{"ab", "0"}, {"b", "2"}},
      {{"a", "\xc3\xa9"}},
  };
  const auto pairs = [](const Labels& labels) {
    std::vector<Label> list;
    for (const Label label : labels) list.push_back(label);
    return list;
  };
  for (const Labels& a : sets) {
    for (const Labels& b : sets) {
      EXPECT_EQ(a <=> b, pairs(a) <=> pairs(b)) << a.ToString() << " and " << b.ToString();
      EXPECT_EQ(a == b, pairs(a) == pairs(b)) << a.ToString() << " and " << b.ToString();
    }
  }
}

// The hash is stored in parts: it must never change.
TEST(Labels, HashIsThatOfTheTexts) {
  EXPECT_EQ(Labels().hash(), 0xef46db3751d8e999ULL);
  const Labels labels{{"__name__", "up"}, {"job", "api"}};
  EXPECT_EQ(labels.hash(), 0x27967ec87265eaefULL);
  EXPECT_EQ(Labels(labels).hash(), labels.hash());
}

TEST(Labels, KeepAndDropNames) {
  const Labels labels{{"__name__", "m"}, {"a", "1"}, {"b", "2"}};
  const std::vector<std::string> names = {"a"};
  EXPECT_EQ(labels.Keep(names).ToString(), "{a=\"1\"}");
  EXPECT_EQ(labels.Without(names).ToString(), "m{b=\"2\"}");
  EXPECT_EQ(labels.WithoutName().ToString(), "{a=\"1\", b=\"2\"}");
}

TEST(Labels, QuoteWhatIsNotLegacy) {
  const Labels labels{{"__name__", "my.metric"}, {"a.b", "x\"y\n"}};
  EXPECT_EQ(labels.ToString(), "{\"my.metric\", \"a.b\"=\"x\\\"y\\n\"}");
  EXPECT_EQ(Labels().ToString(), "{}");
}

TEST(LabelsBuilder, SettingToNothingDeletes) {
  LabelsBuilder builder(Labels{{"a", "1"}, {"b", "2"}});
  builder.Set("a", "").Set("c", "3").Set("b", "4");
  EXPECT_EQ(builder.Build().ToString(), "{b=\"4\", c=\"3\"}");
  EXPECT_EQ(builder.Get("c"), "3");
}

TEST(Matcher, ComparesMissingLabelsAsEmpty) {
  const Labels labels{{"job", "api"}};
  const auto matches = [&](Matcher::Type type, const char* name, const char* value) {
    return Matcher::Make(type, name, value)->Matches(labels);
  };
  EXPECT_TRUE(matches(Matcher::Type::kEqual, "job", "api"));
  EXPECT_TRUE(matches(Matcher::Type::kEqual, "nope", ""));
  EXPECT_TRUE(matches(Matcher::Type::kNotEqual, "nope", "x"));
  EXPECT_TRUE(matches(Matcher::Type::kRegex, "job", "a.*|b"));
  EXPECT_FALSE(matches(Matcher::Type::kRegex, "job", "ap"));  // anchored
  EXPECT_TRUE(matches(Matcher::Type::kNotRegex, "job", "ap"));
  EXPECT_FALSE(Matcher::Make(Matcher::Type::kRegex, "job", "a(").ok());
}

}  // namespace
}  // namespace meerkat
