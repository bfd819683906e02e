// What a data directory holds: dump, list, verify.
#include <algorithm>
#include <atomic>
#include <iostream>
#include <limits>

#include "base/rfc3339.h"
#include "promql/histogram_buckets.h"
#include "promql/parser.h"
#include "server/commands/tsdb_session.h"
#include "tsdb/transfer.h"

namespace meerkat::commands {
namespace {

constexpr std::string_view kDefaultPath = "data/";

std::string PathOf(const Arguments& arguments) {
  return arguments.words().empty() ? std::string(kDefaultPath) : arguments.words()[0];
}

Result<std::vector<std::vector<Matcher>>> SelectorsOf(const Arguments& arguments) {
  std::vector<std::vector<Matcher>> selectors;
  for (const std::string& text : arguments.Values("match")) {
    auto matchers = promql::ParseSelector(text);
    if (!matchers) return std::move(matchers).error();
    selectors.push_back(std::move(*matchers));
  }
  return selectors;
}

Result<TimeRange> RangeOf(const Arguments& arguments) {
  auto min = arguments.Integer("min-time", std::numeric_limits<std::int64_t>::min());
  if (!min) return std::move(min).error();
  auto max = arguments.Integer("max-time", std::numeric_limits<std::int64_t>::max());
  if (!max) return std::move(max).error();
  return TimeRange{FromMillis(*min), FromMillis(*max)};
}

Result<> DumpTo(Streams streams, const Arguments& arguments, tsdb::DumpFormat format) {
  auto selectors = SelectorsOf(arguments);
  if (!selectors) return std::move(selectors).error();
  auto range = RangeOf(arguments);
  if (!range) return std::move(range).error();
  auto session = Session::Open(PathOf(arguments), false);
  if (!session) return std::move(session).error();
  const tsdb::DumpOptions options{.format = format,
                                  .range = *range,
                                  .selectors = std::move(*selectors),
                                  .histogram_text = &promql::FormatHistogram};
  return tsdb::Dump((*session)->database(), options, [&](std::string_view piece) -> Result<> {
    if (streams.out.write(piece.data(), static_cast<std::streamsize>(piece.size()))) return {};
    return Error(Code::kUnavailable, "the output cannot be written");
  });
}

constexpr FlagRule kDumpFlags[] = {
    {"min-time", '\0', true, "MS", "First time to print, in milliseconds since 1970."},
    {"max-time", '\0', true, "MS", "Last time to print."},
    {"match", '\0', true, "SELECTOR", "Series to print; may be repeated."},
    {"format", '\0', true, "prom", "prom or seriesjson."},
    {"sandbox-dir-root", '\0', true, "DIR", "Accepted; nothing is written for a dump."}};
constexpr std::string_view kDumpWords = "[DB-PATH]";

int RunDump(std::span<const std::string> args, Streams streams) {
  auto arguments = Arguments::Parse(args, kDumpFlags, kDumpWords);
  if (!arguments) return Misused(streams, arguments.error());
  const auto format = arguments->Choice("format", {"prom", "seriesjson"});
  if (!format) return Misused(streams, format.error());
  const auto dumped =
      DumpTo(streams, *arguments,
             *format == "prom" ? tsdb::DumpFormat::kPrometheus : tsdb::DumpFormat::kSeriesJson);
  return dumped ? 0 : Fail(streams, dumped.error());
}

int RunDumpOpenMetrics(std::span<const std::string> args, Streams streams) {
  auto arguments = Arguments::Parse(args, kDumpFlags, kDumpWords);
  if (!arguments) return Misused(streams, arguments.error());
  const auto dumped = DumpTo(streams, *arguments, tsdb::DumpFormat::kOpenMetrics);
  return dumped ? 0 : Fail(streams, dumped.error());
}

// Rows of words in columns two spaces apart.
void PrintTable(std::ostream& out, const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      out << row[i];
      if (i + 1 < row.size()) out << std::string(widths[i] + 2 - row[i].size(), ' ');
    }
    out << "\n";
  }
}

