#include "server/host/host_collector.h"

#include <array>
#include <chrono>

#include "server/host/collectors.h"

namespace meerkat::host {
namespace {

struct Collector {
  std::string_view name;
  bool (*collect)(const Roots&, Page&);
};
constexpr std::array<Collector, 20> kCollectors = {{
    {"conntrack", CollectConntrack},
    {"cpu", CollectCpu},
    {"diskstats", CollectDisks},
    {"entropy", CollectEntropy},
    {"filefd", CollectDescriptors},
    {"filesystem", CollectFilesystems},
    {"loadavg", CollectLoad},
    {"meminfo", CollectMemory},
    {"netclass", CollectNetworkClass},
    {"netdev", CollectNetworkDevices},
    {"netstat", CollectNetstat},
    {"os", CollectOs},
    {"pressure", CollectPressure},
    {"processes", CollectProcesses},
    {"sockstat", CollectSockets},
    {"stat", CollectStat},
    {"temperature", CollectTemperatures},
    {"timex", CollectTimex},
    {"uname", CollectUname},
    {"vmstat", CollectVmstat},
}};

}  // namespace

HostCollector::HostCollector(const Clock& clock) : HostCollector(clock, Options()) {}
HostCollector::HostCollector(const Clock& clock, Options options)
    : clock_(clock), options_(std::move(options)) {}

std::vector<std::string_view> HostCollector::Names() {
  std::vector<std::string_view> names;
  for (const Collector& collector : kCollectors) names.push_back(collector.name);
  return names;
}

std::string HostCollector::Collect() const {
  Page page;
  struct Outcome {
    std::string_view name;
    bool success;
    double seconds;
  };
  std::vector<Outcome> outcomes;
  for (const Collector& collector : kCollectors) {
    if (options_.disabled.contains(collector.name)) continue;
    const auto started = std::chrono::steady_clock::now();
    const bool success = collector.collect(options_.roots, page);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
    outcomes.push_back({collector.name, success, took.count()});
  }
  page.Gauge("node_time_seconds", "System time in seconds since epoch (1970).",
             static_cast<double>(ToMillis(clock_.Now())) / 1000);
  page.Family("node_scrape_collector_duration_seconds", Page::Type::kGauge,
              "node_exporter: Duration of a collector scrape.");
  for (const Outcome& outcome : outcomes)
    page.Sample(outcome.seconds, {{"collector", outcome.name}});
  page.Family("node_scrape_collector_success", Page::Type::kGauge,
              "node_exporter: Whether a collector succeeded.");
  for (const Outcome& outcome : outcomes)
    page.Sample(outcome.success ? 1 : 0, {{"collector", outcome.name}});
  std::string text = page.Take();
  AppendTextfiles(text);
  return text;
}

void HostCollector::AppendTextfiles(std::string& page) const {
  if (options_.textfile_directory.empty()) return;
  bool failed = false;
  for (const std::string& name : host::Names(options_.textfile_directory)) {
    if (!name.ends_with(".prom")) continue;
    const auto text = ReadText(options_.textfile_directory / name);
    failed |= !text;
    if (!text) continue;
    page += *text;
    if (!text->empty() && text->back() != '\n') page += '\n';
  }
  Page status;
  status.Gauge("node_textfile_scrape_error",
               "1 if there was an error opening or reading a file, 0 otherwise", failed ? 1 : 0);
  page += status.Take();
}

}  // namespace meerkat::host
