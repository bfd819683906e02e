#include <array>

#include "server/host/collectors.h"

namespace meerkat::host {
namespace {

constexpr double kTicksPerSecond =
    100;  // USER_HZ, the same on every architecture the kernel reports with
constexpr std::array<std::string_view, 8> kModes = {"user",   "nice", "system",  "idle",
                                                    "iowait", "irq",  "softirq", "steal"};

}  // namespace

bool CollectCpu(const Host& host, Page& page) {
  const auto text = ReadText(host.roots.proc / "stat");
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

bool CollectStat(const Host& host, Page& page) {
  const auto text = ReadText(host.roots.proc / "stat");
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

bool CollectLoad(const Host& host, Page& page) {
  const auto text = ReadText(host.roots.proc / "loadavg");
  if (!text) return false;
  const auto fields = FieldsOf(*text);
  if (fields.size() < 3) return false;
  page.Gauge("node_load1", "1m load average.", Number(fields[0]));
  page.Gauge("node_load5", "5m load average.", Number(fields[1]));
  page.Gauge("node_load15", "15m load average.", Number(fields[2]));
  return true;
}

bool CollectPressure(const Host& host, Page& page) {
  // "some avg10=0.00 avg60=0.00 avg300=0.00 total=127400411": microseconds.
  const auto total = [&](const char* file, std::string_view kind) -> std::optional<double> {
    const auto text = ReadText(host.roots.proc / "pressure" / file);
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

bool CollectSchedstat(const Host& host, Page& page) {
  // "cpu0 0 0 0 0 0 0 running waiting slices": nanoseconds.
  const auto text = ReadText(host.roots.proc / "schedstat");
  if (!text) return false;
  std::vector<std::vector<std::string_view>> rows;
  for (const std::string_view line : Lines(*text)) {
    auto fields = FieldsOf(line);
    if (fields.size() >= 10 && fields[0].starts_with("cpu")) rows.push_back(std::move(fields));
  }
  struct Column {
    std::size_t index;
    std::string_view name, help;
    double factor;
  };
  constexpr std::array<Column, 3> kColumns = {{
      {7, "node_schedstat_running_seconds_total", "Number of seconds CPU spent running a process.",
       1e-9},
      {8, "node_schedstat_waiting_seconds_total",
       "Number of seconds spent by processing waiting for this CPU.", 1e-9},
      {9, "node_schedstat_timeslices_total", "Number of timeslices executed by CPU.", 1},
  }};
  for (const Column& column : kColumns) {
    page.Family(column.name, Page::Type::kCounter, column.help);
    for (const auto& row : rows) {
      page.Sample(Number(row[column.index]) * column.factor, {{"cpu", row[0].substr(3)}});
    }
  }
  return !rows.empty();
}

bool CollectCpuFrequency(const Host& host, Page& page) {
  const auto root = host.roots.sys / "devices/system/cpu";
  std::vector<std::pair<std::string, std::filesystem::path>> cpus;
  for (const std::string& name : Names(root)) {
    const bool is_cpu = name.starts_with("cpu") && name.size() > 3 &&
                        name.find_first_not_of("0123456789", 3) == std::string::npos;
    if (is_cpu && std::filesystem::is_directory(root / name / "cpufreq"))
      cpus.emplace_back(name.substr(3), root / name / "cpufreq");
  }
  struct Entry {
    const char* file;
    std::string_view name, help;
  };
  constexpr std::array<Entry, 6> kEntries = {{
      {"cpuinfo_cur_freq", "node_cpu_frequency_hertz", "Current CPU thread frequency in hertz."},
      {"cpuinfo_min_freq", "node_cpu_frequency_min_hertz",
       "Minimum CPU thread frequency in hertz."},
      {"cpuinfo_max_freq", "node_cpu_frequency_max_hertz",
       "Maximum CPU thread frequency in hertz."},
      {"scaling_cur_freq", "node_cpu_scaling_frequency_hertz",
       "Current scaled CPU thread frequency in hertz."},
      {"scaling_min_freq", "node_cpu_scaling_frequency_min_hertz",
       "Minimum scaled CPU thread frequency in hertz."},
      {"scaling_max_freq", "node_cpu_scaling_frequency_max_hertz",
       "Maximum scaled CPU thread frequency in hertz."},
  }};
  for (const Entry& entry : kEntries) {
    bool begun = false;
    for (const auto& [cpu, path] : cpus) {
      const auto kilohertz = ReadNumber(path / entry.file);
      if (!kilohertz) continue;
      if (!begun) page.Family(entry.name, Page::Type::kGauge, entry.help);
      begun = true;
      page.Sample(*kilohertz * 1000, {{"cpu", cpu}});
    }
  }
  bool begun = false;
  for (const auto& [cpu, path] : cpus) {
    const std::string now = ReadWord(path / "scaling_governor");
    if (now.empty()) continue;
    if (!begun)
      page.Family("node_cpu_scaling_governor", Page::Type::kGauge,
                  "Current enabled CPU frequency governor.");
    begun = true;
    const std::string all = ReadWord(path / "scaling_available_governors");
    for (const std::string_view governor : FieldsOf(all)) {
      page.Sample(governor == now ? 1 : 0, {{"cpu", cpu}, {"governor", governor}});
    }
  }
  return true;
}

}  // namespace meerkat::host
