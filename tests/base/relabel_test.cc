#include "base/relabel.h"

#include <gtest/gtest.h>

#include "base/letter_case.h"
#include "base/md5.h"

namespace meerkat {
namespace {

using Action = RelabelConfig::Action;

struct Case {
  std::string what;
  Labels input;
  std::vector<RelabelConfig> rules;
  Labels output;  // {} when dropped
};

RelabelConfig Rule(Action action, std::vector<std::string> source, std::string regex,
                   std::string target = "", std::string replacement = "$1") {
  return {.source_labels = std::move(source),
          .regex = std::move(regex),
          .target_label = std::move(target),
          .replacement = std::move(replacement),
          .action = action};
}

TEST(Relabel, RunsEveryAction) {
  const Labels abc = {{"a", "foo"}, {"b", "bar"}, {"c", "baz"}};
  const Case cases[] = {
      {"replace expands groups",
       abc,
       {Rule(Action::kReplace, {"a"}, "f(.*)", "d", "ch${1}-ch${1}")},
       {{"a", "foo"}, {"b", "bar"}, {"c", "baz"}, {"d", "choo-choo"}}},
      {"sources are joined by the separator",
       abc,
       {Rule(Action::kReplace, {"a", "b"}, "f(.*);(.*)r", "a", "b${1}${2}m")},
       {{"a", "boobam"}, {"b", "bar"}, {"c", "baz"}}},
      {"no match leaves the target", abc, {Rule(Action::kReplace, {"a"}, "b.*", "a", "x")}, abc},
      {"the expression is anchored", abc, {Rule(Action::kReplace, {"a"}, "o", "a", "x")}, abc},
      {"an empty replacement deletes",
       abc,
       {Rule(Action::kReplace, {"a"}, "(f).*", "b", "$2")},
       {{"a", "foo"}, {"c", "baz"}}},
      {"a missing label is empty",
       abc,
       {Rule(Action::kReplace, {"x"}, "(.*)", "d", "v")},
       {{"a", "foo"}, {"b", "bar"}, {"c", "baz"}, {"d", "v"}}},
      {"the target may hold groups",
       abc,
       {Rule(Action::kReplace, {"a"}, "(f)(.*)", "${1}_x", "$2")},
       {{"a", "foo"}, {"b", "bar"}, {"c", "baz"}, {"f_x", "oo"}}},
      {"an empty target name is no target",
       abc,
       {Rule(Action::kReplace, {"a"}, "(z)?foo", "$1", "x")},
       abc},
      {"keep", abc, {Rule(Action::kKeep, {"a"}, "fo.")}, abc},
      {"keep drops the others", abc, {Rule(Action::kKeep, {"a"}, "fo")}, {}},
      {"drop",
       abc,
       {Rule(Action::kDrop, {"a"}, ".*o.*"), Rule(Action::kReplace, {}, "(.*)", "z", "1")},
       {}},
      {"keepequal",
       {{"a", "1"}, {"b", "1"}},
       {Rule(Action::kKeepEqual, {"a"}, "(.*)", "b")},
       {{"a", "1"}, {"b", "1"}}},
      {"dropequal", {{"a", "1"}, {"b", "1"}}, {Rule(Action::kDropEqual, {"a"}, "(.*)", "b")}, {}},
      {"labelmap",
       {{"__meta_x", "1"}, {"a", "2"}},
       {Rule(Action::kLabelMap, {}, "__meta_(.+)")},
       {{"__meta_x", "1"}, {"a", "2"}, {"x", "1"}}},
      {"labeldrop", abc, {Rule(Action::kLabelDrop, {}, "(b|c)")}, {{"a", "foo"}}},
      {"labelkeep", abc, {Rule(Action::kLabelKeep, {}, "(b|c)")}, {{"b", "bar"}, {"c", "baz"}}},
      {"lowercase",
       {{"a", "FOO-Ä"}},
       {Rule(Action::kLowercase, {"a"}, "(.*)", "b")},
       {{"a", "FOO-Ä"}, {"b", "foo-ä"}}},
      {"uppercase", {{"a", "foo"}}, {Rule(Action::kUppercase, {"a"}, "(.*)", "a")}, {{"a", "FOO"}}},
  };
  for (const Case& c : cases) {
    std::vector<RelabelRule> rules;
    for (const RelabelConfig& config : c.rules) {
      auto rule = RelabelRule::Make(config);
      ASSERT_TRUE(rule) << c.what << ": " << rule.error().message();
      rules.push_back(*std::move(rule));
    }
    LabelsBuilder labels(c.input);
    const bool kept = Relabel(rules, labels);
    EXPECT_EQ(kept, !c.output.empty()) << c.what;
    if (kept) EXPECT_EQ(labels.Build().ToString(), c.output.ToString()) << c.what;
  }
}

TEST(Relabel, HashModUsesTheLastEightBytesOfMd5) {
  auto config = Rule(Action::kHashMod, {"c"}, "(.*)", "d");
  config.modulus = 1000;
  LabelsBuilder labels(Labels{{"c", "baz"}});
  ASSERT_TRUE(Relabel(std::vector{*RelabelRule::Make(config)}, labels));
  EXPECT_EQ(labels.Get("d"), "976");
}

TEST(Relabel, RefusesWhatMakesNoSense) {
  RelabelConfig equal_with_regex = Rule(Action::kKeepEqual, {"a"}, "x", "b");
  RelabelConfig legacy = Rule(Action::kReplace, {"a"}, "(.*)", "a.b");
  legacy.name_scheme = NameScheme::kLegacy;
  const std::pair<RelabelConfig, std::string> cases[] = {
      {Rule(Action::kReplace, {"a"}, "(.*)"),
       "relabel configuration for replace action requires 'target_label' value"},
      {Rule(Action::kHashMod, {"a"}, "(.*)", "b"),
       "relabel configuration for hashmod requires non-zero modulus"},
      {Rule(Action::kLowercase, {"a"}, "(.*)", "b", "x"),
       "'replacement' can not be set for lowercase action"},
      {equal_with_regex,
       "keepequal action requires only 'source_labels' and `target_label`, and no other fields"},
      {Rule(Action::kLabelDrop, {"a"}, "x"),
       "labeldrop action requires only 'regex', and no other fields"},
      {Rule(Action::kLabelMap, {}, "x", "", ""),
       "\"\" is invalid 'replacement' for labelmap action"},
      {legacy, "\"a.b\" is invalid 'target_label' for replace action"},
  };
  for (const auto& [config, message] : cases) {
    const auto rule = RelabelRule::Make(config);
    ASSERT_FALSE(rule) << message;
    EXPECT_EQ(rule.error().message(), message);
  }
  EXPECT_FALSE(RelabelRule::Make(Rule(Action::kKeep, {"a"}, "(")));
  EXPECT_EQ(ParseRelabelAction("LabelMap").value(), Action::kLabelMap);
  EXPECT_EQ(ParseRelabelAction("x").error().message(), "unknown relabel action \"x\"");
}

TEST(Md5, AgreesWithTheStandard) {
  const auto hex = [](std::string_view text) {
    std::string out;
    for (const std::uint8_t byte : Md5(text)) {
      out += "0123456789abcdef"[byte >> 4];
      out += "0123456789abcdef"[byte & 15];
    }
    return out;
  };
  EXPECT_EQ(hex(""), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(hex("abc"), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(hex("12345678901234567890123456789012345678901234567890123456789012345678901234567890"),
            "57edf4a22be3c955ac49da2e2107b67a");
}

TEST(LetterCase, MapsLettersAndKeepsTheRest) {
  EXPECT_EQ(ToLower("ÀÉŽ ΑΩ ЖЯ 1_"), "àéž αω жя 1_");
  EXPECT_EQ(ToUpper("àéž αως жя 1_ÿ"), "ÀÉŽ ΑΩΣ ЖЯ 1_Ÿ");
  EXPECT_EQ(ToUpper("a\xff"), "A\xff");
}

}  // namespace
}  // namespace meerkat
