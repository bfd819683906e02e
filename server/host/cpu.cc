#include <array>

#include "server/host/collectors.h"

namespace meerkat::host {
namespace {

constexpr double kTicksPerSecond =
    100;  // USER_HZ, the same on every architecture the kernel reports with
constexpr std::array<std::string_view, 8> kModes = {"user",   "nice", "system",  "idle",
                                                    "iowait", "irq",  "softirq", "steal"};

}  // namespace

bool CollectCpu(const Roots& roots, Page& page) {
  const auto text = ReadText(roots.proc / "stat");
  if (!text) return false;
  struct Cpu {
    std::string_view id;
    std::vector<std::string_view> fields;
  };
  std::vector<Cpu> cpus;
  for (const std::string_view line : Lines(*text)) {
    auto fields = FieldsOf(line);
    if (fields.size() < 9 || !fields[0].starts_with("cpu") || fields[0].size() == 3) continue;
    cpus.push_back({fields[0].substr(3), fields});
  }
  page.Family("node_cpu_seconds_total", Page::Type::kCounter,
              "Seconds the CPUs spent in each mode.");
  for (const Cpu& cpu : cpus) {
    for (std::size_t i = 0; i < kModes.size(); ++i) {
      page.Sample(Number(cpu.fields[i + 1]) / kTicksPerSecond,
                  {{"cpu", cpu.id}, {"mode", kModes[i]}});
    }
  }
  page.Family("node_cpu_guest_seconds_total", Page::Type::kCounter,
              "Seconds the CPUs spent in guests (VMs) for each mode.");
  for (const Cpu& cpu : cpus) {
    if (cpu.fields.size() < 11) continue;
    page.Sample(Number(cpu.fields[9]) / kTicksPerSecond, {{"cpu", cpu.id}, {"mode", "user"}});
    page.Sample(Number(cpu.fields[10]) / kTicksPerSecond, {{"cpu", cpu.id}, {"mode", "nice"}});
  }
  return !cpus.empty();
}

bool CollectStat(const Roots& roots, Page& page) {
  const auto text = ReadText(roots.proc / "stat");
  if (!text) return false;
  struct Entry {
    std::string_view key, name, help;
    bool counter;
  };
  constexpr std::array<Entry, 6> kEntries = {{
      {"intr", "node_intr_total", "Total number of interrupts serviced.", true},
      {"ctxt", "node_context_switches_total", "Total number of context switches.", true},
      {"processes", "node_forks_total", "Total number of forks.", true},
      {"btime", "node_boot_time_seconds", "Node boot time, in unixtime.", false},
      {"procs_running", "node_procs_running", "Number of processes in runnable state.", false},
      {"procs_blocked", "node_procs_blocked",
       "Number of processes blocked waiting for I/O to complete.", false},
  }};
  for (const std::string_view line : Lines(*text)) {
    for (const Entry& entry : kEntries) {
      if (!line.starts_with(entry.key) || line.size() <= entry.key.size() ||
          line[entry.key.size()] != ' ')
        continue;
      const double value = Number(line.substr(entry.key.size() + 1));
      if (entry.counter) {
        page.Counter(entry.name, entry.help, value);
      } else {
        page.Gauge(entry.name, entry.help, value);
      }
    }
  }
  return true;
}

bool CollectLoad(const Roots& roots, Page& page) {
  const auto text = ReadText(roots.proc / "loadavg");
  if (!text) return false;
  const auto fields = FieldsOf(*text);
  if (fields.size() < 3) return false;
  page.Gauge("node_load1", "1m load average.", Number(fields[0]));
  page.Gauge("node_load5", "5m load average.", Number(fields[1]));
  page.Gauge("node_load15", "15m load average.", Number(fields[2]));
  return true;
}

bool CollectPressure(const Roots& roots, Page& page) {
  // "some avg10=0.00 avg60=0.00 avg300=0.00 total=127400411": microseconds.
  const auto total = [&](const char* file, std::string_view kind) -> std::optional<double> {
    const auto text = ReadText(roots.proc / "pressure" / file);
    if (!text) return std::nullopt;
    for (const std::string_view line : Lines(*text)) {
      const std::size_t at = line.find("total=");
      if (line.starts_with(kind) && at != std::string_view::npos)
        return Number(line.substr(at + 6)) / 1e6;
    }
    return std::nullopt;
  };
  struct Entry {
    const char* file;
    std::string_view kind, name, help;
  };
  constexpr std::array<Entry, 5> kEntries = {{
      {"cpu", "some", "node_pressure_cpu_waiting_seconds_total",
       "Total time in seconds that processes have waited for CPU time"},
      {"io", "some", "node_pressure_io_waiting_seconds_total",
       "Total time in seconds that processes have waited due to IO congestion"},
      {"io", "full", "node_pressure_io_stalled_seconds_total",
       "Total time in seconds no process could make progress due to IO congestion"},
      {"memory", "some", "node_pressure_memory_waiting_seconds_total",
       "Total time in seconds that processes have waited for memory"},
      {"memory", "full", "node_pressure_memory_stalled_seconds_total",
       "Total time in seconds no process could make progress due to memory congestion"},
  }};
  bool any = false;
  for (const Entry& entry : kEntries) {
    if (const auto value = total(entry.file, entry.kind)) {
      page.Counter(entry.name, entry.help, *value);
      any = true;
    }
  }
  return any;
}

}  // namespace meerkat::host
