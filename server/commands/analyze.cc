#include "server/commands/analyze.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <ostream>

#include "base/duration.h"
#include "base/number.h"
#include "base/quote.h"
#include "base/rfc3339.h"
#include "server/commands/api_client.h"
#include "server/commands/arguments.h"

namespace meerkat::commands {
namespace {

using Json = nlohmann::ordered_json;

constexpr FlagRule kFlags[] = {
    {"server", '\0', true, "URL", "Server to ask.", true},
    {"type", '\0', true, "TYPE", "Kind of metric: histogram.", true},
    {"duration", '\0', true, "1h", "How far to look back."},
    {"time", '\0', true, "TIME", "When: RFC 3339 or Unix seconds; now by default."},
    {"match", '\0', true, "SELECTOR", "Series to look at; may be repeated.", true},
    kHttpConfigFlag,
    kExperimentalFlag,
    kFeatureFlag};

constexpr std::string_view kHeading =
    "Bucket stats for each histogram series over time\n"
    "------------------------------------------------\n"
    "First the min, avg, and max number of populated buckets, followed by the total\n"
    "number of buckets (only if different from the max number of populated buckets\n"
    "which is typical for classic but not native histograms).\n\n";
constexpr std::string_view kSecondHeading =
    "\nAggregated bucket stats\n"
    "-----------------------\n"
    "Each line shows min/avg/max over the series above.\n";

// Populated buckets over time of one histogram.
struct Usage {
  std::size_t min = 0;
  std::size_t max = 0;
  std::size_t total = 0;  // buckets there are
  double average = 0;

