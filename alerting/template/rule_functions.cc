#include <algorithm>
#include <cmath>

#include "alerting/template/escape.h"
#include "alerting/template/format.h"
#include "alerting/template/go_time.h"
#include "alerting/template/text_functions.h"
#include "base/duration.h"
#include "base/number.h"
#include "base/quote.h"
#include "promql/histogram_buckets.h"

namespace meerkat::alerting::templates {
namespace {

using Args = std::span<const Value>;

Error Wrong(std::string text) {
  return Error(Code::kExecution, std::move(text));
}

// ---- addresses

struct HostPort {
  std::string host;
  std::string port;
};

// Go's net.SplitHostPort.
std::optional<HostPort> SplitHostPort(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return std::nullopt;
  HostPort out;
  out.port = text.substr(colon + 1);
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string::npos || close + 1 != colon) return std::nullopt;
    out.host = text.substr(1, close - 1);
  } else {
    out.host = text.substr(0, colon);
    if (out.host.find(':') != std::string::npos) return std::nullopt;
  }
  if (out.host.find_first_of("[]") != std::string::npos ||
      out.port.find_first_of("[]") != std::string::npos) {
    return std::nullopt;
  }
  return out;
}

bool IsIpV4(std::string_view text) {
  int parts = 0;
  while (true) {
    const std::size_t dot = text.find('.');
    const std::string_view part = text.substr(0, dot);
    if (part.empty() || part.size() > 3 || (part.size() > 1 && part[0] == '0')) return false;
    int value = 0;
    for (const char c : part) {
      if (c < '0' || c > '9') return false;
      value = value * 10 + (c - '0');
    }
    if (value > 255) return false;
    ++parts;
    if (dot == std::string_view::npos) return parts == 4;
    text.remove_prefix(dot + 1);
  }
}

bool IsIp(std::string_view text) {
  if (IsIpV4(text)) return true;
  // Colons between at most four hexadecimal digits; a dotted tail is allowed.
  if (std::ranges::count(text, ':') < 2 || text.size() > 45) return false;
  return text.find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos;
}

std::string StripPort(const std::string& text) {
  const auto split = SplitHostPort(text);
  return split ? split->host : text;
}

std::string StripDomain(const std::string& text) {
  const auto split = SplitHostPort(text);
  const std::string host = split ? split->host : text;
  if (IsIp(host)) return text;
  const std::string name = host.substr(0, host.find('.'));
  if (!split || split->port.empty()) return name;
  return name.find(':') == std::string::npos ? name + ":" + split->port
                                             : "[" + name + "]:" + split->port;
}

// ---- times

constexpr double kMaxNanos = 9223372036854775807.0;

// Seconds since 1970 as a moment, cut to milliseconds.
Result<Moment> ToMoment(double seconds) {
  const double nanos = seconds * 1e9;
  if (nanos > kMaxNanos || nanos < -kMaxNanos) {
    return Wrong(FormatFloat(seconds, 'g') +
                 " cannot be represented as a nanoseconds timestamp since it overflows int64");
  }
  const auto whole =
      static_cast<std::int64_t>(std::clamp(nanos, -9.2233720368547e18, 9.2233720368547e18));
  return Moment{FromMillis(whole / 1'000'000), 0, "UTC"};
}

Result<Value> HumanizeTimestamp(Args args) {
  const Result<double> seconds = ToFloat(args[0]);
  if (!seconds) return seconds.error();
  if (!std::isfinite(*seconds)) return Value::String(FormatFloatVerb(*seconds, 'g', 4));
  const Result<Moment> moment = ToMoment(*seconds);
  if (!moment) return moment.error();
  return Value::String(TimeText(*moment));
}

Result<Value> ToTime(Args args) {
  const Result<double> seconds = ToFloat(args[0]);
  if (!seconds) return seconds.error();
  if (!std::isfinite(*seconds)) return Wrong("value is NaN or Inf");
  const Result<Moment> moment = ToMoment(*seconds);
  if (!moment) return moment.error();
  return Value::Time(*moment);
}

