#include <map>

#include "server/host/collectors.h"

namespace meerkat::host {
namespace {

bool IsNumber(std::string_view name) {
  return name.find_first_not_of("0123456789") == std::string_view::npos;
}

// What stands behind the command in a stat file, which may hold blanks and brackets itself.
std::optional<std::string> BehindCommand(const std::filesystem::path& path) {
  const auto stat = ReadText(path);
  if (!stat) return std::nullopt;  // gone meanwhile
  const std::size_t close = stat->rfind(')');
  if (close == std::string::npos) return std::nullopt;
  return stat->substr(close + 1);
}

}  // namespace

bool CollectProcesses(const Host& host, Page& page) {
  std::map<std::string, double, std::less<>> states;
  std::map<std::string, double, std::less<>> thread_states;
  double threads = 0;
  double processes = 0;
  const auto count = [](auto& counts, std::string_view state) { ++counts[std::string(state)]; };
  for (const std::string& name : Names(host.roots.proc)) {
    if (!IsNumber(name)) continue;
    const auto stat = BehindCommand(host.roots.proc / name / "stat");
    if (!stat) continue;
    const auto fields = FieldsOf(*stat);
    if (fields.size() < 18) continue;
    ++processes;
    count(states, fields[0]);
    const double own = Number(fields[17]);
    threads += own;
    if (own <= 1) {  // the usual process: no need to open its one thread
      count(thread_states, fields[0]);
      continue;
    }
    const auto tasks = host.roots.proc / name / "task";
    for (const std::string& task : Names(tasks)) {
      const auto thread = BehindCommand(tasks / task / "stat");
      const auto parts = thread ? FieldsOf(*thread) : std::vector<std::string_view>();
      if (!parts.empty()) count(thread_states, parts[0]);
    }
  }
  if (processes == 0) return false;
  page.Family("node_processes_state", Page::Type::kGauge, "Number of processes in each state.");
  for (const auto& [state, number] : states) page.Sample(number, {{"state", state}});
  page.Gauge("node_processes_pids", "Number of PIDs", processes);
  page.Gauge("node_processes_threads", "Allocated threads in system", threads);
  page.Family("node_processes_threads_state", Page::Type::kGauge,
              "Number of threads in each state.");
  for (const auto& [state, number] : thread_states) page.Sample(number, {{"thread_state", state}});
  if (const auto limit = ReadNumber(host.roots.proc / "sys/kernel/threads-max")) {
    page.Gauge("node_processes_max_threads", "Limit of threads in the system", *limit);
  }
  if (const auto limit = ReadNumber(host.roots.proc / "sys/kernel/pid_max")) {
    page.Gauge("node_processes_max_processes", "Number of max PIDs limit", *limit);
  }
  return true;
}

}  // namespace meerkat::host
