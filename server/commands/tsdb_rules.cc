#include "server/commands/tsdb_rules.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <ostream>

#include "alerting/rules.h"
#include "base/number.h"
#include "base/quote.h"
#include "base/rfc3339.h"
#include "server/commands/api_client.h"
#include "server/commands/tsdb_session.h"
#include "server/config/rule_files.h"

namespace meerkat::commands {
namespace {

constexpr Millis kWindow = std::chrono::hours(2);  // of one question, so that answers stay small

constexpr FlagRule kFlags[] = {
    {"url", '\0', true, "http://localhost:9090", "Server with the data to compute from."},
    {"start", '\0', true, "TIME", "First time: RFC 3339 or Unix seconds.", true},
    {"end", '\0', true, "TIME", "Last time; three hours ago by default."},
    {"output-dir", '\0', true, "data/", "Data directory to write to; made when there is none."},
    {"eval-interval", '\0', true, "60s", "Interval of groups that name none."},
    kHttpConfigFlag,
    kExperimentalFlag,
    kFeatureFlag};
constexpr std::string_view kWords = "RULE-FILES…";

Result<Timestamp> TimeOf(const std::string& text, std::string_view what) {
  if (const auto seconds = ParseFloat(text); seconds && std::abs(*seconds) < 1e12) {
    return FromMillis(std::llround(*seconds * 1000));
  }
  if (const auto time = ParseRfc3339(text)) return *time;
  return Error(Code::kInvalid, "error parsing " + std::string(what) + " time: cannot parse " +
                                   Quote(text) + " to a valid timestamp");
}

// The labels of a rule's series: those of the result, the rule's over them.
Labels LabelsOf(const nlohmann::ordered_json& metric, const config::RuleGroupEntry& group,
                const config::RuleEntry& rule) {
  LabelsBuilder labels;
  for (const auto& [name, value] : metric.items()) labels.Set(name, value.get<std::string>());
  labels.Set(kMetricName, rule.record);
  for (const auto& [name, value] : group.labels) labels.Set(name, value);
  for (const auto& [name, value] : rule.labels) labels.Set(name, value);
  return labels.Build();
}

class Backfill {
 public:
  Backfill(ApiClient& client, tsdb::Database& database, TimeRange range, Millis interval)
      : client_(client), database_(database), range_(range), interval_(interval) {}

  // Errors of rules, one each; the others are computed all the same.
  std::vector<std::string> Run(const config::RuleFile& file) {
    std::vector<std::string> errors;
    for (const config::RuleGroupEntry& group : file.groups) {
      const Millis interval = group.interval.value_or(interval_);
      // Where the server itself would have evaluated it.
      alerting::RuleGroupConfig ticks;
      ticks.name = group.name;
      ticks.file = file.path;
      ticks.interval = interval;
      const Timestamp first = alerting::FirstTick(ticks, range_.min);
      for (const config::RuleEntry& rule : group.rules) {
        if (rule.record.empty()) continue;  // what alerts did is not stored
        for (Timestamp at = first; at <= range_.max;) {
          const Timestamp end = std::min(at + kWindow / interval * interval, range_.max);
          if (auto done = Compute(group, rule, {at, end}, interval); !done) {
            errors.push_back(done.error().message());
            break;
          }
          at += (end - at) / interval * interval + interval;
        }
      }
    }
    return errors;
  }

  std::uint64_t samples() const { return samples_; }

