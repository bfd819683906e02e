#include "server/commands/test_rules.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "promql/notation.h"
#include "server/commands/rule_test_report.h"

namespace meerkat::commands {
namespace {

constexpr std::string_view kRules = R"(groups:
- name: g
  interval: 1m
  rules:
  - record: job:up:sum
    expr: sum by (job) (up)
  - alert: Down
    expr: up == 0
    for: 2m
    labels: {severity: page}
    annotations: {summary: "{{ $labels.__name__ }} {{ $labels.instance }} down {{ $value }}"}
)";

class TestRulesCommand : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(testing::TempDir()) /
              testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::create_directories(folder_);
    Write("rules.yml", kRules);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& name, std::string_view text) {
    const auto path = folder_ / name;
    std::ofstream(path) << text;
    return path.string();
  }

  int Run(std::vector<std::string> args) {
    std::istringstream in;
    std::ostringstream out;
    std::ostringstream err;
    const int code = TestRules(args, Streams{in, out, err});
    out_ = out.str();
    err_ = err.str();
    return code;
  }

  std::filesystem::path folder_;
  std::string out_;
  std::string err_;
};

TEST_F(TestRulesCommand, PassesWhatHolds) {
  const std::string file = Write("ok.yml", R"(rule_files: [rules.yml]
evaluation_interval: 1m
tests:
- interval: 1m
  input_series:
  - series: 'up{job="a", instance="x"}'
    values: '1 1 0x5'
  - series: hist
    values: '{{schema:1 sum:4 count:5 buckets:[1 2 2]}}x6'
  alert_rule_test:
  - {eval_time: 3m, alertname: Down}
  - eval_time: 4m
    alertname: Down
    exp_alerts:
    - exp_labels: {severity: page, job: a, instance: x}
      exp_annotations: {summary: up x down 0}
  promql_expr_test:
  - expr: job:up:sum
    eval_time: 1m
    exp_samples:
    - labels: 'job:up:sum{job="a"}'
      value: 1
  - expr: hist
    eval_time: 1m
    exp_samples:
    - labels: hist
      histogram: '{{schema:1 sum:4 count:5 counter_reset_hint:not_reset buckets:[1 2 2]}}'
  - expr: ALERTS{alertstate="pending"}
    eval_time: 3m
    exp_samples:
    - labels: 'ALERTS{alertname="Down",alertstate="pending",severity="page",job="a",instance="x"}'
      value: 1
  - expr: count_over_time(up[1h:])
    eval_time: 4m
    exp_samples:
    - labels: '{job="a", instance="x"}'
      value: 5
)");
  EXPECT_EQ(Run({file}), 0) << err_;
  EXPECT_EQ(out_, "  SUCCESS\n\n");
  EXPECT_EQ(err_, "");
}

