#include "server/config/rule_test_file.h"

#include <cmath>

#include "base/number.h"
#include "base/rfc3339.h"
#include "server/config/yaml_reader.h"

namespace meerkat::config {
namespace {

void ReadSeries(const YamlValue& item, std::vector<RuleTestSeries>& out) {
  RuleTestSeries& series = out.emplace_back();
  item.Block([&](YamlMap& map) {
    map.Read("series", series.series);
    map.Read("values", series.values);
  });
}

void ReadAlertTest(const YamlValue& item, std::vector<AlertTestCase>& out) {
  AlertTestCase& test = out.emplace_back();
  item.Block([&](YamlMap& map) {
    map.Read("eval_time", test.eval_time);
    map.Read("alertname", test.alertname);
    map.Each("exp_alerts", [&](const YamlValue& expected) {
      AlertTestCase::Expected& alert = test.alerts.emplace_back();
      expected.Block([&](YamlMap& fields) {
        fields.Read("exp_labels", alert.labels);
        fields.Read("exp_annotations", alert.annotations);
      });
    });
  });
}

void ReadQueryTest(const YamlValue& item, std::vector<QueryTestCase>& out) {
  QueryTestCase& test = out.emplace_back();
  item.Block([&](YamlMap& map) {
    map.Read("expr", test.expr);
    map.Read("eval_time", test.eval_time);
    map.Each("exp_samples", [&](const YamlValue& expected) {
      QueryTestCase::Expected& sample = test.samples.emplace_back();
      expected.Block([&](YamlMap& fields) {
        fields.Read("labels", sample.labels);
        fields.Read("value", sample.value);
        fields.Read("histogram", sample.histogram);
      });
    });
  });
}

// A moment: RFC 3339 or seconds since 1970.
void ReadStart(const YamlValue& value, Timestamp& out) {
  if (const auto time = ParseRfc3339(value.text())) {
    out = *time;
    return;
  }
  const auto seconds = ParseFloat(value.text());
  if (!seconds || !(std::abs(*seconds) < 1e12)) {
    value.Fail("cannot parse \"" + value.text() + "\" to a valid timestamp");
    return;
  }
  out = FromMillis(std::llround(*seconds * 1000));
}

void ReadGroup(const YamlValue& item, std::vector<RuleTestGroup>& out) {
  RuleTestGroup& group = out.emplace_back();
  item.Block([&](YamlMap& map) {
    map.Read("interval", group.interval);
    map.Read("name", group.name);
    if (const auto start = map.Find("start_timestamp")) ReadStart(*start, group.start);
    map.Each("input_series", [&](const YamlValue& each) { ReadSeries(each, group.input); });
    map.Each("alert_rule_test", [&](const YamlValue& each) { ReadAlertTest(each, group.alerts); });
    map.Each("promql_expr_test",
             [&](const YamlValue& each) { ReadQueryTest(each, group.queries); });
    map.Read("external_labels", group.external_labels);
    map.Read("external_url", group.external_url);
  });
}

}  // namespace

Result<RuleTestFile> ReadRuleTestFile(std::string_view path, std::string_view text,
                                      bool ignore_unknown_keys) {
  RuleTestFile file;
  const auto read = ReadYamlMap(
      path, text,
      [&](YamlMap& top) {
        top.Read("rule_files", file.rule_files);
        top.Read("evaluation_interval", file.evaluation_interval);
        top.Read("group_eval_order", file.group_eval_order);
        top.Read("fuzzy_compare", file.fuzzy_compare);
        top.Each("tests", [&](const YamlValue& item) { ReadGroup(item, file.tests); });
      },
      YamlOptions{.ignore_unknown_keys = ignore_unknown_keys});
  if (!read) return read.error();
  if (file.evaluation_interval.count() == 0) file.evaluation_interval = std::chrono::minutes(1);
  return file;
}

}  // namespace meerkat::config