 private:
  Result<> Compute(const config::RuleGroupEntry& group, const config::RuleEntry& rule,
                   TimeRange range, Millis interval) {
    const auto seconds = [](std::int64_t millis) {
      return FormatFloat(static_cast<double>(millis) / 1000, 'f');
    };
    net::Params form;
    form.Add("query", rule.expr);
    form.Add("start", seconds(ToMillis(range.min)));
    form.Add("end", seconds(ToMillis(range.max)));
    form.Add("step", seconds(interval.count()));
    std::vector<std::string> warnings;
    auto data = client_.Api("query_range", form, warnings);
    if (!data) return std::move(data).error().Within("query range");
    auto appender = database_.NewBackfillAppender();
    for (const auto& series : (*data)["result"]) {
      const auto values = series.find("values");
      if (values == series.end()) continue;
      const tsdb::SeriesRef ref = appender->Resolve(LabelsOf(series["metric"], group, rule));
      if (ref == tsdb::SeriesRef::kNone) return Error(Code::kUnavailable, "too many series");
      for (const auto& point : *values) {
        const Timestamp time = FromMillis(std::llround(point[0].get<double>() * 1000));
        const auto value = ParseFloat(point[1].get<std::string>());
        if (value && appender->Append(ref, time, *value) == tsdb::Refusal::kNone) ++samples_;
      }
    }
    return appender->Commit();
  }

  ApiClient& client_;
  tsdb::Database& database_;
  const TimeRange range_;
  const Millis interval_;
  std::uint64_t samples_ = 0;
};

// False when a file is wrong; why is told.
bool ReadFiles(std::span<const std::string> paths, std::vector<config::RuleFile>& files,
               std::ostream& err) {
  for (const std::string& path : paths) {
    std::ifstream in(path, std::ios::binary);
    const std::string text(std::istreambuf_iterator<char>(in), {});
    auto outcome = config::ReadRuleFile(path, text);
    for (const std::string& error : outcome.errors) {
      err << "rule importer parse error: " << error << "\n";
    }
    if (!outcome.errors.empty()) return false;
    files.push_back(std::move(outcome.file));
  }
  return true;
}

int CreateBlocksFromRules(std::span<const std::string> args, Streams streams) {
  const auto arguments = Arguments::Parse(args, kFlags, kWords);
  if (!arguments) return Misused(streams, arguments.error());
  if (auto there = CheckFilesExist(arguments->words()); !there) {
    return Misused(streams, there.error());
  }
  const auto interval = arguments->Duration("eval-interval", std::chrono::minutes(1));
  if (!interval) return Misused(streams, interval.error());
  if (interval->count() <= 0) {
    return Misused(streams, Error(Code::kInvalid, "--eval-interval must be greater than zero"));
  }
  const auto refuse = [&streams](std::string_view why) {
    streams.err << why << "\n";
    return 1;
  };
  const auto start = TimeOf(arguments->Value("start"), "start");
  if (!start) return refuse(start.error().message());
  const auto now = std::chrono::floor<Millis>(std::chrono::system_clock::now());
  Timestamp end = now - std::chrono::hours(3);
  if (arguments->Has("end")) {
    const auto given = TimeOf(arguments->Value("end"), "end");
    if (!given) return refuse(given.error().message());
    end = *given;
  }
  if (end <= *start) return refuse("start time is not before end time");
  std::vector<config::RuleFile> files;
  if (!ReadFiles(arguments->words(), files, streams.err)) return 1;
  auto client = ApiClient::Make(arguments->Value("url", "http://localhost:9090"),
                                arguments->Value("http.config.file"), {});
  if (!client) return Misused(streams, client.error());
  auto session = Session::Open(arguments->Value("output-dir", "data/"), true);
  if (!session) return Fail(streams, session.error());
  Backfill backfill(**client, (*session)->database(), {*start, end}, *interval);
  bool failed = false;
  for (const config::RuleFile& file : files) {
    for (const std::string& error : backfill.Run(file)) {
      streams.err << "rule importer error: " << error << "\n";
      failed = true;
    }
  }
  if (auto closed = (*session)->database().Close(); !closed) return Fail(streams, closed.error());
  if (failed) return refuse("error importing rules");
  streams.out << backfill.samples() << " samples\n";
  return 0;
}

}  // namespace

std::vector<Command> BackfillCommands() {
  return {{"tsdb create-blocks-from rules", kWords,
           "Compute recording rules for the past, from a server, into a data directory.",
           CreateBlocksFromRules, kFlags}};
}

}  // namespace meerkat::commands