TEST_F(TestRulesCommand, TellsWhatDiffers) {
  const std::string file = Write("bad.yml", R"(rule_files: [rules.yml]
tests:
- name: first
  interval: 1m
  input_series:
  - series: 'up{job="a", instance="x"}'
    values: '1 1 0x5'
  alert_rule_test:
  - eval_time: 4m
    alertname: Down
    exp_alerts:
    - exp_labels: {severity: pagex}
  - {eval_time: 4m, alertname: Down}
  promql_expr_test:
  - expr: job:up:sum
    eval_time: 1m
    exp_samples:
    - {labels: 'job:up:sum{job="a"}', value: 12}
  - {expr: up, eval_time: 1m30s}
  - {expr: sum(up, eval_time: 1m}
  - expr: up
    eval_time: 1m
    exp_samples: [{labels: '{a=', value: 61}]
- alert_rule_test: [{eval_time: 4m}]
)");
  EXPECT_EQ(Run({file}), 1);
  EXPECT_EQ(err_, R"(  FAILED:
    name: first,
    alertname: Down, time: 4m, 
        exp:[
            0:
              Labels:{alertname="Down", severity="pagex"}
              Annotations:{}
            ], 
        got:[
            0:
              Labels:{alertname="Down", instance="x", job="a", severity="page"}
              Annotations:{summary="up x down 0"}
            ]
    name: first,
    alertname: Down, time: 4m, 
        exp:[], 
        got:[
            0:
              Labels:{alertname="Down", instance="x", job="a", severity="page"}
              Annotations:{summary="up x down 0"}
            ]
    expr: "job:up:sum", time: 1m,
        exp: {__name__="job:up:sum", job="a"} 1.2E+01
        got: {__name__="job:up:sum", job="a"} 1E+00
    expr: "up", time: 1m30s,
        exp: nil
        got: {__name__="up", instance="x", job="a"} 1E+00
    expr: "sum(up", time: 1m, err: 1:7: parse error: unclosed left parenthesis
    expr: "up", time: 1m, err: labels "{a=": 1:4: parse error: unexpected end of input inside braces
an item under alert_rule_test misses required attribute alertname at eval_time 4m
)");
  EXPECT_EQ(out_, std::string(8, '\n'));
  EXPECT_EQ(Run({"--run=nosuch", file}), 0);
  EXPECT_EQ(Run({"--run", "fir.t", "--diff", file}), 1);
  EXPECT_NE(err_.find("\"severity\": \033[0;33m\"pagex\" => \"page\"\033[0m"), std::string::npos)
      << err_;
  const std::string junit = (folder_ / "junit.xml").string();
  EXPECT_EQ(Run({"--junit=" + junit, file}), 1);
  std::ifstream xml(junit);
  const std::string report(std::istreambuf_iterator<char>(xml), {});
  EXPECT_NE(report.find("tests=\"2\" failures=\"7\" errors=\"0\""), std::string::npos) << report;
}

TEST_F(TestRulesCommand, StopsAtRulesThatFail) {
  Write("fail.yml", "groups: [{name: g, rules: [{record: x, expr: up * on() up}]}]\n");
  const std::string file = Write("t.yml", R"(rule_files: [fail.yml]
tests:
- input_series:
  - {series: 'up{a="1"}', values: '1 1'}
  - {series: 'up{a="2"}', values: '1 1'}
  promql_expr_test: [{expr: up, eval_time: 1m}]
)");
  EXPECT_EQ(Run({file}), 1);
  EXPECT_TRUE(err_.starts_with("  FAILED:\n    rule: x, time: 0s, err: found duplicate series"))
      << err_;
}

TEST_F(TestRulesCommand, RefusesBadFiles) {
  EXPECT_EQ(Run({}), 1);
  EXPECT_EQ(Run({"--nosuch", "x"}), 1);
  EXPECT_EQ(Run({(folder_ / "nosuch.yml").string()}), 1);
  EXPECT_EQ(Run({Write("order.yml", "group_eval_order: [a, a]\ntests: []\n")}), 1);
  EXPECT_EQ(err_, "  FAILED:\ngroup name repeated in evaluation order: a\n");
  const std::string unknown = Write("unknown.yml", "foo: bar\n");
  EXPECT_EQ(Run({unknown}), 1);
  EXPECT_EQ(Run({"--ignore-unknown-fields", unknown}), 0);
}

TEST_F(TestRulesCommand, StartsWhereItIsTold) {
  const std::string file = Write("start.yml", R"(tests:
- start_timestamp: 2024-02-29T00:00:00Z
  input_series: [{series: up, values: '1x5'}]
  promql_expr_test:
  - expr: time() + up
    eval_time: 1m
    exp_samples: [{labels: '{}', value: 1709164861}]
)");
  EXPECT_EQ(Run({file}), 0) << err_;
}

TEST(HistogramNotation, IsReadBack) {
  for (const char* text :
       {"{{schema:1 count:5 sum:4 buckets:[1 2 2]}}", "{{}}",
        "{{count:10 sum:5 z_bucket:2 z_bucket_w:0.001 counter_reset_hint:gauge offset:2 "
        "buckets:[1 0 3] n_offset:-1 n_buckets:[4]}}",
        "{{schema:-53 count:3 sum:1.5 custom_values:[1 2.5] buckets:[1 2]}}"}) {
    const auto histogram = promql::ParseNotatedHistogram(text);
    ASSERT_TRUE(histogram) << text << ": " << histogram.error().message();
    EXPECT_EQ(HistogramNotation(**histogram), text);
  }
}

}  // namespace
}  // namespace meerkat::commands