  static Usage Of(const std::vector<std::size_t>& populated, std::size_t total) {
    Usage usage;
    if (populated.empty()) return usage;
    const auto [least, most] = std::minmax_element(populated.begin(), populated.end());
    std::size_t sum = 0;
    for (const std::size_t count : populated) sum += count;
    usage.min = *least;
    usage.max = *most;
    usage.total = total == 0 ? *most : total;
    usage.average = static_cast<double>(sum) / static_cast<double>(populated.size());
    return usage;
  }
};

std::string Thousandths(double value) {
  char text[64];
  std::snprintf(text, sizeof text, "%.3f", value);
  return text;
}

std::string TextOf(const Usage& usage) {
  std::string text = std::to_string(usage.min) + "/" + Thousandths(usage.average) + "/" +
                     std::to_string(usage.max);
  if (usage.total > usage.max) text += "/" + std::to_string(usage.total);
  return text;
}

std::string SeriesText(const std::map<std::string, std::string>& metric) {
  std::string name;
  std::string labels;
  for (const auto& [label, value] : metric) {
    if (label == "__name__") {
      name = value;
    } else {
      labels += (labels.empty() ? "" : ", ") + label + "=" + Quote(value);
    }
  }
  return labels.empty() ? name : name + "{" + labels + "}";
}

struct Histograms {
  std::map<std::string, Usage> classic, native;
};

// Series of one classic histogram: upper bound to samples.
using Buckets = std::map<double, std::map<double, double>>;

std::size_t PopulatedAt(const Buckets& buckets, double time) {
  std::size_t populated = 0;
  double below = 0;
  for (const auto& [bound, samples] : buckets) {
    const auto sample = samples.find(time);
    if (sample == samples.end()) continue;
    if (sample->second > below) ++populated;
    below = sample->second;
  }
  return populated;
}

void Collect(const Json& result, Histograms& found) {
  std::map<std::string, Buckets> classic;
  for (const Json& series : result) {
    auto metric = series.value("metric", std::map<std::string, std::string>());
    // As upstream, who counts what is there from the second sample on.
    if (const auto points = series.find("histograms");
        points != series.end() && points->size() > 1) {
      std::vector<std::size_t> populated;
      for (const Json& point : *points) {
        const auto buckets = point[1].find("buckets");
        populated.push_back(buckets == point[1].end() ? 0 : buckets->size());
      }
      found.native[SeriesText(metric)] = Usage::Of(populated, 0);
    }
    const auto bound = metric.find("le");
    const auto points = series.find("values");
    if (bound == metric.end() || points == series.end() ||
        !metric["__name__"].ends_with("_bucket")) {
      continue;
    }
    const auto upper = ParseFloat(bound->second);
    if (!upper) continue;
    metric.erase(bound);
    auto& samples = classic[SeriesText(metric)][*upper];
    for (const Json& point : *points) {
      samples[point[0].get<double>()] = ParseFloat(point[1].get<std::string>()).value_or(0);
    }
  }
  for (const auto& [name, buckets] : classic) {
    std::vector<std::size_t> populated;
    for (const auto& [time, value] : buckets.begin()->second) {
      populated.push_back(PopulatedAt(buckets, time));
    }
    found.classic[name] = Usage::Of(populated, buckets.size());
  }
}

void PrintAggregate(std::ostream& out, std::string_view kind,
                    const std::map<std::string, Usage>& usages, bool with_total) {
  if (usages.empty()) return;
  const auto line = [&](std::string_view name, const auto& value_of) {
    std::vector<std::size_t> values;
    for (const auto& [series, usage] : usages) values.push_back(value_of(usage));
    const Usage over = Usage::Of(values, 0);
    out << "- " << name << ": " << over.min << "/" << Thousandths(over.average) << "/" << over.max
        << "\n";
  };
  out << "\n" << kind << " histogram series (" << usages.size() << " in total):\n";
  line("min populated", [](const Usage& usage) { return usage.min; });
  line("avg populated", [](const Usage& usage) { return static_cast<std::size_t>(usage.average); });
  line("max populated", [](const Usage& usage) { return usage.max; });
  if (with_total) line("total", [](const Usage& usage) { return usage.total; });
}

}  // namespace

int AnalyzeHistograms(std::span<const std::string> args, Streams streams) {
  const auto arguments = Arguments::Parse(args, kFlags, "");
  if (!arguments) return Misused(streams, arguments.error());
  if (arguments->Value("type") != "histogram") {
    streams.err << "analyze type is " << arguments->Value("type") << ", must be 'histogram'\n";
    return 1;
  }
  const auto duration = arguments->Duration("duration", std::chrono::hours(1));
  if (!duration) return Misused(streams, duration.error());
  const auto now = std::chrono::floor<Millis>(std::chrono::system_clock::now());
  double time = static_cast<double>(ToMillis(now)) / 1000;
  if (const std::string text = arguments->Value("time"); !text.empty()) {
    const auto seconds = ParseFloat(text);
    const auto date = ParseRfc3339(text);
    if (!seconds && !date) {
      streams.err << "error parsing time '" << text << "': cannot parse " << Quote(text)
                  << " to a valid timestamp\n";
      return 1;
    }
    time = seconds ? *seconds : static_cast<double>(ToMillis(*date)) / 1000;
  }
  auto client =
      ApiClient::Make(arguments->Value("server"), arguments->Value("http.config.file"), {});
  if (!client) return Misused(streams, client.error());
  streams.out << kHeading;
  Histograms found;
  for (const std::string& match : arguments->Values("match")) {
    net::Params form;
    form.Add("query", match + "[" + FormatDuration(*duration) + "]");
    form.Add("time", FormatFloat(time, 'f'));
    std::vector<std::string> warnings;
    auto data = (*client)->Api("query", form, warnings);
    if (!data) {
      streams.err << data.error().message() << "\n";
      return 1;
    }
    Collect((*data)["result"], found);
  }
  std::map<std::string, std::string> lines;
  for (const auto& [name, usage] : found.classic) lines[name + " (classic): "] = TextOf(usage);
  for (const auto& [name, usage] : found.native) lines[name + " (native): "] = TextOf(usage);
  for (const auto& [name, text] : lines) streams.out << "- " << name << text << "\n";
  streams.out << kSecondHeading;
  PrintAggregate(streams.out, "Classic", found.classic, true);
  PrintAggregate(streams.out, "Native", found.native, false);
  return 0;
}

std::vector<Command> AnalyzeCommands() {
  return {
      {"query analyze", "", "Tell how many buckets histograms use.", AnalyzeHistograms, kFlags}};
}

}  // namespace meerkat::commands
