// What is left of series that are gone, and what a start with many costs.
//
//   cold_bench [base] [churned] [directory]     default: 100,000 series that stay and 1,000,000
//   that
//                                               come and go; a new temporary directory
//
// Time is simulated; scrapes come every 15 s, a target has 1,000 series. Three hours with the base
// alone; an hour in which pods of 1,000 series live for five minutes each; three more hours with
// the base alone. Memory before and after is the mean over the scrapes of the last of three hours,
// so that both see the head in all its states. Then questions about the past, and a start on this
// directory. Last, a start on another directory with `churned` series that all live.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/heap.h"
#include "base/manual_clock.h"
#include "tsdb/database.h"

namespace meerkat::bench {
namespace {

constexpr std::size_t kOfTarget = 1000;
constexpr std::int64_t kStep = 15'000;
constexpr std::size_t kHour = 3600'000 / kStep;
constexpr std::size_t kLife = 20;  // scrapes of a pod

double CpuSeconds() {
  timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

double ResidentMegabytes() {
  std::ifstream statm("/proc/self/statm");
  double pages = 0;
  statm >> pages >> pages;
  return pages * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1e6;
}

double DirectoryBytes(const std::filesystem::path& path) {
  double bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
    if (entry.is_regular_file()) bytes += static_cast<double>(entry.file_size());
  }
  return bytes;
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

Labels SeriesOf(const std::string& job, std::size_t target, std::size_t i) {
  return Labels{{"__name__", "metric_" + std::to_string(i / 10) + "_total"},
                {"container", "c" + std::to_string(i % 10)},
                {"job", job},
                {"namespace", "team-" + std::to_string(target % 50)},
                {"pod", job + "-" + std::to_string(target * 2654435761 % 4294967296)}};
}

// A target as a scrape loop keeps it: refs that are resolved once.
struct Target {
  std::string job;
  std::size_t number = 0;
  std::vector<tsdb::SeriesRef> refs;
  std::size_t scrapes = 0;

  void Scrape(tsdb::Database& database, std::int64_t time) {
    auto appender = database.NewAppender();
    refs.resize(kOfTarget, tsdb::SeriesRef::kNone);
    const double value = static_cast<double>(time % 1'000'003);
    for (std::size_t i = 0; i < kOfTarget; ++i) {
      const double v = i % 2 == 0 ? 1 : value + static_cast<double>(i);
      if (refs[i] != tsdb::SeriesRef::kNone &&
          appender->Append(refs[i], FromMillis(time), v) == tsdb::Refusal::kNone) {
        continue;
      }
      refs[i] = appender->Resolve(SeriesOf(job, number, i));
      if (appender->Append(refs[i], FromMillis(time), v) != tsdb::Refusal::kNone) std::abort();
    }
    if (!appender->Commit()) std::abort();
  }
};

class Simulation {
 public:
  Simulation(std::size_t base, std::size_t churned, std::filesystem::path path)
      : churned_(churned), path_(std::move(path)), clock_(FromMillis(time_)) {
    for (std::size_t i = 0; i < base / kOfTarget; ++i) base_.push_back({"base", i, {}, 0});
    database_ = OpenAt(path_, clock_, registry_);
  }

  void Run() {
    (void)Hours(3, 0);
    const double before = Hours(1, 0);
    const double cpu = CpuSeconds();
    const double during = Hours(1, churned_ / kOfTarget);
    std::printf("hour with %zu series in and out: %.1f s of CPU\n", churned_, CpuSeconds() - cpu);
    (void)Hours(2, 0);
    const double after = Hours(1, 0);
    std::printf(
        "resident: before %.1f MB, during %.1f MB, after %.1f MB: %+.1f %%, %.1f B a series gone\n",
        before, during, after, (after / before - 1) * 100,
        (after - before) * 1e6 / static_cast<double>(churned_));
    Ask("{job=\"pod\",__name__=\"metric_7_total\"}",
        {Matcher::Equal("job", "pod"), Matcher::Equal("__name__", "metric_7_total")});
    Ask("{pod=\"pod-0\"}", {Matcher::Equal("pod", "pod-0")});
    Ask("{pod=~\"pod-1.*\",container=\"c1\"}",
        {std::move(*Matcher::Make(Matcher::Type::kRegex, "pod", "pod-1.*")),
         Matcher::Equal("container", "c1")});
    AskValues();
    database_.reset();
    std::printf("on disk: %.1f MB\n", DirectoryBytes(path_) / 1e6);
    Registry registry;
    const double start = CpuSeconds();
    database_ = OpenAt(path_, clock_, registry);
    std::printf("start with them in the past: %.3f s of CPU\n", CpuSeconds() - start);
    database_.reset();
  }

 private:
  // The mean of memory over the scrapes.
  double Hours(std::size_t hours, std::size_t pods) {
    double sum = 0;
    const std::size_t steps = hours * kHour;
    std::size_t born = 0;
    for (std::size_t step = 0; step < steps; ++step, time_ += kStep) {
      clock_.AdvanceTo(FromMillis(time_));
      for (Target& target : base_) target.Scrape(*database_, time_);
      for (; born * steps < pods * (step + 1); ++born) pods_.push_back({"pod", born_++, {}, 0});
      for (Target& pod : pods_) pod.Scrape(*database_, time_);
      if (step % 8 == 7) WaitForUpkeep();
      std::erase_if(pods_, [](Target& pod) { return ++pod.scrapes == kLife; });
      sum += ResidentMegabytes();
    }
    return sum / static_cast<double>(steps);
  }

  // Simulated time is so fast that sealing and merging would never be done when it ends: waits
  // until no thread but this one has wanted to run for a while.
  static void WaitForUpkeep() {
    const std::string self = std::to_string(gettid());
    for (int quiet = 0; quiet < 5; ++quiet) {
      usleep(1000);
      for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
        if (task.path().filename() == self) continue;
        std::string stat;
        std::getline(std::ifstream(task.path() / "stat"), stat);
        if (stat.find(") S ") == std::string::npos) quiet = 0;
      }
    }
  }

  void Ask(const char* what, const std::vector<Matcher>& matchers) {
    for (const char* how : {"first", "again"}) {
      const double start = CpuSeconds();
      auto querier = *database_->NewQuerier({});
      auto set = *querier->Select(matchers, {.sorted = true, .labels_only = true, .limit = 0});
      std::size_t series = 0;
      while (*set->Next()) ++series;
      std::printf("%s, %s: %zu series, %.1f ms of CPU\n", what, how, series,
                  (CpuSeconds() - start) * 1e3);
    }
  }
  void AskValues() {
    const double start = CpuSeconds();
    auto querier = *database_->NewQuerier({});
    const std::size_t values = querier->LabelValues("pod", {}, 0)->size();
    std::printf("values of pod: %zu, %.1f ms of CPU\n", values, (CpuSeconds() - start) * 1e3);
  }

  const std::size_t churned_;
  const std::filesystem::path path_;
  std::int64_t time_ = 1'700'000'000'000 / 7200'000 * 7200'000;
  ManualClock clock_;
  Registry registry_;
  std::unique_ptr<tsdb::Database> database_;
  std::vector<Target> base_;
  std::vector<Target> pods_;
  std::size_t born_ = 0;
};

void ColdStart(std::size_t series, const std::filesystem::path& path) {
  ManualClock clock(FromMillis(1'700'000'000'000));
  {
    Registry registry;
    auto database = OpenAt(path, clock, registry);
    for (std::size_t i = 0; i < series / kOfTarget; ++i) {
      Target{"base", i, {}, 0}.Scrape(*database, 1'700'000'000'000);
    }
    if (!database->Seal()) std::abort();
  }
  std::printf("directory of %zu sealed series: %.1f MB\n", series, DirectoryBytes(path) / 1e6);
  for (int run = 0; run < 3; ++run) {
    Registry registry;
    const double cpu = CpuSeconds();
    const auto wall = std::chrono::steady_clock::now();
    auto database = OpenAt(path, clock, registry);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - wall;
    std::printf("start with %zu living series: %.3f s of CPU, %.3f s\n", series, CpuSeconds() - cpu,
                took.count());
  }
}

int Run(int argc, char** argv) {
  const std::size_t base = argc > 1 ? std::stoul(argv[1]) : 100'000;
  const std::size_t churned = argc > 2 ? std::stoul(argv[2]) : 1'000'000;
  std::string made = (std::filesystem::temp_directory_path() / "meerkat-bench-XXXXXX").string();
  const std::filesystem::path path = argc > 3 ? argv[3] : mkdtemp(made.data());
  Simulation(base, churned, path / "churn").Run();
  ColdStart(churned, path / "start");
  std::error_code ignored;
  std::filesystem::remove_all(path, ignored);
  return 0;
}

}  // namespace
}  // namespace meerkat::bench

int main(int argc, char** argv) {
  meerkat::ReturnFreedMemory();  // as the server does
  return meerkat::bench::Run(argc, argv);
}
