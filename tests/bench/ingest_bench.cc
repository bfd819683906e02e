// What a scraped sample costs from the page's bytes to the sealed block, without the network.
//
//   ingest_bench [targets] [step] [directory]   default: 50 targets, every third scrape (15 s), a
//   new
//                                               temporary directory (put it on a real disk)
//
// Each target replays the recorded node and Prometheus pages with an instance label of its own:
// parsed, looked up, appended, journalled, sealed. Prints CPU of the whole process per sample,
// upkeep included; then what series cost that come and go, a tenth of each page at each scrape.
#include <malloc.h>
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
#include "base/number.h"
#include "server/scrape/target_writer.h"
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
  malloc_trim(0);
  std::ifstream statm("/proc/self/statm");
  double pages = 0;
  statm >> pages >> pages;
  return pages * static_cast<double>(sysconf(_SC_PAGESIZE));
}

struct Pages {
  std::vector<Timestamp> times;
  std::vector<std::string> bodies;
  std::vector<std::uint64_t> samples;  // of each
  std::size_t series = 0;
};

Pages LoadPages(std::size_t step) {
  Pages pages;
  const Recorded node = LoadRecorded("node", step);
  const Recorded prometheus = LoadRecorded("prom", step);
  const std::size_t rows = std::min(node.times.size(), prometheus.times.size());
  pages.times.assign(node.times.begin(), node.times.begin() + static_cast<std::ptrdiff_t>(rows));
  pages.bodies.resize(rows);
  pages.samples.resize(rows);
  for (const Recorded* recorded : {&node, &prometheus}) {
    pages.series += recorded->series.size();
    for (const RecordedSeries& series : recorded->series) {
      for (std::size_t i = 0; i < series.rows.size(); ++i) {
        const std::uint32_t row = series.rows[i];
        if (row >= rows) continue;
        pages.bodies[row] += series.key + " " + FormatFloat(series.values[i]) + "\n";
        ++pages.samples[row];
      }
    }
  }
  return pages;
}

// One page of `series` lines; each is another one after a tenth of them was replaced ten times.
std::string ChurningPage(int series, int step) {
  std::string page;
  for (int i = 0; i < series; ++i) {
    const int born = (step + i) / 10;
    page += "container_memory_usage_bytes{namespace=\"team-" + std::to_string(i % 7) +
            "\",pod=\"api-" + std::to_string(i) + "-" + std::to_string(born * 7919) +
            "\",container=\"main\"} " + std::to_string(1000000 + step * 4096 + i) + "\n";
  }
  return page;
}

class Fleet {
 public:
  Fleet(std::size_t targets, tsdb::Storage& storage, const Clock& clock, Registry& registry)
      : metrics_(registry) {
    auto config = std::make_shared<scrape::ScrapeConfig>();
    config->job_name = "bench";
    config->scrape_interval = config->scrape_timeout = Millis(15000);
    for (std::size_t t = 0; t < targets; ++t) {
      const std::string address = "host-" + std::to_string(t) + ":9100";
      auto made = scrape::MakeTarget(*config, Labels{{"__address__", address}}, Labels());
      writers_.push_back(std::make_unique<scrape::TargetWriter>(
          config, std::make_shared<const scrape::Target>(*std::move(made.target)), storage, clock,
          metrics_, Logger::Silent(), false, false));
    }
  }

  void Scrape(Timestamp time, const std::string& body) {
    for (std::size_t t = 0; t < writers_.size(); ++t) {
      // Targets are scraped one after the other, not at once.
      const scrape::WriteOutcome outcome = writers_[t]->Write(
          {.time = time + Millis(t), .body = body, .content_type = "text/plain", .error = ""});
      if (!outcome.error.empty()) {
        std::fprintf(stderr, "%s\n", outcome.error.c_str());
        std::exit(1);
      }
    }
  }

 private:
  scrape::ScrapeMetrics metrics_;
  std::vector<std::unique_ptr<scrape::TargetWriter>> writers_;
};

