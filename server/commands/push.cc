#include <chrono>
#include <fstream>
#include <istream>
#include <iterator>
#include <map>
#include <ostream>
#include <protozero/pbf_writer.hpp>
#include <string>
#include <vector>

#include "base/number.h"
#include "server/commands/api_client.h"
#include "server/commands/arguments.h"
#include "server/commands/query.h"
#include "server/remote/snappy_body.h"
#include "server/scrape/exposition/parser.h"

namespace meerkat::commands {
namespace {

constexpr FlagRule kPushFlags[] = {
    {"label", '\0', true, "NAME=VALUE", "Label of all series (job=promtool); may be repeated."},
    {"timeout", '\0', true, "30s", "Longest time for one file."},
    {"header", '\0', true, "NAME=VALUE", "Header to send; may be repeated."},
    {"protobuf_message", '\0', true, "prometheus.WriteRequest",
     "Message to send: prometheus.WriteRequest or io.prometheus.write.v2.Request."},
    {"remote-write.path", '\0', true, "/api/v1/write", "Path when URL has none."},
    kHttpConfigFlag,
    kExperimentalFlag,
    kFeatureFlag};
constexpr std::string_view kPushWords = "REMOTE-WRITE-URL [METRIC-FILES…]";

using LabelMap = std::map<std::string, std::string>;

struct Series {
  LabelMap labels;  // with __name__
  double value = 0;
  Timestamp time;
  std::string family;
};
struct Page {
  std::map<std::string, tsdb::MetricType> types;
  std::vector<Series> series;
};

// Upper bounds and quantiles in their shortest form, as upstream's tool writes them.
void ShortenBound(LabelMap& labels, const char* name) {
  const auto bound = labels.find(name);
  if (bound == labels.end()) return;
  if (const auto value = ParseFloat(bound->second)) bound->second = FormatFloat(*value, 'f');
}

// Samples without a time get `now`.
Result<Page> ReadPage(const std::string& text, const LabelMap& extra, Timestamp now) {
  auto parser = scrape::NewParser(text, "text/plain; version=0.0.4", std::nullopt, {});
  if (!parser) return std::move(parser).error();
  Page page;
  std::string family;
  scrape::RawLabels raw;
  for (;;) {
    auto entry = (*parser)->Next();
    if (!entry) return std::move(entry).error();
    if (*entry == scrape::Entry::kEnd) return page;
    if (*entry == scrape::Entry::kType) {
      family = (*parser)->name();
      page.types[family] = (*parser)->type();
    }
    if (*entry != scrape::Entry::kSeries) continue;
    Series series{extra, (*parser)->value(), (*parser)->time().value_or(now), family};
    (*parser)->GetLabels(raw);
    for (const auto& [name, value] : raw) series.labels[name] = value;
    ShortenBound(series.labels, "le");
    ShortenBound(series.labels, "quantile");
    page.series.push_back(std::move(series));
  }
}

std::string WriteRequest(const Page& page) {
  std::string message;
  protozero::pbf_writer request(message);
  for (const Series& one : page.series) {
    protozero::pbf_writer series(request, 1);
    for (const auto& [name, value] : one.labels) {
      protozero::pbf_writer pair(series, 1);
      pair.add_string(1, name);
      pair.add_string(2, value);
    }
    protozero::pbf_writer sample(series, 2);
    sample.add_double(1, one.value);
    sample.add_int64(2, ToMillis(one.time));
  }
  for (const auto& [family, type] : page.types) {
    protozero::pbf_writer metadata(request, 3);
    metadata.add_enum(1, static_cast<std::int32_t>(type));
    metadata.add_string(2, family);
  }
  return message;
}

// The message of remote write 2.0: texts once, in front, and numbers that name them.
std::string WriteRequest2(const Page& page) {
  std::vector<std::string> symbols = {""};
  std::map<std::string, std::uint32_t> numbers = {{"", 0}};
  const auto number_of = [&](const std::string& text) {
    const auto [at, added] = numbers.emplace(text, static_cast<std::uint32_t>(symbols.size()));
    if (added) symbols.push_back(text);
    return at->second;
  };
  std::string all_series;
  protozero::pbf_writer request(all_series);
  for (const Series& one : page.series) {
    std::vector<std::uint32_t> refs;
    for (const auto& [name, value] : one.labels) {
      refs.push_back(number_of(name));
      refs.push_back(number_of(value));
    }
    protozero::pbf_writer series(request, 5);
    series.add_packed_uint32(1, refs.begin(), refs.end());
    {
      protozero::pbf_writer sample(series, 2);
      sample.add_double(1, one.value);
      sample.add_int64(2, ToMillis(one.time));
    }
    const auto type = page.types.find(one.family);
    protozero::pbf_writer metadata(series, 5);
    if (type != page.types.end()) metadata.add_enum(1, static_cast<std::int32_t>(type->second));
  }
  std::string message;
  protozero::pbf_writer writer(message);
  for (const std::string& symbol : symbols) writer.add_string(4, symbol);
  return message + all_series;
}

struct Message {
  std::string_view name, content_type, version;
  std::string (*write)(const Page& page);
};
constexpr Message kMessages[] = {
    {"prometheus.WriteRequest", "application/x-protobuf", "0.1.0", &WriteRequest},
    {"io.prometheus.write.v2.Request",
     "application/x-protobuf;proto=io.prometheus.write.v2.Request", "2.0.0", &WriteRequest2}};

constexpr std::size_t kMostOfBody = 1024;  // of an error's text

Result<> PushOne(ApiClient& client, const std::string& text, const LabelMap& extra,
                 const Message& message) {
  const auto now = std::chrono::floor<Millis>(std::chrono::system_clock::now());
  auto page = ReadPage(text, extra, now);
  if (!page) return std::move(page).error();
  net::Headers headers{{"Content-Type", std::string(message.content_type)},
                       {"Content-Encoding", "snappy"},
                       {"X-Prometheus-Remote-Write-Version", std::string(message.version)}};
  auto response = client.Fetch("POST", "", remote::Snappy(message.write(*page)), headers);
  if (!response) return std::move(response).error();
  if (response->status / 100 == 2) return {};
  return Error(Code::kUnavailable, "server returned HTTP status " + response->StatusLine() + ": " +
                                       response->body.substr(0, kMostOfBody));
}

int Push(std::span<const std::string> args, Streams streams) {
  auto line = Arguments::Parse(args, kPushFlags, kPushWords);
  if (!line) return Misused(streams, line.error());
  const auto files = std::span(line->words()).subspan(1);
  if (auto there = CheckFilesExist(files); !there) return Misused(streams, there.error());
  const auto timeout = line->Duration("timeout", std::chrono::seconds(30));
  if (!timeout) return Misused(streams, timeout.error());
  const auto name = line->Choice("protobuf_message", {kMessages[0].name, kMessages[1].name});
  if (!name) return Misused(streams, name.error());
  const Message& message = kMessages[*name == kMessages[0].name ? 0 : 1];
  LabelMap extra;
  for (const std::string& label : line->Values("label")) {
    const auto equal = label.find('=');
    if (equal == std::string::npos) {
      return Misused(streams, Error(Code::kInvalid, "expected KEY=VALUE got '" + label + "'"));
    }
    extra[label.substr(0, equal)] = label.substr(equal + 1);
  }
  if (extra.empty()) extra["job"] = "promtool";
  // A server's bare address means its receiver.
  std::string target = line->words()[0];
  if (const auto url = net::Url::Parse(target); url && (url->path.empty() || url->path == "/")) {
    while (target.ends_with('/')) target.pop_back();
    target += line->Value("remote-write.path", "/api/v1/write");
  }
  auto client =
      ApiClient::Make(target, line->Value("http.config.file"), line->Values("header"), *timeout);
  if (!client) return Misused(streams, client.error());
  bool failed = false;
  // `what` is "metrics", or names the file.
  const auto push = [&](std::istream& in, const std::string& what) {
    const std::string page(std::istreambuf_iterator<char>(in), {});
    auto pushed = PushOne(**client, page, extra, message);
    if (pushed) {
      streams.out << "  SUCCESS: " << what << " pushed to remote write.\n";
    } else {
      streams.err << "  FAILED: " << pushed.error().message() << "\n";
      failed = true;
    }
  };
  if (files.empty()) {
    streams.out << "Parsing standard input\n";
    push(streams.in, "metrics");
  }
  for (const std::string& file : files) {
    streams.out << "Parsing metrics file " << file << "\n";
    std::ifstream in(file, std::ios::binary);
    push(in, "metrics file " + file);
  }
  return failed ? 1 : 0;
}

}  // namespace

std::vector<Command> PushCommands() {
  return {{"push metrics", kPushWords, "Push metrics to a remote write receiver, for tests.", Push,
           kPushFlags}};
}

}  // namespace meerkat::commands
