// CPU per sample from a page's bytes to the appender's door, without the store behind it.
//
//   scrape_bench [series per page]      default 1000
//
// Prints nanoseconds for each sample of: the first scrape of a page (labels are read and joined),
// the same page again with other values (lines predicted), and a page whose lines moved (each found
// by its text).
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include "base/manual_clock.h"
#include "server/scrape/target_writer.h"

namespace meerkat::scrape {
namespace {

// Takes everything and keeps nothing.
class NoStorage : public tsdb::Storage {
 public:
  std::unique_ptr<tsdb::Source> NewSource() override { return std::make_unique<tsdb::Source>(); }
  std::unique_ptr<tsdb::Appender> NewAppender(tsdb::Source*) override {
    return std::make_unique<NoAppender>(*this);
  }
  Result<std::unique_ptr<tsdb::Querier>> NewQuerier(TimeRange) const override { return Nothing(); }
  Result<std::vector<tsdb::SeriesExemplars>> Exemplars(
      TimeRange, std::span<const std::vector<Matcher>>) const override {
    return Nothing();
  }
  std::vector<std::pair<std::string, tsdb::Metadata>> MetricMetadata(
      std::string_view) const override {
    return {};
  }
  std::uint64_t series = 0;
  double sum = 0;

 private:
  static Error Nothing() { return {Code::kInternal, "nothing is stored"}; }
  class NoAppender : public tsdb::Appender {
   public:
    explicit NoAppender(NoStorage& storage) : storage_(storage) {}
    tsdb::SeriesRef Resolve(const Labels&) override {
      return static_cast<tsdb::SeriesRef>(++storage_.series);
    }
    tsdb::Refusal Append(tsdb::SeriesRef, Timestamp, double value, Timestamp) override {
      storage_.sum += value;
      return tsdb::Refusal::kNone;
    }
    tsdb::Refusal Append(tsdb::SeriesRef, Timestamp, HistogramPtr, Timestamp) override {
      return tsdb::Refusal::kNone;
    }
    tsdb::Refusal AppendExemplar(tsdb::SeriesRef, const tsdb::Exemplar&) override {
      return tsdb::Refusal::kNone;
    }
    void SetMetadata(std::string_view, const tsdb::Metadata&) override {}
    Result<> Commit() override { return {}; }

   private:
    NoStorage& storage_;
  };
};

double CpuNanos() {
  timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}

// Families of ten series, as exporters print them; every third value has a fraction.
std::string MakePage(int series, int step, bool reversed) {
  std::vector<std::string> families;
  for (int i = 0; i < series; i += 10) {
    const std::string name = "http_requests_duration_seconds_" + std::to_string(i);
    std::string family = "# HELP " + name + " How long requests took.\n# TYPE " + name + " gauge\n";
    for (int j = i; j < std::min(i + 10, series); ++j) {
      family += name + "{method=\"GET\",path=\"/api/v1/items\",code=\"" + std::to_string(200 + j) +
                "\"} " + std::to_string(j * 1000 + step) + (j % 3 == 0 ? ".125\n" : "\n");
    }
    families.push_back(std::move(family));
  }
  if (reversed) std::reverse(families.begin(), families.end());
  std::string page;
  for (const std::string& family : families) page += family;
  return page;
}

void Run(int series) {
  auto config = std::make_shared<ScrapeConfig>();
  config->job_name = "bench";
  config->scrape_interval = config->scrape_timeout = Millis(15000);
  auto made = MakeTarget(*config, Labels{{"__address__", "h:1"}}, Labels());
  const auto target = std::make_shared<const Target>(*std::move(made.target));
  NoStorage storage;
  ManualClock clock(FromMillis(1'700'000'000'000));
  Registry registry;
  ScrapeMetrics metrics(registry);
  Answer answer{.time = clock.Now(), .body = {}, .content_type = "text/plain", .error = ""};
  const auto scrape = [&](TargetWriter& writer, const std::string& page) {
    answer.time += Millis(15000);
    answer.body = page;
    const double begin = CpuNanos();
    const WriteOutcome outcome = writer.Write(answer);
    if (outcome.scraped != static_cast<std::uint64_t>(series)) std::abort();
    return (CpuNanos() - begin) / series;
  };
  const auto new_writer = [&] {
    return std::make_unique<TargetWriter>(config, target, storage, clock, metrics, Logger::Silent(),
                                          false, false);
  };
  constexpr int kRounds = 200;
  double first = 1e9;
  double again = 1e9;
  double moved = 1e9;
  auto writer = new_writer();
  for (int i = 0; i < kRounds; ++i) {
    if (i % 10 == 0) {
      auto fresh = new_writer();
      first = std::min(first, scrape(*fresh, MakePage(series, i, false)));
    }
    scrape(*writer, MakePage(series, i, false));
    again = std::min(again, scrape(*writer, MakePage(series, i + 1, false)));
    moved = std::min(moved, scrape(*writer, MakePage(series, i + 2, true)));
  }
  const std::string page = MakePage(series, 0, false);
  std::printf("%d series, %zu bytes each\n", series,
              page.size() / static_cast<std::size_t>(series));
  std::printf("  first scrape    %7.1f ns/sample\n", first);
  std::printf("  as predicted    %7.1f ns/sample, %.0f MB/s\n", again,
              static_cast<double>(page.size()) / series / again * 1000);
  std::printf("  families moved  %7.1f ns/sample\n", moved);
}

}  // namespace
}  // namespace meerkat::scrape

int main(int argc, char** argv) {
  meerkat::scrape::Run(argc > 1 ? std::atoi(argv[1]) : 1000);
}
