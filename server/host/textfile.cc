#include <sys/stat.h>

#include <algorithm>
#include <optional>

#include "server/host/collectors.h"
#include "server/push/text_reader.h"

namespace meerkat::host {

// Files of other programs: *.prom in the directory, read as strictly as what is pushed. A file that
// is wrong or has timestamps spoils only itself.
bool CollectTextfiles(const Host& host, Page& page) {
  bool failed = false;
  std::vector<std::pair<std::string, double>> times;
  push::Families all;
  std::error_code error;
  if (!host.textfile_directory.empty())
    failed = !std::filesystem::is_directory(host.textfile_directory, error);
  for (const std::string& name : Names(host.textfile_directory)) {
    if (!name.ends_with(".prom")) continue;
    const auto path = host.textfile_directory / name;
    const auto text = ReadText(path);
    struct stat info{};
    if (!text || stat(path.c_str(), &info) != 0) {
      failed = true;
      continue;
    }
    auto families = push::ReadText(*text);
    const auto has_times = [](const auto& item) {
      return std::ranges::any_of(item.second.metrics, &push::Metric::has_time);
    };
    if (!families || std::ranges::any_of(*families, has_times)) {
      failed = true;
      continue;
    }
    for (auto& [family, found] : *families) {
      const auto [known, fresh] = all.try_emplace(family, std::move(found));
      if (fresh) continue;
      failed = failed || known->second.type != found.type;
      if (known->second.type != found.type) continue;
      std::ranges::move(found.metrics, std::back_inserter(known->second.metrics));
    }
    times.emplace_back(path.string(), static_cast<double>(info.st_mtim.tv_sec) +
                                          static_cast<double>(info.st_mtim.tv_nsec) / 1e9);
  }
  std::string text;
  for (const auto& [name, family] : all) {
    std::vector<const push::Metric*> metrics;
    for (const push::Metric& metric : family.metrics) metrics.push_back(&metric);
    push::AppendText(family, metrics, text);
  }
  page.Append(text);
  if (!times.empty())
    page.Family("node_textfile_mtime_seconds", Page::Type::kGauge,
                "Unixtime mtime of textfiles successfully read.");
  for (const auto& [path, time] : times) page.Sample(time, {{"file", path}});
  page.Gauge("node_textfile_scrape_error",
             "1 if there was an error opening or reading a file, 0 otherwise", failed ? 1 : 0);
  return true;
}

}  // namespace meerkat::host
