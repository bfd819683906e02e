// What a query costs over the real store, without HTTP and JSON.
//
//   promql_bench [series] [scrapes] [query …]    default: 10000 series, 1440 scrapes at 15 s
//
// Series are spread over targets of 500; half are counters, half gauges. Prints CPU per run and
// stored samples per second and core for each query, over the whole time at steps of 60 s; a query
// after a "!" is asked at the end only. Then wall time alone, and wall time and CPU with the help
// of other threads. The best of five runs each.
#include <stdlib.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "base/manual_clock.h"
#include "promql/engine.h"
#include "promql/workers.h"
#include "tsdb/database.h"

namespace meerkat::bench {
namespace {

double SecondsOf(clockid_t clock) {
  timespec t;
  clock_gettime(clock, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

void Fill(tsdb::Database& database, ManualClock& clock, std::size_t series, std::size_t scrapes) {
  constexpr std::size_t kPerTarget = 500;
  const std::size_t targets = (series + kPerTarget - 1) / kPerTarget;
  std::vector<std::unique_ptr<tsdb::Source>> sources(targets);
  for (auto& source : sources) source = database.NewSource();
  std::vector<tsdb::SeriesRef> refs(series, tsdb::SeriesRef::kNone);
  std::vector<double> values(series);
  std::uint64_t random = 1;
  for (std::size_t row = 0; row < scrapes; ++row) {
    clock.Advance(std::chrono::seconds(15));
    for (std::size_t target = 0; target < targets; ++target) {
      auto appender = database.NewAppender(sources[target].get());
      const Timestamp time = clock.Now() + Millis(target);
      for (std::size_t i = target * kPerTarget; i < std::min(series, (target + 1) * kPerTarget);
           ++i) {
        const bool counter = i % 2 == 0;
        if (refs[i] == tsdb::SeriesRef::kNone) {
          refs[i] =
              appender->Resolve(Labels{{"__name__", counter ? "requests_total" : "temperature"},
                                       {"instance", "host-" + std::to_string(target) + ":9100"},
                                       {"job", "bench"},
                                       {"x", std::to_string(i % 7)},
                                       {"y", std::to_string(i % kPerTarget)}});
        }
        random = random * 6364136223846793005ULL + 1442695040888963407ULL;
        const auto step = static_cast<double>((random >> 33) % 10);
        values[i] = counter ? values[i] + step : 20 + step / 10;
        appender->Append(refs[i], time, values[i]);
      }
      if (!appender->Commit()) std::exit(1);
    }
  }
}

struct Best {
  double cpu = 1e9, wall = 1e9;
};

void Measure(const promql::Engine& alone, const promql::Engine& helped, const std::string& query,
             Timestamp start, Timestamp end, double samples) {
  const bool instant = query.starts_with("!");
  promql::QueryOptions options;
  options.start = instant ? end : start;
  options.end = end;
  if (!instant) options.step = std::chrono::seconds(60);
  constexpr int kRuns = 5;
  Best by_alone, by_helped;
  std::size_t series = 0;
  for (int run = 0; run < 2 * kRuns; ++run) {
    Best& best = run % 2 == 0 ? by_alone : by_helped;
    const double cpu = SecondsOf(CLOCK_PROCESS_CPUTIME_ID), wall = SecondsOf(CLOCK_MONOTONIC);
    auto result = (run % 2 == 0 ? alone : helped).Run(query.substr(instant ? 1 : 0), options);
    best.cpu = std::min(best.cpu, SecondsOf(CLOCK_PROCESS_CPUTIME_ID) - cpu);
    best.wall = std::min(best.wall, SecondsOf(CLOCK_MONOTONIC) - wall);
    if (!result) {
      std::printf("%s: %s\n", query.c_str(), result.error().message().c_str());
      return;
    }
    series = instant ? std::get<promql::Vector>(result->value).size()
                     : std::get<promql::Matrix>(result->value).size();
  }
  std::printf("%8.2f ms  %7.1f M samples/s  %8.2f  %8.2f %8.2f ms  %5zu series  %s\n",
              by_alone.cpu * 1e3, samples / by_alone.cpu / 1e6, by_alone.wall * 1e3,
              by_helped.wall * 1e3, by_helped.cpu * 1e3, series, query.c_str());
}

int Run(std::size_t series, std::size_t scrapes, std::vector<std::string> queries) {
  std::string name = "/tmp/promql-bench-XXXXXX";
  tsdb::Options options;
  options.path = mkdtemp(name.data());
  options.lock_file = false;
  const Timestamp begin = FromMillis(1'700'000'000'000);
  ManualClock clock(begin);
  Registry registry;
  auto database = tsdb::Database::Open(options, clock, registry, Logger::Silent());
  if (!database) return 1;
  Fill(**database, clock, series, scrapes);
  promql::EngineOptions engine_options;
  const promql::Engine alone(engine_options, **database);
  promql::Workers workers(std::max(1U, std::thread::hardware_concurrency()));
  engine_options.workers = &workers;
  const promql::Engine helped(engine_options, **database);
  if (queries.empty()) {
    queries = {"sum by (x) (rate(requests_total[5m]))",
               "rate(requests_total[5m])",
               "requests_total",
               "sum(requests_total)",
               "avg by (x) (temperature)",
               "max_over_time(temperature[10m])",
               "avg_over_time(temperature[10m])",
               "temperature > 20.5",
               "sum(rate(requests_total{x=\"1\"}[5m])) / sum(rate(requests_total[5m]))",
               "topk(5, rate(requests_total[5m]))",
               "requests_total * on (instance, y) group_left requests_total",
               "!count({__name__=~\".+\"})",
               "!count by (__name__) ({job=\"bench\"})",
               "!sum by (x) (rate(requests_total[5m]))"};
  }
  const double samples = static_cast<double>(series / 2 * scrapes);
  std::printf("      CPU                        wall     helped: wall, CPU\n");
  for (const std::string& query : queries) {
    Measure(alone, helped, query, begin, clock.Now(), samples);
  }
  std::filesystem::remove_all(options.path);
  return 0;
}

}  // namespace
}  // namespace meerkat::bench

int main(int argc, char** argv) {
  const std::size_t series = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 10000;
  const std::size_t scrapes = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 1440;
  return meerkat::bench::Run(series, scrapes, {argv + std::min(argc, 3), argv + argc});
}
