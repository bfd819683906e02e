#include <gtest/gtest.h>

#include <string>

#include "alerting/template.h"

namespace meerkat::alerting::templates {
namespace {

struct Case {
  const char* text;
  const char* expected;
};

RuleWorld World() {
  RuleWorld world;
  world.now = FromMillis(1'709'211'845'678);
  world.external_url = "http://prom.example:9090/path";
  world.query = [](std::string_view query, Timestamp at) -> Result<promql::Vector> {
    if (query == "bad(")
      return Error(Code::kInvalid, "1:5: parse error: unclosed left parenthesis");
    promql::Vector vector;
    if (query == "none") return vector;
    vector.push_back(
        {Labels{{"__name__", "m"}, {"instance", "b"}, {"__value__", "text"}}, at, 11, {}});
    vector.push_back({Labels{{"__name__", "m"}, {"instance", "a"}}, at, 21, {}});
    return vector;
  };
  return world;
}

std::string Expand(std::string_view text, double value = 1234567) {
  RuleData data;
  data.labels = Labels{{"instance", "host.example:9100"}, {"job", "node"}};
  data.external_labels = Labels{{"region", "eu"}};
  data.value = Value::Float(value);
  const auto out = ExpandRuleTemplate("Down", text, data, World());
  return out ? *out : out.error().message();
}

void ExpectExpanded(std::initializer_list<Case> cases) {
  for (const Case& c : cases) EXPECT_EQ(Expand(c.text), c.expected) << c.text;
}

TEST(RuleTemplate, KnowsItsVariables) {
  ExpectExpanded({
      {"plain", "plain"},
      {"{{ $labels.instance }} {{ .Labels.job }}", "host.example:9100 node"},
      {"{{ $labels.nosuch }}|", "|"},
      {"{{ $externalLabels.region }} {{ $externalURL }}", "eu http://prom.example:9090/path"},
      {"{{ $value }} {{ printf \"%.1f\" .Value }}", "1.234567e+06 1234567.0"},
      {"{{ externalURL }} {{ pathPrefix }}", "http://prom.example:9090/path /path"},
      {"{{ $labels }}", "map[instance:host.example:9100 job:node]"},
  });
}

TEST(RuleTemplate, Queries) {
  ExpectExpanded({
      {"{{ query \"m\" | first | value }}", "11"},
      {"{{ query \"m\" | first | label \"instance\" }}", "b"},
      {"{{ query \"m\" | first | strvalue }}", "text"},
      {"{{ range query \"m\" | sortByLabel \"instance\" }}{{ .Labels.instance }}:{{ .Value }} "
       "{{ end }}",
       "a:21 b:11 "},
      {"{{ with query \"none\" }}some{{ else }}none{{ end }}", "none"},
      {"{{ query \"none\" | first }}",
       "error executing template __alert_Down: template: __alert_Down:1:130: executing "
       "\"__alert_Down\" at <first>: error calling first: first() called on vector with no "
       "elements"},
      {"{{ query \"bad(\" }}",
       "error executing template __alert_Down: template: __alert_Down:1:115: executing "
       "\"__alert_Down\" at <query \"bad(\">: error calling query: 1:5: parse error: unclosed left "
       "parenthesis"},
  });
}

TEST(RuleTemplate, HumanizesNumbers) {
  ExpectExpanded({
      {"{{ humanize 1234567 }} {{ humanize 0.0012 }} {{ humanize 0.0 }} {{ humanize \"-1500\" }}",
       "1.235M 1.2m 0 -1.5k"},
      {"{{ humanize 999.9 }} {{ humanize1024 1048576 }} {{ humanize1024 0.5 }}", "999.9 1Mi 0.5"},
      {"{{ humanizeDuration 0.0 }} {{ humanizeDuration 59.5 }} {{ humanizeDuration 3600 }} "
       "{{ humanizeDuration -90000 }}",
       "0s 59.5s 1h 0m 0s -1d 1h 0m 0s"},
      {"{{ humanizeDuration 1e24 }}", "-106751991167300d -15h -30m -8s"},
      {"{{ humanizeDuration 1e-9 }} {{ humanizeDuration \"Inf\" }}", "1ns +Inf"},
      {"{{ humanizePercentage 0.12345 }}", "12.35%"},
      {"{{ humanizeTimestamp 1435065584.128 }}", "2015-06-23 13:19:44.128 +0000 UTC"},
      {"{{ (toTime 1435065584).Format \"Jan 2006\" }} {{ toDuration 90.5 }}", "Jun 2015 1m30.5s"},
      {"{{ parseDuration \"1h30m\" }} {{ now }}", "5400 1.709211845678e+09"},
      {"{{ humanize \"x\" }}",
       "error executing template __alert_Down: template: __alert_Down:1:115: executing "
       "\"__alert_Down\" at <humanize \"x\">: error calling humanize: strconv.ParseFloat: parsing "
       "\"x\": invalid syntax"},
  });
}

TEST(RuleTemplate, HandlesText) {
  ExpectExpanded({
      {"{{ title \"hello big wORLD\" }}", "Hello Big WORLD"},
      {"{{ stripPort \"a.b:80\" }} {{ stripPort \"[::1]:80\" }} {{ stripPort \"plain\" }}",
       "a.b ::1 plain"},
      {"{{ stripDomain \"a.b.c:80\" }} {{ stripDomain \"10.0.0.1:80\" }} {{ stripDomain \"a.b\" }}",
       "a:80 10.0.0.1:80 a"},
      {"{{ graphLink \"up == 0\" }}", "/graph?g0.expr=up+%3D%3D+0&g0.tab=0"},
      {"{{ tableLink \"up\" }}", "/graph?g0.expr=up&g0.tab=1"},
      {"{{ urlQueryEscape \"a b\" }}", "a+b"},
      {"{{ with args 1 \"x\" }}{{ .arg0 }}{{ .arg1 }}{{ end }}", "1x"},
      {"{{ reReplaceAll \"(.*):.*\" \"$1\" $labels.instance }}", "host.example"},
  });
}

TEST(RuleTemplate, IsCheckedWithoutData) {
  EXPECT_TRUE(CheckRuleTemplate("Down", "{{ $value | humanize }}"));
  EXPECT_EQ(CheckRuleTemplate("Down", "{{ $valu }}").error().message(),
            "template: __alert_Down:1: undefined variable \"$valu\"");
  EXPECT_EQ(Expand("{{ nosuch }}"),
            "error parsing template __alert_Down: template: __alert_Down:1: function \"nosuch\" "
            "not defined");
}

}  // namespace
}  // namespace meerkat::alerting::templates
