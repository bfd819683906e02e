#include "server/config/yaml_reader.h"

#include <gtest/gtest.h>

#include <cmath>

#include "server/config/yaml_scalar.h"

namespace meerkat::config {
namespace {

struct Sample {
  std::string name = "default";
  bool on = true;
  std::int64_t count = 7;
  std::uint64_t limit = 0;
  double factor = 0;
  Millis every{5000};
  std::uint64_t size = 0;
  std::vector<std::string> list;
  std::map<std::string, std::string> labels;
};

// Reads a Sample from `text`; the error's text when it is refused.
std::string Load(std::string_view text, Sample& out, const YamlOptions& options = {}) {
  const auto outcome = ReadYamlMap(
      "f.yml", text,
      [&](YamlMap& map) {
        map.Read("name", out.name);
        map.Read("enabled", out.on);
        map.Read("count", out.count);
        map.Read("limit", out.limit);
        map.Read("factor", out.factor);
        map.Read("scrape_interval", out.every);
        map.ReadSize("size", out.size);
        map.Read("list", out.list);
        map.Read("labels", out.labels);
        map.Block("nested", [&](YamlMap& nested) { nested.Read("name", out.name); });
      },
      options);
  return outcome ? "" : outcome.error().message();
}

TEST(YamlReader, KeepsDefaultsOfMissingKeys) {
  Sample sample;
  EXPECT_EQ(Load("", sample), "");
  EXPECT_EQ(Load("# nothing\n", sample), "");
  EXPECT_EQ(sample.name, "default");
  EXPECT_TRUE(sample.on);
  EXPECT_EQ(sample.every, Millis(5000));
}

// As upstream; names and labels from a file can be stored.
TEST(YamlReader, TextIsPrintableUtf8) {
  const struct {
    std::string_view text;
    std::string_view error;
  } cases[] = {
      {"name: \xC3\xA9\xF0\x9F\x98\x80\xC2\x85\xEF\xBB\xBF", ""},
      {"\xEF\xBB\xBFname: x", ""},
      {{"\xFF\xFEn\0a\0m\0e\0:\0 \0\xE9\0", 16}, ""},
      {"a: 1\n# caf\xE9", "f.yml:2:6: yaml: invalid UTF-8"},
      {"name: \xED\xA0\x80", "f.yml:1:7: yaml: invalid UTF-8"},
      {"name: \"\x01\"", "f.yml:1:8: yaml: control characters are not allowed"},
      {"name: \xC3\xA9\x7F", "f.yml:1:8: yaml: control characters are not allowed"},
      {"name: \xC2\x80", "f.yml:1:7: yaml: control characters are not allowed"},
      {"name: \xEF\xBF\xBF", "f.yml:1:7: yaml: control characters are not allowed"},
      {{"name: \0", 7}, "f.yml:1:7: yaml: control characters are not allowed"},
  };
  for (const auto& [text, error] : cases) {
    Sample sample;
    EXPECT_EQ(Load(text, sample), error) << text;
  }
  Sample sample;
  Load(cases[2].text, sample);
  EXPECT_EQ(sample.name, "\xC3\xA9");
  Load(R"(name: "a\_\N\xE9\u00e9")", sample);
  EXPECT_EQ(sample.name, "a\xC2\xA0\xC2\x85\xC3\xA9\xC3\xA9");
}

TEST(YamlReader, ReadsEveryType) {
  Sample sample;
  EXPECT_EQ(Load(R"(
name: 12
enabled: no
count: -1_000
limit: 0x10
factor: 1.5e3
scrape_interval: 1m30s
size: 1KiB
list: [a, 1, true]
labels: {a: 1, "b": "x"}
)",
                 sample),
            "");
  EXPECT_EQ(sample.name, "12");
  EXPECT_FALSE(sample.on);
  EXPECT_EQ(sample.count, -1000);
  EXPECT_EQ(sample.limit, 16u);
  EXPECT_EQ(sample.factor, 1500);
  EXPECT_EQ(sample.every, Millis(90000));
  EXPECT_EQ(sample.size, 1024u);
  EXPECT_EQ(sample.list, (std::vector<std::string>{"a", "1", "true"}));
  EXPECT_EQ(sample.labels, (std::map<std::string, std::string>{{"a", "1"}, {"b", "x"}}));
}

TEST(YamlReader, NullIsTheZeroValue) {
  Sample sample;
  EXPECT_EQ(Load("name:\nenabled: ~\ncount: null\nscrape_interval:\nlist:\nnested:\n", sample), "");
  EXPECT_EQ(sample.name, "");
  EXPECT_FALSE(sample.on);
  EXPECT_EQ(sample.count, 0);
  EXPECT_EQ(sample.every, Millis(0));
}

TEST(YamlReader, SaysWhereAndWhy) {
  const std::pair<std::string, std::string> cases[] = {
      {"a:\n  b", "f.yml:1:1: a: unknown key"},
      {"scrape_intervall: 5s",
       "f.yml:1:1: scrape_intervall: unknown key, did you mean \"scrape_interval\"?"},
      {"name: x\nnested:\n  nam: y", "f.yml:3:3: nam: unknown key, did you mean \"name\"?"},
      {"scrape_interval: 5", "f.yml:1:18: scrape_interval: not a valid duration string: \"5\""},
      {"enabled: \"true\"", "f.yml:1:10: enabled: expected a boolean, got \"true\""},
      {"limit: -1", "f.yml:1:8: limit: expected an integer that is not negative, got \"-1\""},
      {"size: 12", "f.yml:1:7: size: expected a size like 512MB, got \"12\""},
      {"list: a", "f.yml:1:7: list: expected a list, got \"a\""},
      {"name: [a]", "f.yml:1:7: name: expected a string, got a list"},
      {"nested: [a]", "f.yml:1:9: nested: expected a mapping, got a list"},
      {"- a", "f.yml:1:1: expected a mapping, got a list"},
      {"name: a\nname: b", "f.yml:2:1: name: key \"name\" already set in this mapping"},
      {"name: *x", "f.yml:1:7: yaml: the referenced anchor is not defined"},
  };
  for (const auto& [text, error] : cases) {
    Sample sample;
    EXPECT_EQ(Load(text, sample), error) << text;
  }
}

TEST(YamlReader, UnknownKeysCanBeIgnored) {
  Sample sample;
  EXPECT_EQ(Load("other: 1\nname: x", sample, {.ignore_unknown_keys = true}), "");
  EXPECT_EQ(sample.name, "x");
}

TEST(YamlReader, OnlyTheFirstDocumentCounts) {
  Sample sample;
  EXPECT_EQ(Load("name: first\n---\nwrong: [", sample), "");
  EXPECT_EQ(sample.name, "first");
}

TEST(YamlReader, MergesMappingsWithOwnKeysFirst) {
  Sample sample;
  EXPECT_EQ(Load("labels: &base {a: \"1\", b: \"2\"}\nnested: {name: x}\n", sample), "");
  const auto outcome =
      ReadYamlMap("f", "x: &x {a: 1, b: 2}\ny:\n  <<: *x\n  b: 3\n", [&](YamlMap& map) {
        map.Find("x");
        map.Read("y", sample.labels);
      });
  ASSERT_TRUE(outcome);
  EXPECT_EQ(sample.labels, (std::map<std::string, std::string>{{"a", "1"}, {"b", "3"}}));
}

TEST(YamlReader, BoundsAliasesDepthAndSize) {
  std::string bomb = "a0: &a0 [x]\n";
  for (int i = 1; i < 30; ++i) {
    const std::string previous = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + previous + "," +
            previous + "]\n";
  }
  const std::function<void(const YamlValue&)> walk = [&](const YamlValue& value) {
    if (value.kind() == YamlValue::Kind::kList) value.Each(walk);
    if (value.kind() == YamlValue::Kind::kMap) {
      value.Entries([&](std::string_view, const YamlValue& item) { walk(item); });
    }
  };
  const auto bombed = ReadYaml("f", bomb, walk, {.max_values = 10000});
  ASSERT_FALSE(bombed);
  EXPECT_NE(bombed.error().message().find("excessive aliasing"), std::string::npos);
  EXPECT_FALSE(ReadYaml("f", std::string(100000, '['), walk));
  EXPECT_FALSE(ReadYaml("f", "abc", walk, {.max_bytes = 2}));
  EXPECT_FALSE(ReadYaml("f", "a: &a [*a]", walk));
}

TEST(YamlScalar, ConvertsAsUpstream) {
  EXPECT_EQ(ScalarToBool("On"), true);
  EXPECT_EQ(ScalarToBool("n"), false);
  EXPECT_EQ(ScalarToBool("tRue"), std::nullopt);
  EXPECT_EQ(ScalarToInt("010"), 8);
  EXPECT_EQ(ScalarToInt("-0x10"), -16);
  EXPECT_EQ(ScalarToInt("1.9"), 1);
  EXPECT_EQ(ScalarToInt("1e3"), 1000);
  EXPECT_EQ(ScalarToInt("9223372036854775808"), std::nullopt);
  EXPECT_EQ(ScalarToInt("-9223372036854775808"), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(ScalarToUint("18446744073709551615"), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(ScalarToFloat("1_000.5"), 1000.5);
  EXPECT_TRUE(std::isnan(*ScalarToFloat(".nan")));
  EXPECT_EQ(ScalarToFloat("-.inf"), -INFINITY);
  EXPECT_EQ(ScalarToFloat("x"), std::nullopt);
}

TEST(YamlScalar, SizesArePowersOf1024) {
  EXPECT_EQ(ParseSize("0"), 0u);
  EXPECT_EQ(ParseSize("512MB"), 512u << 20);
  EXPECT_EQ(ParseSize("1GiB"), 1u << 30);
  EXPECT_EQ(ParseSize("1.5KB"), 1536u);
  EXPECT_EQ(ParseSize("1GB512MB"), (1u << 30) + (512u << 20));
  EXPECT_EQ(ParseSize("10"), std::nullopt);
  EXPECT_EQ(ParseSize("MB"), std::nullopt);
  EXPECT_EQ(ParseSize(""), std::nullopt);
  EXPECT_EQ(ParseSize("10XB"), std::nullopt);
}

}  // namespace
}  // namespace meerkat::config