Result<Value> ToDuration(Args args) {
  const Result<double> seconds = ToFloat(args[0]);
  if (!seconds) return seconds.error();
  const double nanos = *seconds * 1e9;
  if (std::isnan(nanos)) return Value::Duration(Nanos(0));
  return Value::Duration(
      Nanos(static_cast<std::int64_t>(std::clamp(nanos, -9.2233720368547e18, 9.2233720368547e18))));
}

Result<Value> ParseDurationText(Args args) {
  const Result<Millis> duration = ParseDuration(args[0].string());
  if (!duration) return duration.error();
  return Value::Float(static_cast<double>(duration->count()) / 1000);
}

// ---- query results

Value ToSample(const promql::VectorSample& sample) {
  Value value = sample.histogram == nullptr
                    ? Value::Float(sample.value)
                    : Value::String(promql::FormatHistogram(*sample.histogram));
  return Value::Struct({{"Labels", Value::Strings(sample.labels)}, {"Value", std::move(value)}},
                       &kSample);
}

const Value& LabelsOf(const Value& sample) {
  return sample.fields()[0].second;
}

std::string LabelOf(const Value& sample, const std::string& name) {
  const auto found = LabelsOf(sample).map().find(name);
  return found == LabelsOf(sample).map().end() ? "" : found->second.string();
}

Result<Value> First(Args args) {
  if (args[0].list().empty()) return Wrong("first() called on vector with no elements");
  return args[0].list().front();
}

Result<Value> SortByLabel(Args args) {
  List sorted = args[1].list();
  std::ranges::stable_sort(sorted, {},
                           [&](const Value& sample) { return LabelOf(sample, args[0].string()); });
  return Value::Of(std::move(sorted), &kQueryResult);
}

Result<Value> ArgsMap(Args args) {
  Map map;
  for (std::size_t i = 0; i < args.size(); ++i) map["arg" + std::to_string(i)] = args[i];
  return Value::Of(std::move(map));
}

// A function of one number that gives a text.
template <typename F>
Function OfFloat(F format) {
  return {{Param::kAny},
          false,
          [format](Args args) -> Result<Value> {
            const Result<double> value = ToFloat(args[0]);
            if (!value) return value.error();
            return Value::String(format(*value));
          },
          {}};
}

template <typename F>
Function OfText(F convert) {
  return {
      {Param::kString},
      false,
      [convert](Args args) -> Result<Value> { return Value::String(convert(args[0].string())); },
      {}};
}

std::string PathOf(const std::string& url) {
  const std::size_t scheme = url.find("://");
  const std::size_t path = url.find('/', scheme == std::string::npos ? 0 : scheme + 3);
  if (path == std::string::npos) return "";
  return url.substr(path, url.find_first_of("?#", path) - path);
}

// What stands before each text: the variables it may use.
constexpr std::string_view kVariables =
    "{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}"
    "{{$externalURL := .ExternalURL}}{{$value := .Value}}";

std::string TemplateName(std::string_view alert) {
  return "__alert_" + std::string(alert);
}

// Upstream's has no name either.
const Type kRuleData{
    "struct { Labels map[string]string; ExternalLabels map[string]string; "
    "ExternalURL string; Value interface {} }",
    {}};

}  // namespace

const Type kQueryResult{"template.queryResult", {}};
const Type kSample{"*template.sample", {}};