std::unique_ptr<tsdb::Database> OpenAt(const std::filesystem::path& path, const Clock& clock,
                                       Registry& registry) {
  tsdb::Options options;
  options.path = path;
  options.lock_file = false;
  auto opened = tsdb::Database::Open(options, clock, registry, Logger::Silent());
  if (!opened) {
    std::fprintf(stderr, "%s\n", opened.error().message().c_str());
    std::exit(1);
  }
  return std::move(*opened);
}

int Steady(const std::filesystem::path& path, std::size_t targets, std::size_t step) {
  const Pages pages = LoadPages(step);
  if (pages.bodies.size() < 2) {
    std::printf("the recorded scrapes are not there\n");
    return 1;
  }
  ManualClock clock(pages.times[0]);
  Registry registry;
  auto database = OpenAt(path, clock, registry);
  const double resident = ResidentBytes();
  Fleet fleet(targets, *database, clock, registry);
  double begin = CpuSeconds();
  fleet.Scrape(pages.times[0], pages.bodies[0]);
  const double first = CpuSeconds() - begin;
  double samples = 0;
  begin = CpuSeconds();
  double scraping = 0;
  for (std::size_t row = 1; row < pages.bodies.size(); ++row) {
    clock.AdvanceTo(pages.times[row]);
    fleet.Scrape(pages.times[row], pages.bodies[row]);
    samples += static_cast<double>(pages.samples[row] * targets);
    if (row == std::min<std::size_t>(30, pages.bodies.size() - 1)) {
      scraping = (CpuSeconds() - begin) / samples;
      std::printf("after 30 scrapes: %.0f B/series resident\n",
                  (ResidentBytes() - resident) / static_cast<double>(targets * pages.series));
    }
  }
  if (!database->Seal()) return 1;
  const double whole = CpuSeconds() - begin;
  const auto first_samples = static_cast<double>(pages.samples[0] * targets);
  std::printf("%zu targets, %zu series each, %zu scrapes\n", targets, pages.series,
              pages.bodies.size());
  std::printf("first scrape                          %7.1f ns/series\n",
              first * 1e9 / first_samples);
  std::printf("parse, look up, append, journal       %7.1f ns/sample\n", scraping * 1e9);
  std::printf("parse, look up, append, journal, seal %7.1f ns/sample\n", whole * 1e9 / samples);
  return 0;
}

int Churning(const std::filesystem::path& path, std::size_t targets) {
  constexpr int kSeries = 1000;
  constexpr int kScrapes = 60;
  ManualClock clock(FromMillis(1'700'000'000'000));
  Registry registry;
  auto database = OpenAt(path, clock, registry);
  Fleet fleet(targets, *database, clock, registry);
  fleet.Scrape(clock.Now(), ChurningPage(kSeries, 0));
  const double resident = ResidentBytes();
  double cpu = 0;
  for (int step = 1; step <= kScrapes; ++step) {
    clock.Advance(Millis(15000));
    const std::string page = ChurningPage(kSeries, step);
    const double begin = CpuSeconds();
    fleet.Scrape(clock.Now(), page);
    cpu += CpuSeconds() - begin;
  }
  const double born = static_cast<double>(targets) * kScrapes * kSeries / 10;
  std::printf("a tenth of the series new each time   %7.1f ns/sample, %.0f B/series born\n",
              cpu * 1e9 / (born * 10), (ResidentBytes() - resident) / born);
  return 0;
}

int Run(std::size_t targets, std::size_t step, const std::string& directory) {
  std::string name = directory + "/ingest-bench-XXXXXX";
  const std::filesystem::path path = mkdtemp(name.data());
  int failed = Steady(path / "steady", targets, step);
  if (failed == 0) failed = Churning(path / "churning", targets);
  std::filesystem::remove_all(path);
  return failed;
}

}  // namespace
}  // namespace meerkat::bench

int main(int argc, char** argv) {
  const std::size_t targets = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 50;
  const std::size_t step = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 3;
  return meerkat::bench::Run(std::max<std::size_t>(targets, 1), std::max<std::size_t>(step, 1),
                             argc > 3 ? argv[3] : "/tmp");
}
