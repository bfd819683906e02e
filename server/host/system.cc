#include <sys/timex.h>
#include <sys/utsname.h>

#include <array>
#include <map>

#include "server/host/collectors.h"

namespace meerkat::host {

bool CollectUname(const Roots& roots, Page& page) {
  utsname names{};
  if (uname(&names) != 0) return false;
  const std::string domain = ReadWord(roots.proc / "sys/kernel/domainname");
  page.Family("node_uname_info", Page::Type::kGauge,
              "Labeled system information as provided by the uname system call.");
  page.Sample(1, {{"domainname", domain.empty() ? "(none)" : domain},
                  {"machine", names.machine},
                  {"nodename", names.nodename},
                  {"release", names.release},
                  {"sysname", names.sysname},
                  {"version", names.version}});
  return true;
}

bool CollectOs(const Roots& roots, Page& page) {
  auto text = ReadText(roots.root / "etc/os-release");
  if (!text) text = ReadText(roots.root / "usr/lib/os-release");
  if (!text) return false;
  std::map<std::string, std::string, std::less<>> values;
  for (const std::string_view line : Lines(*text)) {
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos || line.starts_with('#')) continue;
    std::string_view value = line.substr(equals + 1);
    if (value.size() >= 2 && (value.front() == '"' || value.front() == '\''))
      value = value.substr(1, value.size() - 2);
    values[std::string(line.substr(0, equals))] = value;
  }
  page.Family("node_os_info", Page::Type::kGauge,
              "A metric with a constant '1' value labeled by build_id, id, id_like, image_id, "
              "image_version, name, "
              "pretty_name, variant, variant_id, version, version_codename, version_id.");
  page.Sample(1, {{"build_id", values["BUILD_ID"]},
                  {"id", values["ID"]},
                  {"id_like", values["ID_LIKE"]},
                  {"image_id", values["IMAGE_ID"]},
                  {"image_version", values["IMAGE_VERSION"]},
                  {"name", values["NAME"]},
                  {"pretty_name", values["PRETTY_NAME"]},
                  {"variant", values["VARIANT"]},
                  {"variant_id", values["VARIANT_ID"]},
                  {"version", values["VERSION"]},
                  {"version_codename", values["VERSION_CODENAME"]},
                  {"version_id", values["VERSION_ID"]}});
  if (const double version = Number(values["VERSION_ID"]); version > 0) {
    page.Family("node_os_version", Page::Type::kGauge,
                "Metric containing the major.minor part of the OS version.");
    page.Sample(version,
                {{"id", values["ID"]}, {"id_like", values["ID_LIKE"]}, {"name", values["NAME"]}});
  }
  return true;
}

bool CollectDescriptors(const Roots& roots, Page& page) {
  const auto text = ReadText(roots.proc / "sys/fs/file-nr");
  if (!text) return false;
  const auto fields = FieldsOf(*text);
  if (fields.size() < 3) return false;
  page.Gauge("node_filefd_allocated", "File descriptor statistics: allocated.", Number(fields[0]));
  page.Gauge("node_filefd_maximum", "File descriptor statistics: maximum.", Number(fields[2]));
  return true;
}

bool CollectEntropy(const Roots& roots, Page& page) {
  const auto bits = ReadNumber(roots.proc / "sys/kernel/random/entropy_avail");
  if (!bits) return false;
  page.Gauge("node_entropy_available_bits", "Bits of available entropy.", *bits);
  if (const auto pool = ReadNumber(roots.proc / "sys/kernel/random/poolsize")) {
    page.Gauge("node_entropy_pool_size_bits", "Bits of entropy pool.", *pool);
  }
  return true;
}

