// What a sample costs in the store, without network and parsing.
//
//   head_bench [targets] [step] [directory]     default: 50 targets, every scrape, a new temporary
//                                               directory (put it on a real disk)
//
// Each target replays the recorded node and Prometheus scrapes with an instance label of its own.
// Prints CPU per sample (of the whole process, upkeep included) to append and journal, to seal, to
// bring to long-term form, to read, to push by labels, and to start again; bytes per sample;
// memory.
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/manual_clock.h"
#include "tests/bench/recorded.h"
#include "tsdb/database.h"

namespace meerkat::bench {
namespace {

double CpuSeconds() {
  timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

double ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  double pages = 0;
  statm >> pages >> pages;
  return pages * static_cast<double>(sysconf(_SC_PAGESIZE));
}

double WrittenBytes() {
  std::ifstream io("/proc/self/io");
  std::string key;
  double value = 0;
  while (io >> key >> value) {
    if (key == "wchar:") return value;
  }
  return 0;
}

double DirectoryBytes(const std::filesystem::path& path) {
  double bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
    if (entry.is_regular_file()) bytes += static_cast<double>(entry.file_size());
  }
  return bytes;
}

// Prints the phase's CPU per sample when it ends.
class Phase {
 public:
  Phase(const char* name, double samples) : name_(name), samples_(samples), begin_(CpuSeconds()) {}
  ~Phase() {
    std::printf("%-34s %7.1f ns/sample\n", name_, (CpuSeconds() - begin_) * 1e9 / samples_);
    std::fflush(stdout);
  }

