// What the series index takes and how fast it answers.
//
//   index_bench [targets]      default 1000, of 1000 series each
//
// Prints memory, nanoseconds to add, find and remove a series, and microseconds for queries.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <utility>
#include <vector>

#include "tsdb/index/index.h"

namespace meerkat::bench {
namespace {

double CpuSeconds() {
  timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

// Half of the series have four labels, half five, as exporters do.
std::vector<std::pair<Labels, tsdb::SeriesId>> MakeSeries(int targets) {
  std::vector<std::pair<Labels, tsdb::SeriesId>> series;
  const char* jobs[] = {"node", "api", "database", "queue"};
  for (int target = 0; target < targets; ++target) {
    const std::string instance =
        "10.0." + std::to_string(target / 250) + "." + std::to_string(target % 250) + ":9100";
    for (int i = 0; i < 1000; ++i) {
      const std::string name = "metric_family_number_" + std::to_string(i / 8) + "_total";
      const std::string mode = "mode" + std::to_string(i % 8);
      const std::string cpu = std::to_string(i % 16);
      const Labels labels = i % 2 == 0 ? Labels{{"__name__", name},
                                                {"instance", instance},
                                                {"job", jobs[target % 4]},
                                                {"mode", mode},
                                                {"cpu", cpu}}
                                       : Labels{{"__name__", name},
                                                {"instance", instance},
                                                {"job", jobs[target % 4]},
                                                {"mode", mode}};
      series.emplace_back(labels, static_cast<tsdb::SeriesId>(series.size()));
    }
  }
  return series;
}

void Query(const tsdb::Index& index, const char* text, const std::vector<Matcher>& matchers) {
  std::size_t hits = 0;
  double best = 1e9;
  for (int run = 0; run < 20; ++run) {
    const double begin = CpuSeconds();
    hits = index.Select(matchers).size();
    best = std::min(best, CpuSeconds() - begin);
  }
  std::printf("  %-52s %8zu series %9.1f us\n", text, hits, best * 1e6);
}

Matcher Make(Matcher::Type type, const char* name, const char* value) {
  return std::move(*Matcher::Make(type, name, value));
}

void Run(int targets) {
  using Type = Matcher::Type;
  const auto series = MakeSeries(targets);
  const auto count = static_cast<double>(series.size());
  tsdb::Index index;
  double begin = CpuSeconds();
  index.AddAll(series);
  std::printf("%zu series: build %.2f s (%.0f ns each), %.1f bytes each\n", series.size(),
              CpuSeconds() - begin, (CpuSeconds() - begin) / count * 1e9,
              static_cast<double>(index.MemoryBytes()) / count);
  begin = CpuSeconds();
  for (const auto& [labels, id] : series) {
    if (index.Find(labels) != id) std::abort();
  }
  std::printf("find by labels %.0f ns\n", (CpuSeconds() - begin) / count * 1e9);
  begin = CpuSeconds();
  std::size_t labels = 0;
  for (const auto& one : series) labels += index.LabelsOf(one.second).size();
  std::printf("labels of an id %.0f ns (%zu)\n", (CpuSeconds() - begin) / count * 1e9, labels);

  Query(index, "metric", {Make(Type::kEqual, "__name__", "metric_family_number_7_total")});
  Query(index, "metric, job",
        {Make(Type::kEqual, "__name__", "metric_family_number_7_total"),
         Make(Type::kEqual, "job", "api")});
  Query(index, "mode, job",
        {Make(Type::kEqual, "mode", "mode3"), Make(Type::kEqual, "job", "api")});
  Query(index, "metric, instance=~ of two",
        {Make(Type::kEqual, "__name__", "metric_family_number_7_total"),
         Make(Type::kRegex, "instance", "10\\.0\\.0\\.1:9100|10\\.0\\.0\\.2:9100")});
  Query(index, "metric, instance=~ a prefix",
        {Make(Type::kEqual, "__name__", "metric_family_number_7_total"),
         Make(Type::kRegex, "instance", "10\\.0\\.0\\..*")});
  Query(index, "instance=~ a prefix", {Make(Type::kRegex, "instance", "10\\.0\\.0\\..*")});
  Query(index, "metric=~ a pattern, job!=",
        {Make(Type::kRegex, "__name__", "metric_.*_1.*"), Make(Type::kNotEqual, "job", "api")});
  Query(index, "metric, cpu=\"\"",
        {Make(Type::kEqual, "__name__", "metric_family_number_7_total"),
         Make(Type::kEqual, "cpu", "")});
  Query(index, "everything", {});

  std::vector<tsdb::SeriesId> ids;
  for (const auto& one : series) ids.push_back(one.second);
  begin = CpuSeconds();
  index.Remove(ids);
  std::printf("remove %.0f ns each, %zu bytes left\n", (CpuSeconds() - begin) / count * 1e9,
              index.MemoryBytes());
}

}  // namespace
}  // namespace meerkat::bench

int main(int argc, char** argv) {
  meerkat::bench::Run(argc > 1 ? std::atoi(argv[1]) : 1000);
}
