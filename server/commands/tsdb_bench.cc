// How fast a directory on this machine takes samples: promtool's `tsdb bench write`.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>
#include <unordered_map>

#include "server/commands/tsdb_session.h"

namespace meerkat::commands {
namespace {

constexpr std::size_t kSeriesOfATarget = 1000;
constexpr std::int64_t kScrapesOfARound = 100;
constexpr Millis kInterval = std::chrono::seconds(30);

// The label sets of a file, each an object in JSON on a line of its own, as `tsdb dump
// --format=seriesjson` writes them: the first `most` different ones.
Result<std::vector<Labels>> ReadSeries(const std::string& path, std::size_t most) {
  std::ifstream file(path);
  if (!file) return Error(Code::kNotFound, "open " + path + ": no such file or directory");
  std::vector<Labels> series;
  std::unordered_map<Labels, bool> known;
  std::string line;
  for (std::size_t number = 1; series.size() < most && std::getline(file, line); ++number) {
    if (line.empty()) continue;
    const auto object = nlohmann::json::parse(line, nullptr, false);
    std::vector<Label> labels;
    bool sound = object.is_object();
    for (const auto& [name, value] : object.items()) {
      sound = sound && value.is_string();
      if (sound) labels.push_back({name, value.get_ref<const std::string&>()});
    }
    if (!sound) {
      return Error(Code::kInvalid,
                   path + ": line " + std::to_string(number) + ": not the labels of a series");
    }
    Labels one = Labels::From(std::move(labels));
    if (!one.empty() && known.try_emplace(one, true).second) series.push_back(std::move(one));
  }
  if (series.empty()) return Error(Code::kInvalid, path + ": no series");
  return series;
}

// One target: its series at `kScrapesOfARound` times, from `first` on.
Result<> Scrape(tsdb::Database& database, tsdb::Source& source, std::span<const Labels> series,
                Timestamp begin, std::int64_t first, std::int64_t end) {
  std::vector<tsdb::SeriesRef> refs;
  for (std::int64_t scrape = first; scrape < end; ++scrape) {
    auto appender = database.NewAppender(&source);
    for (std::size_t i = 0; i < series.size(); ++i) {
      if (refs.size() == i) refs.push_back(appender->Resolve(series[i]));
      const auto value = 123456789 + 1000 * static_cast<double>(scrape);
      const auto refusal = appender->Append(refs[i], begin + scrape * kInterval, value);
      if (refusal != tsdb::Refusal::kNone) {
        return Error(Code::kInternal, series[i].ToString() + " was refused");
      }
    }
    if (auto committed = appender->Commit(); !committed) return committed;
  }
  return {};
}

// All targets side by side, a round after the other.
Result<> Ingest(tsdb::Database& database, std::span<const Labels> series, std::int64_t scrapes) {
  const std::size_t targets = (series.size() + kSeriesOfATarget - 1) / kSeriesOfATarget;
  std::vector<std::unique_ptr<tsdb::Source>> sources(targets);
  for (auto& source : sources) source = database.NewSource();
  const Timestamp begin = FromMillis(0);
  for (std::int64_t first = 0; first < scrapes; first += kScrapesOfARound) {
    const std::int64_t end = std::min(scrapes, first + kScrapesOfARound);
    std::atomic<std::size_t> next{0};
    std::vector<Result<>> done(targets);
    std::vector<std::jthread> workers;
    const std::size_t threads =
        std::min<std::size_t>(targets, std::max(1u, std::thread::hardware_concurrency()));
    for (std::size_t t = 0; t < threads; ++t) {
      workers.emplace_back([&] {
        for (std::size_t i = next++; i < targets; i = next++) {
          const std::size_t at = i * kSeriesOfATarget;
          const auto own = series.subspan(at, std::min(kSeriesOfATarget, series.size() - at));
          done[i] = Scrape(database, *sources[i], own, begin, first, end);
        }
      });
    }
    workers.clear();
    for (Result<>& one : done) {
      if (!one) return std::move(one);
    }
  }
  return {};
}

// Tells how long `work` takes, in promtool's words.
template <typename Work>
double Stage(std::ostream& out, const char* name, Work&& work) {
  out << ">> start stage=" << name << std::endl;
  const auto start = std::chrono::steady_clock::now();
  work();
  const auto took = std::chrono::steady_clock::now() - start;
  const std::chrono::duration<double> seconds = took;
  out << ">> completed stage=" << name
      << " duration=" << LengthOf(std::chrono::duration_cast<Millis>(took)) << std::endl;
  return seconds.count();
}

constexpr FlagRule kBenchFlags[] = {
    {"out", '\0', true, "benchout", "Folder for the data; it stays, to be looked at."},
    {"metrics", '\0', true, "10000", "How many series to read."},
    {"scrapes", '\0', true, "3000", "How many scrapes of each, half a minute apart."}};

int RunBenchWrite(std::span<const std::string> args, Streams streams) {
  auto arguments = Arguments::Parse(args, kBenchFlags, "FILE");
  if (!arguments) return Misused(streams, arguments.error());
  const auto metrics = arguments->Integer("metrics", 10000);
  if (!metrics) return Misused(streams, metrics.error());
  const auto scrapes = arguments->Integer("scrapes", 3000);
  if (!scrapes) return Misused(streams, scrapes.error());
  const std::filesystem::path path =
      std::filesystem::path(arguments->Value("out", "benchout")) / "storage";
  std::error_code ignored;
  std::filesystem::remove_all(path, ignored);
  std::filesystem::create_directories(path.parent_path(), ignored);

  Result<std::vector<Labels>> series = std::vector<Labels>();
  Stage(streams.out, "readData", [&] {
    series = ReadSeries(arguments->words()[0],
                        static_cast<std::size_t>(std::max<std::int64_t>(0, *metrics)));
  });
  if (!series) return Fail(streams, series.error());
  auto session = Session::Open(path, true);
  if (!session) return Fail(streams, session.error());
  Result<> done;
  const double seconds = Stage(streams.out, "ingestScrapes", [&] {
    done = Ingest((*session)->database(), *series, *scrapes);
    if (done) streams.out << "ingestion completed\n";
  });
  if (!done) return Fail(streams, done.error());
  const auto samples =
      series->size() * static_cast<std::uint64_t>(std::max<std::int64_t>(0, *scrapes));
  streams.out << " > total samples: " << samples << "\n > samples/sec: "
              << static_cast<std::uint64_t>(static_cast<double>(samples) / seconds) << "\n";
  Stage(streams.out, "stopStorage", [&] { session->reset(); });
  return 0;
}

}  // namespace

std::vector<Command> TsdbBenchCommands() {
  return {{"tsdb bench write", "FILE", "Measure how fast samples of a file's series are written.",
           &RunBenchWrite, kBenchFlags}};
}

}  // namespace meerkat::commands
