#include "server/app/process_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "server/app/version.h"

namespace meerkat::app {
namespace {

std::string FirstLine(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// The n-th number (from 0) of a line of numbers.
double Field(std::string_view line, int n) {
  std::size_t at = 0;
  for (; n > 0; --n) {
    at = line.find(' ', at);
    if (at == std::string_view::npos) return 0;
    ++at;
  }
  double value = 0;
  std::from_chars(line.data() + at, line.data() + line.size(), value);
  return value;
}

double PageSize() {
  return static_cast<double>(sysconf(_SC_PAGESIZE));
}

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double Limit(int resource) {
  rlimit limit{};
  getrlimit(static_cast<__rlimit_resource>(resource), &limit);
  return limit.rlim_cur == RLIM_INFINITY ? 18446744073709551615.0
                                         : static_cast<double>(limit.rlim_cur);
}

// Of the kernel's network namespace, as procfs gives it to every process in it.
double NetworkOctets(std::string_view wanted) {
  std::ifstream file("/proc/self/net/netstat");
  std::string names;
  std::string values;
  while (std::getline(file, names) && std::getline(file, values)) {
    if (!names.starts_with("IpExt:")) continue;
    std::istringstream name_words(names);
    std::istringstream value_words(values);
    std::string name;
    std::string value;
    while (name_words >> name && value_words >> value) {
      if (name == wanted) return Field(value, 0);
    }
  }
  return 0;
}

}  // namespace

double ThreadCount() {
  // /proc/self/stat: the command stands in parentheses and may hold spaces; field 20 counts
  // threads.
  const std::string line = FirstLine("/proc/self/stat");
  const std::size_t close = line.rfind(')');
  if (close == std::string::npos || close + 2 >= line.size()) return 0;
  return Field(std::string_view(line).substr(close + 2), 17);
}

double ResidentBytes() {
  return Field(FirstLine("/proc/self/statm"), 1) * PageSize();
}

double OpenDescriptors() {
  std::error_code error;
  double count = 0;
  for (std::filesystem::directory_iterator at("/proc/self/fd", error), end; !error && at != end;
       at.increment(error))
    ++count;
  return count > 0 ? count - 1 : 0;  // the iterator's own
}

double MaxDescriptors() {
  return Limit(RLIMIT_NOFILE);
}

void RegisterProcessMetrics(Registry& registry, Timestamp started) {
  registry
      .gauge("process_start_time_seconds", "Start time of the process since unix epoch in seconds.")
      .Set(static_cast<double>(ToMillis(started)) / 1000);
  registry.counter_function("process_cpu_seconds_total",
                            "Total user and system CPU time spent in seconds.", CpuSeconds);
  registry.gauge_function("process_resident_memory_bytes", "Resident memory size in bytes.",
                          ResidentBytes);
  registry.gauge_function("process_virtual_memory_bytes", "Virtual memory size in bytes.",
                          [] { return Field(FirstLine("/proc/self/statm"), 0) * PageSize(); });
  registry.gauge_function("process_virtual_memory_max_bytes",
                          "Maximum amount of virtual memory available in bytes.",
                          [] { return Limit(RLIMIT_AS); });
  registry.gauge_function("process_open_fds", "Number of open file descriptors.", OpenDescriptors);
  registry.gauge_function("process_max_fds", "Maximum number of open file descriptors.",
                          MaxDescriptors);
  registry.counter_function("process_network_receive_bytes_total",
                            "Number of bytes received by the process over the network.",
                            [] { return NetworkOctets("InOctets"); });
  registry.counter_function("process_network_transmit_bytes_total",
                            "Number of bytes sent by the process over the network.",
                            [] { return NetworkOctets("OutOctets"); });
  registry.gauge_function("go_threads", "Number of OS threads of the process.", ThreadCount);
  registry.gauge_function("go_goroutines", "Number of OS threads: there are no goroutines here.",
                          ThreadCount);
  registry.gauge_function("go_memstats_alloc_bytes",
                          "Resident memory: there is no collected heap here.", ResidentBytes);
  registry.gauge("go_info", "The language the server is written in.", {{"version", "none"}}).Set(1);
  const auto build_info = [&registry](const char* name, std::string_view version) {
    registry
        .gauge(name, "The version whose behaviour the server has, and what it was built with.",
               {{"version", version},
                {"revision", "meerkat-" + std::string(kVersion)},
                {"branch", "main"},
                {"goversion", Compiler()},
                {"goos", "linux"},
                {"goarch", "amd64"},
                {"tags", "meerkat"}})
        .Set(1);
  };
  build_info("prometheus_build_info", kPrometheusVersion);
  build_info("alertmanager_build_info", kAlertmanagerVersion);
}

}  // namespace meerkat::app