FunctionSet RuleFunctions(RuleWorld world) {
  FunctionSet set = SharedFunctions();
  constexpr Param kString = Param::kString;
  set["query"] = {{kString},
                  false,
                  [query = world.query, now = world.now](Args args) -> Result<Value> {
                    const Result<promql::Vector> vector = query(args[0].string(), now);
                    if (!vector) return vector.error();
                    List samples;
                    for (const promql::VectorSample& sample : *vector) {
                      samples.push_back(ToSample(sample));
                    }
                    return Value::Of(std::move(samples), &kQueryResult);
                  },
                  {}};
  set["first"] = {{Param::kQueryResult}, false, First, {}};
  set["label"] = {
      {kString, Param::kSample},
      false,
      [](Args args) -> Result<Value> { return Value::String(LabelOf(args[1], args[0].string())); },
      {}};
  set["value"] = {{Param::kSample},
                  false,
                  [](Args args) -> Result<Value> { return args[0].fields()[1].second; },
                  {}};
  set["strvalue"] = {
      {Param::kSample},
      false,
      [](Args args) -> Result<Value> { return Value::String(LabelOf(args[0], "__value__")); },
      {}};
  set["sortByLabel"] = {{kString, Param::kQueryResult}, false, SortByLabel, {}};
  set["args"] = {{Param::kAny}, true, ArgsMap, {}};
  set["title"] = OfText(TitleOnly);
  set["stripPort"] = OfText(StripPort);
  set["stripDomain"] = OfText(StripDomain);
  set["urlQueryEscape"] = OfText(EscapeQuery);
  set["graphLink"] = OfText([](const std::string& query) {
    return "/graph?g0.expr=" + EscapeQuery(query) + "&g0.tab=0";
  });
  set["tableLink"] = OfText([](const std::string& query) {
    return "/graph?g0.expr=" + EscapeQuery(query) + "&g0.tab=1";
  });
  set["humanize"] = OfFloat(Humanize);
  set["humanize1024"] = OfFloat(Humanize1024);
  set["humanizePercentage"] =
      OfFloat([](double value) { return FormatFloatVerb(value * 100, 'g', 4) + "%"; });
  set["humanizeTimestamp"] = {{Param::kAny}, false, HumanizeTimestamp, {}};
  set["toTime"] = {{Param::kAny}, false, ToTime, {}};
  set["toDuration"] = {{Param::kAny}, false, ToDuration, {}};
  set["parseDuration"] = {{kString}, false, ParseDurationText, {}};
  set["now"] = {{},
                false,
                [now = world.now](Args) -> Result<Value> {
                  return Value::Float(static_cast<double>(ToMillis(now)) / 1000);
                },
                {}};
  set["externalURL"] = {
      {},
      false,
      [url = world.external_url](Args) -> Result<Value> { return Value::String(url); },
      {}};
  set["pathPrefix"] = {
      {},
      false,
      [url = world.external_url](Args) -> Result<Value> { return Value::String(PathOf(url)); },
      {}};
  return set;
}

Result<std::string> ExpandRuleTemplate(std::string_view alert, std::string_view text,
                                       const RuleData& data, const RuleWorld& world) {
  if (text.find("{{") == std::string_view::npos) return std::string(text);
  const std::string name = TemplateName(alert);
  const auto parsed = Template::Parse(name, std::string(kVariables) + std::string(text),
                                      std::make_shared<const FunctionSet>(RuleFunctions(world)));
  if (!parsed) {
    return Error(Code::kInvalid,
                 "error parsing template " + name + ": " + parsed.error().message());
  }
  const Value root = Value::Struct({{"Labels", Value::Strings(data.labels)},
                                    {"ExternalLabels", Value::Strings(data.external_labels)},
                                    {"ExternalURL", Value::String(world.external_url)},
                                    {"Value", data.value}},
                                   &kRuleData);
  Result<std::string> expanded = parsed->Execute(root);
  if (!expanded) {
    return Error(Code::kExecution,
                 "error executing template " + name + ": " + expanded.error().message());
  }
  return expanded;
}

Result<> CheckRuleTemplate(std::string_view alert, std::string_view text) {
  if (text.find("{{") == std::string_view::npos) return {};
  const auto parsed =
      Template::Parse(TemplateName(alert), std::string(kVariables) + std::string(text),
                      std::make_shared<const FunctionSet>(RuleFunctions({})));
  if (!parsed) return parsed.error();
  return {};
}

}  // namespace meerkat::alerting::templates
