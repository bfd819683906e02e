#include "alerting/template.h"

#include <gtest/gtest.h>

#include <string>

namespace meerkat::alerting::templates {
namespace {

struct Case {
  const char* text;
  const char* expected;  // an error when it begins with "template:"
};

const Type kAlert{"template.Alert", {}};
const Type kAlerts{"template.Alerts", {{"Resolved", {}, [](const Value&, auto) -> Result<Value> {
                                          return Value::Of(List{}, nullptr);
                                        }}}};
const Type kData{"template.Data", {}};

constexpr Timestamp kStart = FromMillis(1'709'211'845'678);  // 2024-02-29T13:04:05.678Z

Value Alert(const std::string& instance) {
  return Value::Struct({{"Status", Value::String("firing")},
                        {"Labels", Kv(Labels{{"alertname", "X"}, {"instance", instance}})},
                        {"StartsAt", Value::Time(kStart)},
                        {"Annotations", Kv(Labels{{"summary", "S & <" + instance + ">"}})}},
                       &kAlert);
}

Value Data() {
  return Value::Struct(
      {{"Status", Value::String("firing")},
       {"Alerts", Value::Of(List{Alert("a"), Alert("b")}, &kAlerts)},
       {"GroupLabels", Kv(Labels{{"alertname", "X"}, {"cluster", "c1"}})},
       {"CommonLabels",
        Kv(Labels{{"severity", "critical"}, {"cluster", "c1"}, {"alertname", "X"}})},
       {"RouteLabels", Kv(Labels{{"team", "t1"}})},
       {"Count", Value::Int(3)}},
      &kData);
}

std::shared_ptr<const FunctionSet> Functions() {
  NotificationWorld world;
  world.now = [] { return kStart + std::chrono::hours(2); };
  world.zone = [](std::string_view zone, Timestamp) -> Result<LocalZone> {
    if (zone == "Europe/Paris") return LocalZone{3600, "CET"};
    return Error(Code::kNotFound, "unknown time zone " + std::string(zone));
  };
  return std::make_shared<const FunctionSet>(NotificationFunctions(world));
}

std::string Render(std::string_view text, Escaping escaping = Escaping::kNone) {
  const auto parsed = Template::Parse("t", text, Functions(), escaping);
  if (!parsed) return parsed.error().message();
  const auto out = parsed->Execute(Data());
  return out ? *out : out.error().message();
}

void ExpectRendered(std::initializer_list<Case> cases, Escaping escaping = Escaping::kNone) {
  for (const Case& c : cases) EXPECT_EQ(Render(c.text, escaping), c.expected) << c.text;
}

TEST(Template, ReachesData) {
  ExpectRendered({
      {"{{ .Status }}", "firing"},
      {"{{ .GroupLabels.alertname }}/{{ .GroupLabels.cluster }}", "X/c1"},
      {"{{ .CommonLabels.nosuch }}|", "|"},
      {"{{ .GroupLabels }}", "alertname=X, cluster=c1"},
      {"{{ .CommonLabels.SortedPairs.Names | join \",\" }}", "alertname,cluster,severity"},
      {"{{ .CommonLabels.SortedPairs }}", "alertname=X, cluster=c1, severity=critical"},
      {"{{ range .CommonLabels.SortedPairs }}{{ .Name }}={{ .Value }};{{ end }}",
       "alertname=X;cluster=c1;severity=critical;"},
      {"{{ range (.CommonLabels.Remove (stringSlice \"severity\" \"nosuch\")).SortedPairs }}"
       "{{ .Name }} {{ end }}",
       "alertname cluster "},
      {"{{ (index .Alerts 0).Annotations.summary }}", "S & <a>"},
      {"{{ range $k, $v := .GroupLabels }}{{ $k }}={{ $v }} {{ end }}", "alertname=X cluster=c1 "},
      {"{{ (index .Alerts 0).StartsAt.Unix }}", "1709211845"},
      {"{{ (index .Alerts 0).StartsAt }}", "2024-02-29 13:04:05.678 +0000 UTC"},
      {"{{ routeLabels \"team\" }}|{{ routeLabels \"no\" }}", "t1|"},
      {"{{ .CommonLabels.Values }}", "[X c1 critical]"},
      {"{{ with $x := .Status }}{{ $x }}{{ $.Count }}{{ end }}", "firing3"},
  });
}

TEST(Template, ControlsTheFlow) {
  ExpectRendered({
      {"a  {{- 1 -}}  b", "a1b"},
      {"{{- /* comment */ -}} x {{- \" y\" }}", "x y"},
      {"{{ $x := 1 }}{{ $x = 2 }}{{ $x }}", "2"},
      {"{{ $n := 0 }}{{ range .Alerts }}{{ $n = len .Labels }}{{ end }}{{ $n }}", "2"},
      {"{{ range $i, $a := .Alerts }}{{ if $i }}, {{ end }}{{ $i }}:{{ $a.Labels.instance }}"
       "{{ end }}",
       "0:a, 1:b"},
      {"{{ range .Alerts }}{{ if eq .Labels.instance \"b\" }}{{ break }}{{ end }}"
       "{{ .Labels.instance }}{{ end }}",
       "a"},
      {"{{ range .Alerts }}{{ if eq .Labels.instance \"a\" }}{{ continue }}{{ end }}"
       "{{ .Labels.instance }}{{ end }}",
       "b"},
      {"{{ range .Alerts.Resolved }}x{{ else }}empty{{ end }}", "empty"},
      {"{{ range 3 }}{{ . }}{{ end }}", "012"},
      {"{{ with .CommonLabels.severity }}[{{ . }}]{{ end }}", "[critical]"},
      {"{{ with .CommonLabels.nosuch }}x{{ else with .Status }}{{ . }}{{ end }}", "firing"},
      {"{{ if eq .Status \"resolved\" }}ok{{ else if eq .Status \"firing\" }}🔥{{ else }}?{{ end "
       "}}",
       "🔥"},
      {"{{ define \"loc\" }}<{{ . }}>{{ end }}{{ template \"loc\" .Status }}{{ template \"loc\" 5 "
       "}}",
       "<firing><5>"},
      {"{{ block \"blk\" .Status }}B{{ . }}{{ end }}", "Bfiring"},
      {"{{ \"tab\\there \\u00e9\" }}{{ `raw\\n` }}", "tab\there éraw\\n"},
      {"{{ 1e3 }} {{ 0x1F }} {{ 'a' }} {{ -5 }} {{ 1.50 }} {{ true }} {{ 1_000 }}",
       "1000 31 97 -5 1.5 true 1000"},
      {"{{ \"{{\" }} }}", "{{ }}"},
      {"line1\nline2 {{ if true -}}\n   x\n{{- end }}\nline3", "line1\nline2 x\nline3"},
      {"{{ if (and .Status (gt (len .Alerts) 1)) }}many{{ end }}", "many"},
      {"{{ .Status | printf \"%s-%s\" \"a\" | toUpper }}", "A-FIRING"},
  });
}

TEST(Template, CallsFunctions) {
  ExpectRendered({
      {"{{ .Status | toUpper }} {{ toLower \"ÀB\" }}", "FIRING àb"},
      {"{{ \"the quick bROWN fox\" | title }}", "The Quick Brown Fox"},
      {"{{ reReplaceAll \"(\\\\w+)@(\\\\w+)\" \"$2 at $1\" \"joe@home ann@work\" }}",
       "home at joe work at ann"},
      {"{{ reReplaceAll \"a(x*)b\" \"${1}W\" \"-ab-axxb-\" }}", "-W-xxW-"},
      {"{{ match \"b+\" \"abbc\" }} {{ match \"^b\" \"abbc\" }}", "true false"},
      {"{{ stringSlice \"a\" \"b\" \"c\" | join \"+\" }}", "a+b+c"},
      {"{{ html \"<a&'\\\">\" }}", "&lt;a&amp;&#39;&#34;&gt;"},
      {"{{ \"a b&c=d/é\" | urlquery }}", "a+b%26c%3Dd%2F%C3%A9"},
      {"{{ js \"it's <x>\" }}", "it\\'s \\u003Cx\\u003E"},
      {"{{ slice \"abcdef\" 1 3 }} {{ slice \"abcdef\" 4 }}", "bc ef"},
      {"{{ println \"a\" 1 }}|", "a 1\n|"},
      {"{{ print 1 2 \"x\" 3 }}", "1 2x3"},
      {"{{ and true 0 }} {{ or \"\" \"x\" }} {{ not true }} {{ and 1 2 }}", "0 x false 2"},
      {"{{ eq .Status \"a\" \"b\" \"firing\" }}", "true"},
      {"{{ lt 1 2 }} {{ le 2 2 }} {{ gt 1.5 2.5 }} {{ ge \"b\" \"a\" }} {{ ne 1 2 }}",
       "true true false true true"},
      {"[{{ \"  a b \" | trimSpace }}]", "[a b]"},
      {"{{ (index .Alerts 0).StartsAt | date \"2006-01-02 15:04\" }}", "2024-02-29 13:04"},
      {"{{ (index .Alerts 0).StartsAt | tz \"Europe/Paris\" | date \"15:04 MST -07:00\" }}",
       "14:04 CET +01:00"},
      {"{{ (since (index .Alerts 0).StartsAt).Hours }} {{ since (index .Alerts 0).StartsAt }}",
       "2 2h0m0s"},
      {"{{ humanizeDuration 3661 }} {{ humanizeDuration 0.0125 }} {{ humanizeDuration 90061 }}",
       "1h 1m 1s 12.5ms 1d 1h 1m 1s"},
      {"{{ base64encode \"?\?>\" }} {{ base64decode \"Pz8-\" }}", "Pz8- ?\?>"},
      {"{{ (toDate \"2006-01-02\" \"2024-02-29\").Unix }}", "1709164800"},
      {"{{ (toDate \"Mon, 02 Jan 2006 15:04:05 -0700\" \"Thu, 29 Feb 2024 01:00:00 +0100\").Unix "
       "}}",
       "1709164800"},
      {"{{ toJson (dict \"b\" 1 \"a\" (list 1.5 \"<x>\" nil)) }}",
       "{\"a\":[1.5,\"\\u003cx\\u003e\",null],\"b\":1}"},
      {"{{ toJson 1e-9 }} {{ html \"<\" | toUpper }}", "1e-9 &LT;"},
      {"{{ toJson .GroupLabels }}", "{\"alertname\":\"X\",\"cluster\":\"c1\"}"},
      {"{{ len (append (list 1) 2 3) }}", "3"},
      {"{{ index (dict \"a\" \"b\") \"a\" }}{{ (dict \"x\" 1).y }}", "b<no value>"},
      {"{{ (now).Weekday }} {{ (now).Month }} {{ (now).YearDay }}", "Thursday February 60"},
      {"{{ ((now).AddDate 0 1 1).Format \"Jan _2 3:04PM .000\" }}", "Mar 30 3:04PM .678"},
  });
}

TEST(Template, PrintsAsGoDoes) {
  ExpectRendered({
      {"{{ printf \"%d|%5d|%-5d|%05d|%x|%X|%o|%b|%c|%q|%U\" 42 42 42 42 42 42 42 5 65 65 65 }}",
       "42|   42|42   |00042|2a|2A|52|101|A|'A'|U+0041"},
      {"{{ printf \"%.2f %8.3f %e %g %G %v\" 3.14159 2.5 1234.5 1e21 1e-7 100000000.0 }}",
       "3.14    2.500 1.234500e+03 1e+21 1E-07 1e+08"},
      {"{{ printf \"%s %q %v %x %10s|%-6s|%.2s\" \"a\" \"b\\n\" \"c\" \"hi\" \"r\" \"l\" \"éàx\" "
       "}}",
       "a \"b\\n\" c 6869          r|l     |éà"},
      {"{{ printf \"%t %v %T %T %T\" true nil 1 1.5 \"s\" }}", "true <nil> int float64 string"},
      {"{{ printf \"%d %s\" \"x\" 5 }}", "%!d(string=x) %!s(int=5)"},
      {"{{ printf \"%d\" }} {{ printf \"x\" 1 }}", "%!d(MISSING) x%!(EXTRA int=1)"},
      {"{{ printf \"%[2]d %[1]d %*d\" 1 2 }}", "2 1 %!d(MISSING)"},
      {"{{ printf \"%*d|%-*d|%.*f\" 3 1 3 2 1 2.55 }}", "  1|2  |2.5"},
      {"{{ printf \"% x %#q %q\" \"hi\" \"a\" 1 }}", "68 69 `a` '\\x01'"},
      {"{{ printf \"%+d % d %#x\" 5 5 255 }}", "+5  5 0xff"},
      {"{{ printf \"%v %v\" (list 1 \"a\" nil) (dict \"k\" 1) }}", "[1 a <nil>] map[k:1]"},
      {"{{ printf \"100%% %!\" }}", "100% %!!(MISSING)"},
  });
}

TEST(Template, RefusesWhatDoesNotParse) {
  ExpectRendered({
      {"{{ nosuch 1 }}", "template: t:1: function \"nosuch\" not defined"},
      {"a\n{{ $x }}", "template: t:2: undefined variable \"$x\""},
      {"{{ if }}x{{ end }}", "template: t:1: missing value for if"},
      {"{{ .A", "template: t:1: unclosed action"},
      {"{{ if true }}x", "template: t:1: unexpected EOF"},
      {"{{ end }}", "template: t:1: unexpected {{end}}"},
      {"{{ (1 }}", "template: t:1: unclosed left paren"},
      {"{{ 1) }}", "template: t:1: unexpected right paren"},
      {"{{ \"a }}", "template: t:1: unterminated quoted string"},
      {"{{ 1a }}", "template: t:1: bad number syntax: \"1a\""},
      {"{{ .A | 5 }}", "template: t:1: non executable command in pipeline stage 2"},
      {"{{ break }}", "template: t:1: {{break}} outside {{range}}"},
      {"{{ template 5 }}", "template: t:1: unexpected \"5\" in template clause"},
      {"{{ range $a, $b, $c := .X }}{{ end }}", "template: t:1: too many declarations in range"},
      {"{{ $a, $b := 1 }}", "template: t:1: too many declarations in command"},
      {"{{ /* x }}", "template: t:1: unexpected \"/\" in command"},
      {"{{/* x }}", "template: t:1: unclosed comment"},
      {"{{ . @ }}", "template: t:1: unexpected \"@\" in operand"},
      {"{{ .a\x01 }}", "template: t:1: bad character U+0001"},
      {"{{ }}", "template: t:1: missing value for command"},
      {"{{ |1 }}", "template: t:1: unexpected \"|\" in command"},
  });
}

TEST(Template, FailsWhereDataDoesNotFit) {
  ExpectRendered({
      {"{{ .Nosuch }}",
       "template: t:1:3: executing \"t\" at <.Nosuch>: can't evaluate field Nosuch in type "
       "template.Data"},
      {"a\n {{ (index .Alerts 5).Status }}",
       "template: t:2:5: executing \"t\" at <index .Alerts 5>: error calling index: index out of "
       "range: 5"},
      {"{{ toUpper 5 }}", "template: t:1:11: executing \"t\" at <5>: expected string; found 5"},
      {"{{ toUpper .Count }}",
       "template: t:1:11: executing \"t\" at <.Count>: wrong type for value; expected string; got "
       "int"},
      {"{{ safeHtml \"a\" | toUpper }}",
       "template: t:1:18: executing \"t\" at <toUpper>: wrong type for value; expected string; got "
       "template.HTML"},
      {"{{ index .Alerts (len .Alerts) }}",
       "template: t:1:3: executing \"t\" at <index .Alerts (len .Alerts)>: error calling index: "
       "reflect: slice index out of range"},
      {"{{ toUpper }}",
       "template: t:1:3: executing \"t\" at <toUpper>: wrong number of args for "
       "toUpper: want 1 got 0"},
      {"{{ eq 1 \"a\" }}",
       "template: t:1:3: executing \"t\" at <eq 1 \"a\">: error calling eq: "
       "incompatible types for comparison: int and string"},
      {"{{ template \"x\" }}",
       "template: t:1:12: executing \"t\" at <{{template \"x\"}}>: template \"x\" not defined"},
      {"{{ reReplaceAll \"[\" \"\" \"\" }}",
       "template: t:1:3: executing \"t\" at <reReplaceAll \"[\" \"\" \"\">: error calling "
       "reReplaceAll: regexp: Compile(`[`): error parsing regexp: missing closing ]: `[`"},
      {"{{ range .Status }}{{ end }}",
       "template: t:1:9: executing \"t\" at <.Status>: range can't iterate over firing"},
      {"{{ .Status 1 }}",
       "template: t:1:3: executing \"t\" at <.Status>: Status has arguments but "
       "cannot be invoked as function"},
  });
}

TEST(Template, IsBounded) {
  EXPECT_NE(Render("{{ define \"r\" }}{{ template \"r\" . }}{{ end }}{{ template \"r\" . }}")
                .find("exceeded maximum template depth"),
            std::string::npos);
  EXPECT_NE(Render("{{ range 100000000 }}{{ end }}").find("runs for too long"), std::string::npos);
  std::string nested;
  for (int i = 0; i < 50'000; ++i) nested += "{{if true}}";
  EXPECT_NE(Render(nested).find("nested too deeply"), std::string::npos);
  EXPECT_NE(Render("{{" + std::string(100'000, '(')).find("nested too deeply"), std::string::npos);
  EXPECT_NE(Render("{{ printf \"%999999999d\" 1 }}").size(), 999'999'999u);
}

TEST(Template, SetsOfFilesOverrideEachOther) {
  Template set(Functions(), Escaping::kNone);
  ASSERT_TRUE(
      set.Add("default.tmpl", "{{ define \"a\" }}old{{ end }}{{ define \"b\" }}b{{ end }}"));
  ASSERT_TRUE(set.Add("user.tmpl", "{{ define \"a\" }}new {{ template \"b\" . }}{{ end }}"));
  EXPECT_TRUE(set.Defines("a"));
  EXPECT_FALSE(set.Defines("c"));
  EXPECT_EQ(*set.Expand("{{ template \"a\" . }}!", Data()), "new b!");
  EXPECT_EQ(*set.Expand("no action", Data()), "no action");
  EXPECT_EQ(
      set.Expand("{{ template \"c\" . }}", Data()).error().message(),
      "template: :1:12: executing \"\" at <{{template \"c\" .}}>: template \"c\" not defined");
  Template copy = set;
  ASSERT_TRUE(copy.Add("more.tmpl", "{{ define \"c\" }}c{{ end }}"));
  EXPECT_TRUE(copy.Defines("c"));
  EXPECT_FALSE(set.Defines("c"));
}

TEST(HtmlTemplate, EscapesForThePlace) {
  ExpectRendered(
      {
          {"<b>{{ \"<i>+'\\\"&\" }}</b>", "<b>&lt;i&gt;&#43;&#39;&#34;&amp;</b>"},
          {"<b>{{ \"<i>\" | safeHtml }}</b>", "<b><i></b>"},
          {"<p title=\"{{ \"a\\\"b>\" }}\">", "<p title=\"a&#34;b&gt;\">"},
          {"<p title={{ \"a b\" }}>", "<p title=a&#32;b>"},
          {"<a href=\"{{ \"http://x/?q=a b&c\" }}\">", "<a href=\"http://x/?q=a%20b&amp;c\">"},
          {"<a href=\"{{ \"javascript:alert(1)\" }}\">", "<a href=\"#ZgotmplZ\">"},
          {"<a href=\"/x?q={{ \"a b&c\" }}\">", "<a href=\"/x?q=a%20b%26c\">"},
          {"<script>var x = {{ \"a</script>\" }};</script>{{ \"<\" }}",
           "<script>var x = \"a\\u003c/script\\u003e\";</script>&lt;"},
          {"<script>var x = \"{{ \"a\\\"b\" }}\";</script>",
           "<script>var x = \"a\\u0022b\";</script>"},
          {"<p style=\"color: {{ \"red\" }}\">", "<p style=\"color: red\">"},
          {"<p style=\"color: {{ \"expression(1)\" }}\">", "<p style=\"color: ZgotmplZ\">"},
          {"<title>{{ \"<x>\" }}</title>", "<title>&lt;x&gt;</title>"},
          {"a<!-- {{ .Status }} -->b", "ab"},
          {"<p {{ \"onclick=x\" }}>", "<p ZgotmplZ>"},
          {"{{ .CommonLabels.nosuch }}{{ print nil }}", "&lt;nil&gt;"},
          {"1 < 2 {{ \"<\" }}", "1 &lt; 2 &lt;"},
          {"<!DOCTYPE html><{{ .Status }}></p>", "<!DOCTYPE html>&lt;firing></p>"},
          {"{{ template \"x\" }}", "html/template:t:1:12: no such template \"x\""},
      },
      Escaping::kHtml);
}

}  // namespace
}  // namespace meerkat::alerting::templates