// 7KiB316B: whole units, the two greatest.
std::string ReadableBytes(std::uint64_t bytes) {
  constexpr std::string_view kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  std::string text;
  int written = 0;
  for (int unit = 6; unit >= 0 && written < 2; --unit) {
    const std::uint64_t count = bytes >> (10 * unit) & 1023;
    if (count == 0 && (written == 0 || unit > 0)) {
      if (written > 0) break;
      continue;
    }
    if (count > 0) text += std::to_string(count) + std::string(kUnits[unit]);
    ++written;
  }
  return text.empty() ? "0B" : text;
}

constexpr FlagRule kListFlags[] = {
    {"human-readable", 'r', false, "", "Times and sizes for people."}};

int RunList(std::span<const std::string> args, Streams streams) {
  auto arguments = Arguments::Parse(args, kListFlags, "[DB-PATH]");
  if (!arguments) return Misused(streams, arguments.error());
  const bool readable = arguments->On("human-readable");
  auto session = Session::Open(PathOf(*arguments), false);
  if (!session) return Fail(streams, session.error());
  std::vector<std::vector<std::string>> rows = {{"BLOCK ULID", "MIN TIME", "MAX TIME", "DURATION",
                                                 "NUM SAMPLES", "NUM CHUNKS", "NUM SERIES",
                                                 "SIZE"}};
  auto blocks = (*session)->database().Blocks();
  std::sort(blocks.begin(), blocks.end(),
            [](const auto& a, const auto& b) { return a.range.min < b.range.min; });
  const auto time = [readable](Timestamp t) {
    if (!readable) return std::to_string(ToMillis(t));
    // 2006-01-02 15:04:05 +0000 UTC, as Go prints a time.
    std::string text = FormatRfc3339(std::chrono::floor<std::chrono::seconds>(t));
    text[text.find('T')] = ' ';
    text.pop_back();
    return text + " +0000 UTC";
  };
  for (const auto& block : blocks) {
    // Upstream's blocks end behind their last sample.
    const Timestamp end = block.range.max + Millis(1);
    rows.push_back({block.id, time(block.range.min), time(end), LengthOf(end - block.range.min),
                    std::to_string(block.samples), std::to_string(block.chunks),
                    std::to_string(block.series),
                    readable ? ReadableBytes(block.bytes) : std::to_string(block.bytes)});
  }
  PrintTable(streams.out, rows);
  return 0;
}

// Reads every sample there is, so that every checksum is looked at. What the store finds damaged it
// names in its log, each place once.
int RunVerify(std::span<const std::string> args, Streams streams) {
  auto arguments = Arguments::Parse(args, {}, "[DB-PATH]");
  if (!arguments) return Misused(streams, arguments.error());
  std::atomic<std::uint64_t> found{0};
  auto session =
      Session::Open(PathOf(*arguments), false,
                    Logger(LogLevel::kWarn, Logger::Format::kLogfmt, [&](std::string_view line) {
                      ++found;
                      streams.err << line;
                    }));
  if (!session) return Fail(streams, session.error());
  auto querier = (*session)->database().NewQuerier({});
  if (!querier) return Fail(streams, querier.error());
  auto set = (*querier)->Select({}, {.sorted = false});
  if (!set) return Fail(streams, set.error());
  tsdb::SeriesColumns columns;
  std::uint64_t series = 0;
  std::uint64_t samples = 0;
  std::uint64_t damaged = 0;
  for (;;) {
    auto more = (*set)->Next();
    if (!more) return Fail(streams, more.error());
    if (!*more) break;
    if (!(*set)->Read(columns)) ++damaged;
    ++series;
    samples += columns.size();
  }
  streams.out << series << " series, " << samples << " samples, " << damaged
              << " series with damage\n";
  return damaged == 0 && found == 0 ? 0 : 1;
}

}  // namespace

std::vector<Command> TsdbShowCommands() {
  return {
      {"tsdb dump", kDumpWords, "Print samples, one a line.", &RunDump, kDumpFlags},
      {"tsdb dump-openmetrics", kDumpWords,
       "Print samples as OpenMetrics, to be imported elsewhere.", &RunDumpOpenMetrics, kDumpFlags},
      {"tsdb list", "[DB-PATH]", "List the sealed parts.", &RunList, kListFlags},
      {"tsdb verify", "[DB-PATH]", "Read everything and name what is damaged.", &RunVerify},
  };
}

}  // namespace meerkat::commands
