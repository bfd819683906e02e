#include "server/commands/check_rules.h"

#include <gtest/gtest.h>

#include <sstream>

#include "server/config/rule_files.h"

namespace meerkat::commands {
namespace {

constexpr std::string_view kGood = R"(groups:
- name: g
  interval: 1m
  labels: {team: a}
  rules:
  - record: a:b
    expr: sum(up)
  - alert: Down
    expr: up == 0
    for: 5m
    labels: {severity: page}
    annotations: {summary: "{{ $labels.instance }} down"}
)";

struct Outcome {
  int code;
  std::string out;
  std::string err;
};

Outcome Check(std::string_view text, std::vector<std::string> args = {}) {
  std::istringstream in{std::string(text)};
  std::ostringstream out;
  std::ostringstream err;
  const int code = CheckRules(args, Streams{in, out, err});
  return {code, out.str(), err.str()};
}

TEST(CheckRules, CountsGoodRules) {
  const Outcome outcome = Check(kGood);
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out, "Checking standard input\n  SUCCESS: 2 rules found\n\n");
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(Check("").out, "Checking standard input\n  SUCCESS: 0 rules found\n\n");
}

TEST(CheckRules, FindsDuplicates) {
  const std::string twice = std::string(kGood) + "  - {record: 'a:b', expr: up}\n";
  const std::string finding =
      "  FAILED:\nlint error 1 duplicate rule(s) found.\nMetric: a:b\nLabel(s):\n\tteam: a\n"
      "Might cause inconsistency while recording expressions\n";
  EXPECT_EQ(Check(twice).code, 0);
  EXPECT_EQ(Check(twice).err, finding);
  EXPECT_EQ(Check(twice, {"--lint-fatal"}).code, 3);
  EXPECT_EQ(Check(twice, {"--lint=none", "--lint-fatal"}).code, 0);
  EXPECT_TRUE(
      Check(twice, {"--lint=foo"}).out.starts_with("WARNING: unknown lint option: \"foo\"\n"));
}

TEST(CheckRules, ListsEverythingThatIsWrong) {
  const Outcome outcome = Check(R"(groups:
- name: g
  rules:
  - record: a b
    expr: sum(up
  - alert: X
    expr: up{
    labels: {__name__: x, "a b": y}
    annotations: {s: "{{ $x }}"}
  - alert: Y
    record: z
    expr: 1
  - expr: 1
  - alert: Z
  - record: r{a="b"}
    expr: 1
    for: 5m
    annotations: {a: b}
    keep_firing_for: 5m
- name: g
  rules: []
- rules: []
)");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(
      outcome.err,
      "  FAILED:\n"
      "5:11: group \"g\", rule 1, \"a b\": could not parse expression: 1:7: parse error: "
      "unclosed left parenthesis\n"
      "7:11: group \"g\", rule 2, \"X\": could not parse expression: 1:4: parse error: "
      "unexpected end of input inside braces\n"
      "group \"g\", rule 2, \"X\": invalid label name: __name__\n"
      "group \"g\", rule 2, \"X\": annotation \"s\": template: __alert_X:1: undefined variable "
      "\"$x\"\n"
      "11:13: 10:12: group \"g\", rule 3, \"Y\": only one of 'record' and 'alert' must be "
      "set\n"
      "13:5: group \"g\", rule 4, \"\": one of 'record' or 'alert' must be set\n"
      "14:5: group \"g\", rule 5, \"Z\": field 'expr' must be set in rule\n"
      "15:13: group \"g\", rule 6, \"r{a=\\\"b\\\"}\": invalid field 'annotations' in "
      "recording "
      "rule\n"
      "15:13: group \"g\", rule 6, \"r{a=\\\"b\\\"}\": invalid field 'for' in recording "
      "rule\n"
      "15:13: group \"g\", rule 6, \"r{a=\\\"b\\\"}\": invalid field 'keep_firing_for' in "
      "recording rule\n"
      "15:13: group \"g\", rule 6, \"r{a=\\\"b\\\"}\": braces present in the recording rule "
      "name; "
      "should it be in expr?: r{a=\"b\"}\n"
      "20:9: groupname: \"g\" is repeated in the same file\n"
      "22:3: Groupname must not be empty\n");
}

TEST(CheckRules, NamesThePlaceOfWhatIsNoRuleFile) {
  const std::string unknown = "groups:\n- name: g\n  foo: bar\n  rules: []\n";
  EXPECT_NE(Check(unknown).err.find("standard input:3:3: foo: "), std::string::npos)
      << Check(unknown).err;
  EXPECT_EQ(Check(unknown).code, 1);
  EXPECT_EQ(Check(unknown, {"--ignore-unknown-fields"}).code, 0);
  EXPECT_EQ(Check("groups").code, 1);
  EXPECT_NE(Check("groups:\n- name: g\n  interval: abc\n")
                .err.find("not a valid duration string: \"abc\""),
            std::string::npos);
}

TEST(CheckRules, RefusesWrongArguments) {
  EXPECT_EQ(Check(kGood, {"--nosuch"}).code, 1);
  const Outcome outcome = Check(kGood, {"no/such/file.yml"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.err, "error: path 'no/such/file.yml' does not exist, try --help\n");
}

TEST(ReadRuleFile, ReadsEveryField) {
  const auto outcome = config::ReadRuleFile("f.yml", R"(groups:
- name: g
  interval: 30s
  query_offset: 1m
  limit: 5
  labels: {a: b}
  rules:
  - alert: A
    expr: vector(1)
    for: 1m
    keep_firing_for: 2m
    labels: {n: 5}
    annotations: {s: t}
---
groups: nonsense of another document
)");
  ASSERT_TRUE(outcome.errors.empty()) << outcome.errors[0];
  ASSERT_EQ(outcome.file.groups.size(), 1u);
  const config::RuleGroupEntry& group = outcome.file.groups[0];
  EXPECT_EQ(group.interval, std::chrono::seconds(30));
  EXPECT_EQ(group.query_offset, std::chrono::minutes(1));
  EXPECT_EQ(group.limit, 5);
  EXPECT_EQ(group.labels, (std::map<std::string, std::string>{{"a", "b"}}));
  ASSERT_EQ(group.rules.size(), 1u);
  const config::RuleEntry& rule = group.rules[0];
  EXPECT_EQ(rule.name(), "A");
  EXPECT_EQ(rule.hold, std::chrono::minutes(1));
  EXPECT_EQ(rule.keep_firing, std::chrono::minutes(2));
  EXPECT_EQ(rule.labels.at("n"), "5");
  EXPECT_EQ(rule.annotations.at("s"), "t");
  ASSERT_NE(rule.expression, nullptr);
  EXPECT_EQ(rule.expression->type, promql::ValueType::kVector);
}

}  // namespace
}  // namespace meerkat::commands
