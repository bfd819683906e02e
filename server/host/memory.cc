#include "server/host/collectors.h"

namespace meerkat::host {

bool CollectMemory(const Host& host, Page& page) {
  const auto text = ReadText(host.roots.proc / "meminfo");
  if (!text) return false;
  for (const std::string_view line : Lines(*text)) {
    const auto fields = FieldsOf(line);
    if (fields.size() < 2 || !fields[0].ends_with(':')) continue;
    // "Active(anon):" is node_memory_Active_anon_bytes.
    std::string key;
    for (const char c : fields[0].substr(0, fields[0].size() - 1)) {
      if (c == '(') {
        key += '_';
      } else if (c != ')') {
        key += c;
      }
    }
    const bool kilobytes = fields.size() > 2 && fields[2] == "kB";
    const std::string name = "node_memory_" + key + (kilobytes ? "_bytes" : "");
    const std::string help = "Memory information field " + key + (kilobytes ? "_bytes." : ".");
    page.Gauge(name, help, Number(fields[1]) * (kilobytes ? 1024 : 1));
  }
  return true;
}

bool CollectVmstat(const Host& host, Page& page) {
  const auto text = ReadText(host.roots.proc / "vmstat");
  if (!text) return false;
  for (const std::string_view line : Lines(*text)) {
    const auto fields = FieldsOf(line);
    if (fields.size() != 2) continue;
    const std::string_view key = fields[0];
    const bool wanted = key == "oom_kill" || key.starts_with("pgpg") || key.starts_with("pswp") ||
                        (key.starts_with("pg") && key.find("fault") != std::string_view::npos);
    if (!wanted) continue;
    page.Family("node_vmstat_" + std::string(key), Page::Type::kUntyped,
                "/proc/vmstat information field " + std::string(key) + ".");
    page.Sample(Number(fields[1]));
  }
  return true;
}

}  // namespace meerkat::host
