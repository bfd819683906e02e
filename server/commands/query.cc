#include "server/commands/query.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <utility>

#include "base/number.h"
#include "base/quote.h"
#include "base/rfc3339.h"
#include "server/commands/api_client.h"
#include "server/commands/tsdb_session.h"

namespace meerkat::commands {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kWithValue[] = {"--http.config.file",
                                           "--time",
                                           "--header",
                                           "--start",
                                           "--end",
                                           "--step",
                                           "--match",
                                           "-o",
                                           "--format",
                                           "--enable-feature"};
constexpr std::string_view kAlone[] = {"--experimental"};

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

std::string PointText(const Json& point) {
  std::string text = point[1].is_string() ? point[1].get<std::string>() : point[1].dump();
  // Values come in the API's form; the model prints them without exponents.
  if (const auto value = ParseFloat(text); value && point[1].is_string()) {
    text = FormatFloat(*value, 'f');
  }
  return text + " @[" + FormatFloat(point[0].get<double>(), 'f') + "]";
}

void PrintResult(const Json& data, bool json, std::ostream& out) {
  const Json& result = data["result"];
  if (json) {
    out << result.dump() << "\n";
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
  CommandLine arguments;
  std::unique_ptr<ApiClient> client;
};

Result<Opened> Open(std::span<const std::string> args, std::size_t words) {
  auto arguments = CommandLine::Read(args, kWithValue, kAlone);
  if (!arguments) return std::move(arguments).error();
  if (arguments->words().size() != words) {
    return Error(Code::kInvalid, arguments->words().size() < words
                                     ? "required argument not provided"
                                     : "unexpected " + arguments->words().back());
  }
  auto client = ApiClient::Make(arguments->words()[0], arguments->Get("--http.config.file", ""),
                                arguments->All("--header"));
  if (!client) return std::move(client).error();
  return Opened{std::move(*arguments), std::move(*client)};
}

int Finish(Result<Json> data, const std::vector<std::string>& warnings, Streams streams) {
  for (const std::string& warning : warnings) {
    streams.err << "query warning: " << warning << "\n";
  }
  if (data) return 0;
  streams.err << "query error: " << data.error().message() << "\n";
  return 1;
}

bool WantsJson(const CommandLine& arguments) {
  return arguments.Get("--format", arguments.Get("-o", "promql")) == "json";
}

std::string Now() {
  const auto now = std::chrono::floor<Millis>(std::chrono::system_clock::now());
  return FormatFloat(static_cast<double>(ToMillis(now)) / 1000, 'f');
}

int Instant(std::span<const std::string> args, Streams streams) {
  auto opened = Open(args, 2);
  if (!opened) return Fail(streams, opened.error());
  net::Params form;
  form.Add("query", opened->arguments.words()[1]);
  form.Add("time", opened->arguments.Get("--time", Now()));
  std::vector<std::string> warnings;
  auto data = opened->client->Api("query", form, warnings);
  if (data) PrintResult(*data, WantsJson(opened->arguments), streams.out);
  return Finish(std::move(data), warnings, streams);
}

// Seconds since 1970 of a time as given on the command line.
Result<double> Seconds(const std::string& text, std::string_view flag) {
  if (const auto value = ParseFloat(text)) return *value;
  if (const auto time = ParseRfc3339(text)) return static_cast<double>(ToMillis(*time)) / 1000;
  return Error(Code::kInvalid, "error parsing " + std::string(flag) + " time: cannot parse " +
                                   Quote(text) + " to a valid timestamp");
}

int Range(std::span<const std::string> args, Streams streams) {
  auto opened = Open(args, 2);
  if (!opened) return Fail(streams, opened.error());
  const CommandLine& arguments = opened->arguments;
  auto end = Seconds(arguments.Get("--end", Now()), "end");
  if (!end) return Fail(streams, end.error());
  auto start = arguments.Has("--start") ? Seconds(arguments.Get("--start", ""), "start")
                                        : Result<double>(*end - 300);
  if (!start) return Fail(streams, start.error());
  if (*end < *start) {
    streams.err << "start time is not before end time\n";
    return 1;
  }
  // As promtool: about 250 points, a second apart at least.
  const double step = std::max(std::floor((*end - *start) / 250), 1.0);
  net::Params form;
  form.Add("query", arguments.words()[1]);
  form.Add("start", FormatFloat(*start, 'f'));
  form.Add("end", FormatFloat(*end, 'f'));
  form.Add("step", arguments.Get("--step", FormatFloat(step, 'f')));
  std::vector<std::string> warnings;
  auto data = opened->client->Api("query_range", form, warnings);
  if (data) PrintResult(*data, WantsJson(arguments), streams.out);
  return Finish(std::move(data), warnings, streams);
}

void AddSelection(const CommandLine& arguments, net::Params& form) {
  for (const std::string& match : arguments.All("--match")) form.Add("match[]", match);
  for (const char* flag : {"--start", "--end"}) {
    if (arguments.Has(flag)) form.Add(flag + 2, arguments.Get(flag, ""));
  }
}

int Series(std::span<const std::string> args, Streams streams) {
  auto opened = Open(args, 1);
  if (!opened) return Fail(streams, opened.error());
  net::Params form;
  AddSelection(opened->arguments, form);
  std::vector<std::string> warnings;
  auto data = opened->client->Api("series", form, warnings);
  if (data && WantsJson(opened->arguments)) {
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
  return Finish(std::move(data), warnings, streams);
}

int LabelValues(std::span<const std::string> args, Streams streams) {
  auto opened = Open(args, 2);
  if (!opened) return Fail(streams, opened.error());
  net::Params form;
  AddSelection(opened->arguments, form);
  std::vector<std::string> warnings;
  auto data = opened->client->Api(
      "label/" + net::PathEscape(opened->arguments.words()[1]) + "/values", form, warnings);
  if (data && WantsJson(opened->arguments)) {
    streams.out << data->dump() << "\n";
  } else if (data) {
    for (const Json& value : *data) streams.out << value.get<std::string>() << "\n";
  }
  return Finish(std::move(data), warnings, streams);
}

}  // namespace

std::vector<Command> QueryCommands() {
  return {
      {"query instant", "[--time=TIME] [-o promql|json] SERVER EXPR", "Run an instant query.",
       Instant},
      {"query range", "[--start=TIME] [--end=TIME] [--step=STEP] [-o promql|json] SERVER EXPR",
       "Run a range query.", Range},
      {"query series", "--match=SELECTOR… [--start=TIME] [--end=TIME] SERVER",
       "List series that match.", Series},
      {"query labels", "[--match=SELECTOR…] [--start=TIME] [--end=TIME] SERVER NAME",
       "List the values of a label.", LabelValues},
  };
}

}  // namespace meerkat::commands