 private:
  const char* name_;
  double samples_;
  double begin_;
};

Labels LabelsOf(const std::string& job, const std::string& key, std::size_t target) {
  const std::string instance = "host-" + std::to_string(target) + ":9100";
  return Labels{{"__name__", key.substr(0, key.find('{'))},
                {"instance", instance},
                {"key", key},
                {"job", job}};
}

struct Load {
  Recorded data;
  std::size_t first_prom = 0;  // series from here on are of the second job
  std::string JobOf(std::size_t series) const {
    return series < first_prom ? "node" : "prometheus";
  }
  // By scrape: series and value.
  std::vector<std::vector<std::pair<std::uint32_t, double>>> scrapes;
};

Load LoadAll(std::size_t step) {
  Load load;
  load.data = LoadRecorded("node", step);
  const Recorded prom = LoadRecorded("prom", step);
  const std::size_t rows = std::min(load.data.times.size(), prom.times.size());
  load.scrapes.resize(rows);
  load.first_prom = load.data.series.size();
  load.data.series.insert(load.data.series.end(), prom.series.begin(), prom.series.end());
  for (std::uint32_t s = 0; s < load.data.series.size(); ++s) {
    const RecordedSeries& series = load.data.series[s];
    for (std::size_t i = 0; i < series.rows.size(); ++i) {
      if (series.rows[i] < rows) load.scrapes[series.rows[i]].emplace_back(s, series.values[i]);
    }
  }
  return load;
}

std::unique_ptr<tsdb::Database> OpenAt(const std::filesystem::path& path, const Clock& clock,
                                       Registry& registry) {
  tsdb::Options options;
  options.path = path;
  options.lock_file = false;
  auto opened = tsdb::Database::Open(options, clock, registry,
                                     Logger::ToStderr(LogLevel::kWarn, Logger::Format::kLogfmt));
  if (!opened) {
    std::fprintf(stderr, "%s\n", opened.error().message().c_str());
    std::exit(1);
  }
  return std::move(*opened);
}

void ReadAll(tsdb::Database& database, double samples, const char* name) {
  const Phase phase(name, samples);
  auto querier = database.NewQuerier({});
  auto set = (*querier)->Select({}, {});
  tsdb::SeriesColumns columns;
  double read = 0;
  while (*(*set)->Next()) {
    if (!(*set)->Read(columns)) std::printf("unreadable series\n");
    read += static_cast<double>(columns.size());
  }
  if (read != samples) std::printf("read %.0f of %.0f samples\n", read, samples);
}

int Run(std::size_t targets, std::size_t step, const std::string& directory) {
  const Load load = LoadAll(step);
  if (load.scrapes.empty()) {
    std::printf("the recorded scrapes are not there\n");
    return 1;
  }
  std::string name = directory + "/head-bench-XXXXXX";
  const std::filesystem::path path = mkdtemp(name.data());
  ManualClock clock(load.data.times[0]);
  double samples = 0;
  for (const auto& scrape : load.scrapes) samples += static_cast<double>(scrape.size());
  samples *= static_cast<double>(targets);
  std::printf("%zu targets, %zu series each, %zu scrapes: %.1f M samples\n", targets,
              load.data.series.size(), load.scrapes.size(), samples / 1e6);
  const double series = static_cast<double>(targets * load.data.series.size());
  {
    Registry registry;
    auto database = OpenAt(path, clock, registry);
    std::vector<std::unique_ptr<tsdb::Source>> sources(targets);
    for (auto& source : sources) source = database->NewSource();
    std::vector<std::vector<tsdb::SeriesRef>> refs(
        targets, std::vector<tsdb::SeriesRef>(load.data.series.size()));
    const double resident = ResidentBytes();
    const double written = WrittenBytes();
    {
      const Phase phase("append, journal, seal", samples);
      for (std::size_t row = 0; row < load.scrapes.size(); ++row) {
        clock.AdvanceTo(load.data.times[row]);
        for (std::size_t t = 0; t < targets; ++t) {
          // Targets are scraped one after the other, not at once.
          const Timestamp time = load.data.times[row] + Millis(t);
          auto appender = database->NewAppender(sources[t].get());
          for (const auto& [s, value] : load.scrapes[row]) {
            tsdb::SeriesRef& ref = refs[t][s];
            if (ref == tsdb::SeriesRef::kNone) {
              ref = appender->Resolve(LabelsOf(load.JobOf(s), load.data.series[s].key, t));
            }
            appender->Append(ref, time, value);
          }
          if (!appender->Commit()) return 1;
        }
        if (row == 38) {
          std::printf(
              "after 39 scrapes: %.0f B/series resident, %.2f B/sample written\n",
              (ResidentBytes() - resident) / series,
              (WrittenBytes() - written) / samples * static_cast<double>(load.scrapes.size()) / 39);
        }
      }
    }
    std::printf("at the end: %.0f B/series resident\n", (ResidentBytes() - resident) / series);
    ReadAll(*database, samples, "read all, partly from the head");
    {
      const Phase phase("seal the rest", samples);
      if (!database->Seal()) return 1;
    }
    std::printf("written so far: %.2f B/sample\n", (WrittenBytes() - written) / samples);
    {
      const Phase phase("long-term form", samples);
      if (!database->Compact()) return 1;
    }
    if (std::getenv("LIST")) std::system(("ls -la " + path.string() + "/db").c_str());
    std::printf("on disk: %.3f B/sample (blocks %.3f)\n", DirectoryBytes(path) / samples,
                static_cast<double>(database->DiskBytes()) / samples);
    ReadAll(*database, samples, "read all, cold");
    ReadAll(*database, samples, "read all, warm");
  }
  {
    Registry registry;
    auto database = OpenAt(path, clock, registry);
    constexpr int kRows = 40;
    const double pushed = series * kRows;
    const Phase phase("push, labels resolved each time", pushed);
    std::vector<Labels> labels;
    for (std::size_t t = 0; t < targets; ++t) {
      for (std::size_t s = 0; s < load.data.series.size(); ++s) {
        labels.push_back(LabelsOf(load.JobOf(s), load.data.series[s].key, t));
      }
    }
    for (int row = 0; row < kRows; ++row) {
      for (std::size_t first = 0; first < labels.size(); first += 2000) {
        auto appender = database->NewAppender();
        const std::size_t last = std::min(first + 2000, labels.size());
        for (std::size_t i = first; i < last; ++i) {
          appender->Append(appender->Resolve(labels[i]),
                           load.data.times.back() + std::chrono::seconds(15 * (row + 1)),
                           static_cast<double>(row * 7 + static_cast<int>(i % 5)));
        }
        if (!appender->Commit()) return 1;
      }
    }
  }
  {
    Registry registry;
    const double begin = CpuSeconds();
    auto database = OpenAt(path, clock, registry);
    std::printf("start: %.3f s CPU for %.2f M series and what the journal held\n",
                CpuSeconds() - begin, series / 1e6);
  }
  std::filesystem::remove_all(path);
  return 0;
}

}  // namespace
}  // namespace meerkat::bench

int main(int argc, char** argv) {
  const std::size_t targets = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 50;
  const std::size_t step = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 1;
  return meerkat::bench::Run(std::max<std::size_t>(targets, 1), std::max<std::size_t>(step, 1),
                             argc > 3 ? argv[3] : "/tmp");
}
