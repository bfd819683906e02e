#include "server/commands/query.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <utility>

#include "base/number.h"
#include "base/quote.h"
#include "base/rfc3339.h"
#include "server/commands/api_client.h"
#include "server/commands/arguments.h"
#include "server/config/go_duration.h"

namespace meerkat::commands {
namespace {

using Json = nlohmann::ordered_json;

constexpr FlagRule kFormat{"format", 'o', true, "promql", "Output: promql or json."};
constexpr FlagRule kHeader{"header", '\0', true, "NAME=VALUE", "Header to send; may be repeated."};
constexpr FlagRule kStart{"start", '\0', true, "TIME", "First time: RFC 3339 or Unix seconds."};
constexpr FlagRule kEnd{"end", '\0', true, "TIME", "Last time."};
constexpr FlagRule kMatch{"match", '\0', true, "SELECTOR", "Series to look at; may be repeated."};
constexpr FlagRule kRequiredMatch{
    "match", '\0', true, "SELECTOR", "Series to look at; may be repeated.", true};

constexpr FlagRule kInstantFlags[] = {
    {"time", '\0', true, "TIME", "When to evaluate: RFC 3339 or Unix seconds."},
    kHeader,
    kFormat,
    kHttpConfigFlag,
    kExperimentalFlag,
    kFeatureFlag};
constexpr FlagRule kRangeFlags[] = {kStart,
                                    kEnd,
                                    {"step", '\0', true, "DURATION", "Distance of two points."},
                                    kHeader,
                                    kFormat,
                                    kHttpConfigFlag,
                                    kExperimentalFlag,
                                    kFeatureFlag};
constexpr FlagRule kSeriesFlags[] = {kRequiredMatch,    kStart,      kEnd, kFormat, kHttpConfigFlag,
                                     kExperimentalFlag, kFeatureFlag};
constexpr FlagRule kLabelsFlags[] = {
    kMatch, kStart, kEnd, kFormat, kHttpConfigFlag, kExperimentalFlag, kFeatureFlag};

// metric{a="b"} of a metric object, as Prometheus's model prints it.
std::string MetricText(const Json& metric) {
  std::string name = metric.value("__name__", "");
  std::string labels;
  for (const auto& [key, value] : metric.items()) {
    if (key == "__name__") continue;
    if (!labels.empty()) labels += ", ";
    labels += key + "=" + Quote(value.get<std::string>());
  }
  if (labels.empty()) return name.empty() ? "{}" : name;
  return name + "{" + labels + "}";
}

// Values come in the API's form; the model prints them without exponents.
std::string NumberText(const Json& number) {
  const auto text = number.get<std::string>();
  const auto value = ParseFloat(text);
  return value ? FormatFloat(*value, 'f') : text;
}

// As Go's %f.
std::string Decimals(const Json& number) {
  const auto value = ParseFloat(number.get<std::string>());
  if (!value || !std::isfinite(*value)) return NumberText(number);
  std::array<char, 400> text;
  const int size = std::snprintf(text.data(), text.size(), "%f", *value);
  return {text.data(), static_cast<std::size_t>(size)};
}

std::string HistogramText(const Json& histogram) {
  // By kind of bucket: (lo,hi] [lo,hi) (lo,hi) [lo,hi].
  constexpr std::string_view kOpen = "([([";
  constexpr std::string_view kClose = "]))]";
  std::string buckets;
  for (const Json& bucket : histogram.value("buckets", Json::array())) {
    const std::size_t kind = bucket[0].get<std::size_t>() % kOpen.size();
    if (!buckets.empty()) buckets += ' ';
    buckets += kOpen[kind] + NumberText(bucket[1]) + "," + NumberText(bucket[2]) + kClose[kind] +
               ":" + NumberText(bucket[3]);
  }
  return "Count: " + Decimals(histogram["count"]) + ", Sum: " + Decimals(histogram["sum"]) +
         ", Buckets: [" + buckets + "]";
}

std::string PointText(const Json& point) {
  return (point[1].is_string() ? NumberText(point[1]) : HistogramText(point[1])) + " @[" +
         FormatFloat(point[0].get<double>(), 'f') + "]";
}

// The same values, as the model writes them in JSON.
void Respell(Json& json, bool value) {
  if (json.is_string() && value) {
    json = NumberText(json);
  } else if (json.is_structured()) {
    for (const auto& [key, part] : json.items()) {
      if (key != "metric") Respell(part, true);
    }
  }
}

void PrintResult(const Json& data, bool json, std::ostream& out) {
  const Json& result = data["result"];
  if (json) {
    Json model = result;
    Respell(model, false);
    out << model.dump() << "\n";
    return;
  }
  const std::string type = data.value("resultType", "");
  if (type == "scalar") {
    out << "scalar: " << PointText(result) << "\n";
    return;
  }
  if (type == "string") {
    out << result[1].get<std::string>() << "\n";
    return;
  }
  std::string text;
  for (const Json& one : result) {
    if (!text.empty()) text += "\n";
    const std::string metric = MetricText(one["metric"]);
    if (type == "vector") {
      text += metric + " => " + PointText(one.contains("value") ? one["value"] : one["histogram"]);
      continue;
    }
    text += metric + " =>";
    for (const char* kind : {"values", "histograms"}) {
      const auto points = one.find(kind);
      if (points == one.end()) continue;
      for (const Json& point : *points) text += "\n" + PointText(point);
    }
  }
  out << text << "\n";
}

struct Opened {
  Arguments arguments;
  std::unique_ptr<ApiClient> client;
  bool json = false;
};

Result<Opened> Open(std::span<const std::string> args, std::span<const FlagRule> flags,
                    std::string_view words) {
  auto arguments = Arguments::Parse(args, flags, words);
  if (!arguments) return std::move(arguments).error();
  const auto format = arguments->Choice("format", {"promql", "json"});
  if (!format) return format.error();
  auto client = ApiClient::Make(arguments->words()[0], arguments->Value("http.config.file"),
                                arguments->Values("header"));
  if (!client) return std::move(client).error();
  return Opened{std::move(*arguments), std::move(*client), *format == "json"};
}

int Finish(const Result<Json>& data, const ApiClient& client, Streams streams) {
  if (data) return 0;
  streams.err << "query error: " << data.error().message();
  if (!client.detail().empty()) streams.err << " (detail: " << client.detail() << ")";
  streams.err << "\n";
  return 1;
}

std::string Now() {
  const auto now = std::chrono::floor<Millis>(std::chrono::system_clock::now());
  return FormatFloat(static_cast<double>(ToMillis(now)) / 1000, 'f');
}

// Seconds since 1970 of a time as given on the command line.
Result<double> Seconds(const std::string& text, std::string_view flag) {
  if (const auto value = ParseFloat(text)) return *value;
  if (const auto time = ParseRfc3339(text)) return static_cast<double>(ToMillis(*time)) / 1000;
  return Error(Code::kInvalid, "error parsing " + std::string(flag) + " time: cannot parse " +
                                   Quote(text) + " to a valid timestamp");
}

int Unparsable(Streams streams, const Error& error) {
  streams.err << error.message() << "\n";
  return 1;
}

int Instant(std::span<const std::string> args, Streams streams) {
  auto opened = Open(args, kInstantFlags, "SERVER EXPR");
  if (!opened) return Misused(streams, opened.error());
  const auto time = Seconds(opened->arguments.Value("time", Now()), "evaluation");
  if (!time) return Unparsable(streams, time.error());
  net::Params form;
  form.Add("query", opened->arguments.words()[1]);
  form.Add("time", FormatFloat(*time, 'f'));
  std::vector<std::string> warnings;
  auto data = opened->client->Api("query", form, warnings);
  if (data) PrintResult(*data, opened->json, streams.out);
  return Finish(data, *opened->client, streams);
}

int Range(std::span<const std::string> args, Streams streams) {
  auto opened = Open(args, kRangeFlags, "SERVER EXPR");
  if (!opened) return Misused(streams, opened.error());
  const Arguments& arguments = opened->arguments;
  auto end = Seconds(arguments.Value("end", Now()), "end");
  if (!end) return Unparsable(streams, end.error());
  auto start = arguments.Has("start") ? Seconds(arguments.Value("start"), "start")
                                      : Result<double>(*end - 300);
  if (!start) return Unparsable(streams, start.error());
  if (*end <= *start) {
    streams.err << "start time is not before end time\n";
    return 1;
  }
  // As promtool: about 250 points, a second apart at least.
  double step = std::max(std::floor((*end - *start) / 250), 1.0);
  const std::string step_text = arguments.Value("step");
  if (auto read = step_text.empty() ? Millis(0) : config::ParseGoDuration(step_text); !read) {
    return Misused(streams, std::move(read).error());
  } else if (read->count() != 0) {
    step = static_cast<double>(read->count()) / 1000;
  }
  net::Params form;
  form.Add("query", arguments.words()[1]);
  form.Add("start", FormatFloat(*start, 'f'));
  form.Add("end", FormatFloat(*end, 'f'));
  form.Add("step", FormatFloat(step, 'f'));
  std::vector<std::string> warnings;
  auto data = opened->client->Api("query_range", form, warnings);
  if (data) PrintResult(*data, opened->json, streams.out);
  return Finish(data, *opened->client, streams);
}

// --match, --start and --end as parameters.
Result<net::Params> Selection(const Arguments& arguments) {
  net::Params form;
  for (const std::string& match : arguments.Values("match")) form.Add("match[]", match);
  for (const char* flag : {"start", "end"}) {
    if (!arguments.Has(flag)) continue;
    const auto time = Seconds(arguments.Value(flag), flag);
    if (!time) return time.error();
    form.Add(flag, FormatFloat(*time, 'f'));
  }
  return form;
}

int Series(std::span<const std::string> args, Streams streams) {
  auto opened = Open(args, kSeriesFlags, "SERVER");
  if (!opened) return Misused(streams, opened.error());
  const auto form = Selection(opened->arguments);
  if (!form) return Unparsable(streams, form.error());
  std::vector<std::string> warnings;
  auto data = opened->client->Api("series", *form, warnings);
  if (data && opened->json) {
    streams.out << data->dump() << "\n";
  } else if (data) {
    for (const Json& series : *data) {
      std::string text;
      for (const auto& [name, value] : series.items()) {
        text += (text.empty() ? "" : ", ") + name + "=" + Quote(value.get<std::string>());
      }
      streams.out << "{" << text << "}\n";
    }
  }
  return Finish(data, *opened->client, streams);
}

int LabelValues(std::span<const std::string> args, Streams streams) {
  auto opened = Open(args, kLabelsFlags, "SERVER NAME");
  if (!opened) return Misused(streams, opened.error());
  const auto form = Selection(opened->arguments);
  if (!form) return Unparsable(streams, form.error());
  std::vector<std::string> warnings;
  auto data = opened->client->Api(
      "label/" + net::PathEscape(opened->arguments.words()[1]) + "/values", *form, warnings);
  if (data && opened->json) {
    streams.out << data->dump() << "\n";
  } else if (data) {
    for (const Json& value : *data) streams.out << value.get<std::string>() << "\n";
  }
  // Upstream tells them here alone.
  for (const std::string& warning : warnings) {
    streams.err << "query warning: " << warning << "\n";
  }
  return Finish(data, *opened->client, streams);
}

}  // namespace

std::vector<Command> QueryCommands() {
  return {
      {"query instant", "SERVER EXPR", "Run an instant query.", Instant, kInstantFlags},
      {"query range", "SERVER EXPR", "Run a range query.", Range, kRangeFlags},
      {"query series", "SERVER", "List series that match.", Series, kSeriesFlags},
      {"query labels", "SERVER NAME", "List the values of a label.", LabelValues, kLabelsFlags},
  };
}

}  // namespace meerkat::commands
