#include <sys/timex.h>
#include <sys/utsname.h>

#include <chrono>
#include <ctime>
#include <map>

#include "server/host/collectors.h"

namespace meerkat::host {

bool CollectUname(const Host& host, Page& page) {
  utsname names{};
  if (uname(&names) != 0) return false;
  const std::string domain = ReadWord(host.roots.proc / "sys/kernel/domainname");
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

bool CollectOs(const Host& host, Page& page) {
  auto text = ReadText(host.roots.root / "etc/os-release");
  if (!text) text = ReadText(host.roots.root / "usr/lib/os-release");
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

bool CollectDescriptors(const Host& host, Page& page) {
  const auto text = ReadText(host.roots.proc / "sys/fs/file-nr");
  if (!text) return false;
  const auto fields = FieldsOf(*text);
  if (fields.size() < 3) return false;
  page.Gauge("node_filefd_allocated", "File descriptor statistics: allocated.", Number(fields[0]));
  page.Gauge("node_filefd_maximum", "File descriptor statistics: maximum.", Number(fields[2]));
  return true;
}

bool CollectEntropy(const Host& host, Page& page) {
  const auto bits = ReadNumber(host.roots.proc / "sys/kernel/random/entropy_avail");
  if (!bits) return false;
  page.Gauge("node_entropy_available_bits", "Bits of available entropy.", *bits);
  if (const auto pool = ReadNumber(host.roots.proc / "sys/kernel/random/poolsize")) {
    page.Gauge("node_entropy_pool_size_bits", "Bits of entropy pool.", *pool);
  }
  return true;
}

bool CollectTimex(const Host&, Page& page) {
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
  page.Gauge("node_timex_pps_frequency_hertz", "Pulse per second frequency.",
             static_cast<double>(state.ppsfreq) / 65536 / 1e6);
  page.Gauge("node_timex_pps_jitter_seconds", "Pulse per second jitter.",
             static_cast<double>(state.jitter) / divisor);
  page.Gauge("node_timex_pps_shift_seconds", "Pulse per second interval duration.", state.shift);
  page.Gauge("node_timex_pps_stability_hertz",
             "Pulse per second stability, average of recent frequency changes.",
             static_cast<double>(state.stabil) / 65536 / 1e6);
  page.Counter("node_timex_pps_jitter_total",
               "Pulse per second count of jitter limit exceeded events.",
               static_cast<double>(state.jitcnt));
  page.Counter("node_timex_pps_calibration_total",
               "Pulse per second count of calibration intervals.",
               static_cast<double>(state.calcnt));
  page.Counter("node_timex_pps_error_total", "Pulse per second count of calibration errors.",
               static_cast<double>(state.errcnt));
  page.Counter("node_timex_pps_stability_exceeded_total",
               "Pulse per second count of stability limit exceeded events.",
               static_cast<double>(state.stbcnt));
  page.Gauge("node_timex_tai_offset_seconds", "International Atomic Time (TAI) offset.", state.tai);
  return true;
}

bool CollectTime(const Host& host, Page& page) {
  const Timestamp now = host.clock.Now();
  page.Gauge("node_time_seconds", "System time in seconds since epoch (1970).",
             static_cast<double>(ToMillis(now)) / 1000);
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm local{};
  if (localtime_r(&seconds, &local) != nullptr) {
    page.Family("node_time_zone_offset_seconds", Page::Type::kGauge,
                "System time zone offset in seconds.");
    page.Sample(static_cast<double>(local.tm_gmtoff), {{"time_zone", local.tm_zone}});
  }
  const auto sources = host.roots.sys / "devices/system/clocksource";
  std::vector<std::pair<std::string, std::filesystem::path>> devices;
  for (const std::string& name : Names(sources)) {
    if (name.starts_with("clocksource")) devices.emplace_back(name.substr(11), sources / name);
  }
  if (devices.empty()) return true;
  page.Family("node_time_clocksource_available_info", Page::Type::kGauge,
              "Available clocksources read from '/sys/devices/system/clocksource'.");
  for (const auto& [device, path] : devices) {
    const std::string all = ReadWord(path / "available_clocksource");
    for (const std::string_view source : FieldsOf(all)) {
      page.Sample(1, {{"device", device}, {"clocksource", source}});
    }
  }
  page.Family("node_time_clocksource_current_info", Page::Type::kGauge,
              "Current clocksource read from '/sys/devices/system/clocksource'.");
  for (const auto& [device, path] : devices) {
    page.Sample(1, {{"device", device}, {"clocksource", ReadWord(path / "current_clocksource")}});
  }
  return true;
}

bool CollectSelinux(const Host& host, Page& page) {
  const auto enforcing = ReadNumber(host.roots.sys / "fs/selinux/enforce");
  page.Gauge("node_selinux_enabled", "SELinux is enabled, 1 is true, 0 is false",
             enforcing ? 1 : 0);
  if (enforcing)
    page.Gauge("node_selinux_current_mode", "Current SELinux enforcement mode", *enforcing);
  return true;
}

bool CollectHungTasks(const Host& host, Page& page) {
  const auto hung = ReadNumber(host.roots.proc / "sys/kernel/hung_task_detect_count");
  if (!hung) return false;
  page.Counter("node_kernel_hung_tasks_total",
               "Total number of tasks that have been detected as hung since the system booted.",
               *hung);
  return true;
}

}  // namespace meerkat::host
