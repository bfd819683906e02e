#include "server/app/process_report.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>
#include <vector>

#include "server/app/process_metrics.h"

namespace meerkat::app {
namespace {

std::string ReadAll(const std::string& path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

std::string LimitText(int resource, std::uint64_t unit) {
  rlimit limit{};
  getrlimit(static_cast<__rlimit_resource>(resource), &limit);
  return limit.rlim_cur == RLIM_INFINITY ? "unlimited" : std::to_string(limit.rlim_cur / unit);
}

// `VmHWM:   1234 kB` of /proc/self/status.
std::string StatusLine(const std::string& status, std::string_view name) {
  const std::size_t at = status.find(std::string(name) + ":");
  if (at == std::string::npos) return "unknown";
  const std::size_t begin = status.find_first_not_of(" \t", at + name.size() + 1);
  const std::size_t end = status.find_first_of(" \n", begin);
  return status.substr(begin, end - begin);
}

void AddLine(std::string& out, std::string_view name, const std::string& value) {
  std::string line(name);
  line.resize(std::max<std::size_t>(line.size() + 1, 22), ' ');
  out += line + value + "\n";
}

struct ThreadUse {
  std::string id, name, state;
  double seconds = 0;
};

// One line of /proc/self/task/ID/stat: ID (name) state … with the CPU time in fields 14 and 15.
ThreadUse ReadThread(const std::filesystem::path& directory) {
  const std::string stat = ReadAll(directory / "stat");
  ThreadUse use;
  use.id = directory.filename().string();
  const std::size_t open = stat.find('(');
  const std::size_t close = stat.rfind(')');
  if (open == std::string::npos || close == std::string::npos || close + 2 >= stat.size()) {
    return use;
  }
  use.name = stat.substr(open + 1, close - open - 1);
  use.state = stat.substr(close + 2, 1);
  std::size_t at = close + 2;
  double ticks = 0;
  for (int field = 3; field <= 15 && at < stat.size(); ++field) {
    double value = 0;
    const std::size_t space = std::min(stat.find(' ', at), stat.size());
    std::from_chars(stat.data() + at, stat.data() + space, value);
    if (field >= 14) ticks += value;
    at = space + 1;
  }
  use.seconds = ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
  return use;
}

}  // namespace

std::string ProcessReport() {
  const std::string status = ReadAll("/proc/self/status");
  std::string out;
  AddLine(out, "open files",
          std::to_string(static_cast<std::uint64_t>(OpenDescriptors())) + " of " +
              LimitText(RLIMIT_NOFILE, 1));
  AddLine(out, "virtual memory limit", LimitText(RLIMIT_AS, 1024) + " KiB");
  std::string group = ReadAll("/sys/fs/cgroup/memory.max");
  group.erase(std::min(group.find('\n'), group.size()));
  AddLine(out, "control group memory", group.empty() ? "unknown" : group + " bytes");
  AddLine(out, "resident memory", StatusLine(status, "VmRSS") + " KiB");
  AddLine(out, "  its peak", StatusLine(status, "VmHWM") + " KiB");
  AddLine(out, "  of files", StatusLine(status, "RssFile") + " KiB");
  AddLine(out, "virtual memory", StatusLine(status, "VmSize") + " KiB");

  std::vector<ThreadUse> threads;
  std::error_code error;
  for (std::filesystem::directory_iterator at("/proc/self/task", error), end; !error && at != end;
       at.increment(error)) {
    threads.push_back(ReadThread(at->path()));
  }
  std::sort(threads.begin(), threads.end(),
            [](const ThreadUse& a, const ThreadUse& b) { return a.seconds > b.seconds; });
  out += "\nthread   name              state  CPU seconds\n";
  for (const ThreadUse& thread : threads) {
    char line[96];
    std::snprintf(line, sizeof line, "%-8s %-17s %-6s %.2f\n", thread.id.c_str(),
                  thread.name.c_str(), thread.state.c_str(), thread.seconds);
    out += line;
  }
  return out;
}

}  // namespace meerkat::app
