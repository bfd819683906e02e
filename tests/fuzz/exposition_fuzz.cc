// Pages of targets in one format (a target of its own for each, by MEERKAT_FUZZ_FORMAT): the first
// byte picks the options, the rest is the body. Whatever it is, reading ends, and a page scraped
// twice means the same both times: the second time the lines are predicted by the first.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/manual_clock.h"
#include "server/scrape/target_writer.h"
#include "tests/server/scrape/fake_storage.h"

namespace {

using namespace meerkat;          // NOLINT(google-build-using-namespace): a fuzz target
using namespace meerkat::scrape;  // NOLINT(google-build-using-namespace): a fuzz target

// Two versions each where there are two; the lowest bit of the first byte says which.
constexpr std::string_view kTypes[][2] = {
    {"text/plain; version=0.0.4", "text/plain; version=1.0.0; escaping=allow-utf-8"},
    {"application/openmetrics-text; version=1.0.0", "application/openmetrics-text; version=0.0.1"},
    {"application/openmetrics-text; version=2.0.0", "application/openmetrics-text; version=2.0.0"},
    {"application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited",
     "application/vnd.google.protobuf"},
};
constexpr auto& kType = kTypes[MEERKAT_FUZZ_FORMAT];

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::uint8_t choice = data[0];
  const std::string body(reinterpret_cast<const char*>(data) + 1, size - 1);
  auto config = std::make_shared<ScrapeConfig>();
  config->job_name = "j";
  config->honor_timestamps = (choice & 2) == 0;
  config->track_timestamps_staleness = (choice & 4) != 0;
  config->scrape_interval = config->scrape_timeout = Millis(1000);
  config->honor_labels = (choice & 8) != 0;
  config->convert_classic_histograms_to_nhcb = (choice & 16) != 0;
  config->scrape_native_histograms = (choice & 32) != 0;
  config->always_scrape_classic_histograms = (choice & 64) != 0;
  auto made = MakeTarget(*config, Labels{{"__address__", "h:1"}}, Labels());
  const auto target = std::make_shared<const Target>(*std::move(made.target));
  FakeStorage storage;
  ManualClock clock(FromMillis(1'700'000'000'000));
  Registry registry;
  ScrapeMetrics metrics(registry);
  const bool start_timestamps = (choice & 128) != 0;
  TargetWriter writer(config, target, storage, clock, metrics, Logger::Silent(), false,
                      start_timestamps);
  Answer answer{.time = clock.Now(), .body = body, .content_type = kType[choice & 1], .error = ""};
  const WriteOutcome first = writer.Write(answer);
  answer.time += Millis(1000);
  const WriteOutcome second = writer.Write(answer);
  if (first.error != second.error || first.scraped != second.scraped ||
      first.after_relabeling != second.after_relabeling) {
    std::abort();
  }
  return 0;
}