bool CollectTimex(const Roots&, Page& page) {
  timex state{};
  const int status = adjtimex(&state);
  if (status < 0) return false;
  const double divisor = (state.status & STA_NANO) != 0 ? 1e9 : 1e6;
  page.Gauge("node_timex_sync_status",
             "Is clock synchronized to a reliable server (1 = yes, 0 = no).",
             status == TIME_ERROR ? 0 : 1);
  page.Gauge("node_timex_offset_seconds",
             "Time offset in between local system and reference clock.",
             static_cast<double>(state.offset) / divisor);
  page.Gauge("node_timex_frequency_adjustment_ratio", "Local clock frequency adjustment.",
             1 + static_cast<double>(state.freq) / 65536 / 1e6);
  page.Gauge("node_timex_maxerror_seconds", "Maximum error in seconds.",
             static_cast<double>(state.maxerror) / 1e6);
  page.Gauge("node_timex_estimated_error_seconds", "Estimated error in seconds.",
             static_cast<double>(state.esterror) / 1e6);
  page.Gauge("node_timex_status", "Value of the status array bits.", state.status);
  page.Gauge("node_timex_loop_time_constant", "Phase-locked loop time constant.",
             static_cast<double>(state.constant));
  page.Gauge("node_timex_tick_seconds", "Seconds between clock ticks.",
             static_cast<double>(state.tick) / 1e6);
  page.Gauge("node_timex_tai_offset_seconds", "International Atomic Time (TAI) offset.", state.tai);
  return true;
}

bool CollectProcesses(const Roots& roots, Page& page) {
  std::map<std::string, double> states;
  double threads = 0;
  double processes = 0;
  for (const std::string& name : Names(roots.proc)) {
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const auto stat = ReadText(roots.proc / name / "stat");
    if (!stat) continue;  // gone meanwhile
    const std::size_t close = stat->rfind(')');
    if (close == std::string::npos) continue;
    const auto fields = FieldsOf(std::string_view(*stat).substr(close + 1));
    if (fields.size() < 18) continue;
    ++processes;
    ++states[std::string(fields[0])];
    threads += Number(fields[17]);
  }
  if (processes == 0) return false;
  page.Family("node_processes_state", Page::Type::kGauge, "Number of processes in each state.");
  for (const auto& [state, count] : states) page.Sample(count, {{"state", state}});
  page.Gauge("node_processes_pids", "Number of PIDs", processes);
  page.Gauge("node_processes_threads", "Allocated threads in system", threads);
  if (const auto limit = ReadNumber(roots.proc / "sys/kernel/threads-max")) {
    page.Gauge("node_processes_max_threads", "Limit of threads in the system", *limit);
  }
  if (const auto limit = ReadNumber(roots.proc / "sys/kernel/pid_max")) {
    page.Gauge("node_processes_max_processes", "Number of max PIDs limit", *limit);
  }
  return true;
}

bool CollectTemperatures(const Roots& roots, Page& page) {
  bool any = false;
  const auto zones = roots.sys / "class/thermal";
  for (const std::string& name : Names(zones)) {
    if (!name.starts_with("thermal_zone")) continue;
    const auto temperature = ReadNumber(zones / name / "temp");
    if (!temperature) continue;
    if (!any)
      page.Family("node_thermal_zone_temp", Page::Type::kGauge, "Zone temperature in Celsius");
    any = true;
    page.Sample(*temperature / 1000,
                {{"type", ReadWord(zones / name / "type")}, {"zone", name.substr(12)}});
  }
  const auto monitors = roots.sys / "class/hwmon";
  bool begun = false;
  for (const std::string& name : Names(monitors)) {
    const std::string chip = ReadWord(monitors / name / "name");
    for (const std::string& file : Names(monitors / name)) {
      if (!file.starts_with("temp") || !file.ends_with("_input")) continue;
      const auto temperature = ReadNumber(monitors / name / file);
      if (!temperature) continue;
      if (!begun)
        page.Family("node_hwmon_temp_celsius", Page::Type::kGauge,
                    "Hardware monitor for temperature (input)");
      begun = any = true;
      page.Sample(*temperature / 1000, {{"chip", chip.empty() ? name : chip},
                                        {"sensor", file.substr(0, file.size() - 6)}});
    }
  }
  return any;
}

}  // namespace meerkat::host
