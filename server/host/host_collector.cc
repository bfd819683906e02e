#include "server/host/host_collector.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "base/quote.h"
#include "server/host/collectors.h"

namespace meerkat::host {
namespace {

struct Collector {
  std::string_view name;
  bool (*collect)(const Host&, Page&);
};
constexpr std::array<Collector, 32> kCollectors = {{
    {"arp", CollectArp},
    {"conntrack", CollectConntrack},
    {"cpu", CollectCpu},
    {"cpufreq", CollectCpuFrequency},
    {"diskstats", CollectDisks},
    {"entropy", CollectEntropy},
    {"filefd", CollectDescriptors},
    {"filesystem", CollectFilesystems},
    {"hwmon", CollectHwmon},
    {"kernel_hung", CollectHungTasks},
    {"loadavg", CollectLoad},
    {"meminfo", CollectMemory},
    {"netclass", CollectNetworkClass},
    {"netdev", CollectNetworkDevices},
    {"netstat", CollectNetstat},
    {"os", CollectOs},
    {"powersupplyclass", CollectPowerSupplies},
    {"pressure", CollectPressure},
    {"processes", CollectProcesses},
    {"schedstat", CollectSchedstat},
    {"selinux", CollectSelinux},
    {"sockstat", CollectSockets},
    {"softnet", CollectSoftnet},
    {"stat", CollectStat},
    {"systemd", CollectSystemd},
    {"textfile", CollectTextfiles},
    {"thermal_zone", CollectThermalZones},
    {"time", CollectTime},
    {"timex", CollectTimex},
    {"udp_queues", CollectUdpQueues},
    {"uname", CollectUname},
    {"vmstat", CollectVmstat},
}};

}  // namespace

HostCollector::HostCollector(const Clock& clock) : HostCollector(clock, Options()) {}
HostCollector::HostCollector(const Clock& clock, Options options)
    : clock_(clock),
      options_(std::move(options)),
      collectors_(std::make_unique<Patience>(options_.patience)),
      mounts_(std::make_shared<Patience>(options_.mount_patience)) {}
HostCollector::~HostCollector() = default;

Result<> HostCollector::CheckNames(std::span<const std::string> names) {
  const auto known = Names();
  for (const std::string& name : names) {
    if (std::ranges::find(known, name) != known.end()) continue;
    std::string all;
    for (const std::string_view each : known) (all += all.empty() ? "" : ", ") += each;
    return Error(Code::kInvalid, "no such collector: " + Quote(name) + "; there are " + all);
  }
  return {};
}

std::vector<std::string_view> HostCollector::Names() {
  std::vector<std::string_view> names;
  for (const Collector& collector : kCollectors) names.push_back(collector.name);
  return names;
}

std::string HostCollector::Collect() const {
  struct Outcome {
    std::string_view name;
    bool success;
    double seconds;
  };
  std::vector<Outcome> outcomes;
  const Host host{.roots = options_.roots,
                  .clock = clock_,
                  .mounts = mounts_,
                  .statfs = options_.statfs ? options_.statfs : ::statvfs,
                  .textfile_directory = options_.textfile_directory};
  Page page;
  // A collector that hangs goes on writing when nobody waits any more, so each has its own page.
  struct Part {
    Page page;
    bool success = false;
  };
  for (const Collector& collector : kCollectors) {
    if (options_.disabled.contains(collector.name)) continue;
    const auto started = std::chrono::steady_clock::now();
    const auto part = std::make_shared<Part>();
    const bool ended = collectors_->Run(std::string(collector.name), [host, part, &collector] {
      part->success = collector.collect(host, part->page);
    });
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
    if (ended) page.Append(part->page.Take());
    outcomes.push_back({collector.name, ended && part->success, took.count()});
  }
  page.Family("node_scrape_collector_duration_seconds", Page::Type::kGauge,
              "node_exporter: Duration of a collector scrape.");
  for (const Outcome& outcome : outcomes)
    page.Sample(outcome.seconds, {{"collector", outcome.name}});
  page.Family("node_scrape_collector_success", Page::Type::kGauge,
              "node_exporter: Whether a collector succeeded.");
  for (const Outcome& outcome : outcomes)
    page.Sample(outcome.success ? 1 : 0, {{"collector", outcome.name}});
  return page.Take();
}

}  // namespace meerkat::host
