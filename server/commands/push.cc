#include <chrono>
#include <fstream>
#include <istream>
#include <iterator>
#include <map>
#include <ostream>
#include <protozero/pbf_writer.hpp>
#include <string>

#include "server/commands/api_client.h"
#include "server/commands/query.h"
#include "server/commands/tsdb_session.h"
#include "server/remote/snappy_body.h"
#include "server/scrape/exposition/parser.h"

namespace meerkat::commands {
namespace {

constexpr std::string_view kWithValue[] = {
    "--label",         "--timeout", "--header", "--http.config.file", "--remote-write.path",
    "--enable-feature"};
constexpr std::string_view kAlone[] = {"--experimental"};

using LabelMap = std::map<std::string, std::string>;

// A page of metrics as a remote write request; samples without a time get `now`.
Result<std::string> ToWriteRequest(const std::string& page, const LabelMap& extra, Timestamp now) {
  auto parser = scrape::NewParser(page, "text/plain; version=0.0.4", std::nullopt, {});
  if (!parser) return std::move(parser).error();
  std::string message;
  protozero::pbf_writer request(message);
  scrape::RawLabels raw;
  for (;;) {
    auto entry = (*parser)->Next();
    if (!entry) return std::move(entry).error();
    if (*entry == scrape::Entry::kEnd) return message;
    if (*entry == scrape::Entry::kType) {
      protozero::pbf_writer metadata(request, 3);
      metadata.add_enum(1, static_cast<std::int32_t>((*parser)->type()));
      metadata.add_string(2, std::string((*parser)->name()));
    }
    if (*entry != scrape::Entry::kSeries) continue;
    LabelMap labels = extra;
    (*parser)->GetLabels(raw);
    for (const auto& [name, value] : raw) labels[name] = value;
    protozero::pbf_writer series(request, 1);
    for (const auto& [name, value] : labels) {
      protozero::pbf_writer pair(series, 1);
      pair.add_string(1, name);
      pair.add_string(2, value);
    }
    protozero::pbf_writer sample(series, 2);
    sample.add_double(1, (*parser)->value());
    sample.add_int64(2, ToMillis((*parser)->time().value_or(now)));
  }
}

Result<> PushOne(ApiClient& client, const std::string& page, const LabelMap& extra) {
  const auto now = std::chrono::floor<Millis>(std::chrono::system_clock::now());
  auto message = ToWriteRequest(page, extra, now);
  if (!message) return std::move(message).error();
  net::Headers headers{{"Content-Type", "application/x-protobuf"},
                       {"Content-Encoding", "snappy"},
                       {"X-Prometheus-Remote-Write-Version", "0.1.0"}};
  auto response = client.Fetch("POST", "", remote::Snappy(*message), headers);
  if (!response) return std::move(response).error();
  if (response->status / 100 == 2) return {};
  return Error(Code::kUnavailable, "server returned HTTP status " + response->StatusLine() + ": " +
                                       response->body.substr(0, response->body.find('\n')));
}

int Push(std::span<const std::string> args, Streams streams) {
  auto line = CommandLine::Read(args, kWithValue, kAlone);
  if (!line) return Fail(streams, line.error());
  if (line->words().empty()) {
    return Fail(streams,
                Error(Code::kInvalid, "required argument 'remote-write-url' not provided"));
  }
  LabelMap extra;
  for (const std::string& label : line->All("--label")) {
    const auto equal = label.find('=');
    if (equal == std::string::npos) {
      return Fail(streams, Error(Code::kInvalid, "expected KEY=VALUE got '" + label + "'"));
    }
    extra[label.substr(0, equal)] = label.substr(equal + 1);
  }
  if (extra.empty()) extra["job"] = "promtool";
  // A server's bare address means its receiver.
  std::string target = line->words()[0];
  if (const auto url = net::Url::Parse(target); url && (url->path.empty() || url->path == "/")) {
    while (target.ends_with('/')) target.pop_back();
    target += line->Get("--remote-write.path", "/api/v1/write");
  }
  auto client = ApiClient::Make(target, line->Get("--http.config.file", ""), line->All("--header"));
  if (!client) return Fail(streams, client.error());
  bool failed = false;
  // `what` is "metrics", or names the file.
  const auto push = [&](std::istream& in, const std::string& what) {
    const std::string page(std::istreambuf_iterator<char>(in), {});
    auto pushed = PushOne(**client, page, extra);
    if (pushed) {
      streams.out << "  SUCCESS: " << what << " pushed to remote write.\n";
    } else {
      streams.err << "  FAILED: " << pushed.error().message() << "\n";
      failed = true;
    }
  };
  if (line->words().size() == 1) {
    streams.out << "Parsing standard input\n";
    push(streams.in, "metrics");
  }
  for (std::size_t i = 1; i < line->words().size(); ++i) {
    const std::string& file = line->words()[i];
    streams.out << "Parsing metrics file " << file << "\n";
    std::ifstream in(file, std::ios::binary);
    if (in) {
      push(in, "metrics file " + file);
    } else {
      streams.err << "  FAILED: open " << file << ": no such file or directory\n";
      failed = true;
    }
  }
  return failed ? 1 : 0;
}

}  // namespace

std::vector<Command> PushCommands() {
  return {{"push metrics", "[--label NAME=VALUE…] URL [FILE…]",
           "Push metrics to a remote write receiver, for tests.", Push}};
}

}  // namespace meerkat::commands
