#include "server/discovery/file_discovery.h"

#include <sys/inotify.h>
#include <sys/stat.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <filesystem>
#include <utility>

#include "server/config/prometheus_config.h"
#include "server/config/sd_file.h"
#include "server/discovery/group_json.h"

namespace meerkat::discovery {

FileDiscovery::FileDiscovery(const DiscoveryContext& context, FileSd config,
                             const std::string& name)
    : Refresher(context, "file", name, config.refresh_interval),
      config_(std::move(config)),
      inotify_(context.io.context()) {}

void FileDiscovery::Start(Sink sink) {
  const int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd >= 0) {
    inotify_.assign(fd);
    for (const std::string& pattern : config_.files) {
      const std::filesystem::path parent = std::filesystem::path(pattern).parent_path();
      constexpr std::uint32_t kEvents =
          IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CREATE;
      if (inotify_add_watch(fd, parent.empty() ? "." : parent.c_str(), kEvents) < 0) {
        context()
            .registry
            .counter("prometheus_sd_file_watcher_errors_total",
                     "The number of File-SD errors caused by filesystem watch failures.")
            .Add();
      }
    }
    context().io.Spawn(Watch(shared_from_this()));
  }
  Refresher::Start(std::move(sink));
}

void FileDiscovery::Stop() {
  Refresher::Stop();
  boost::system::error_code ignored;
  inotify_.close(ignored);
}

net::Awaitable<void> FileDiscovery::Watch(std::shared_ptr<Refresher> self) {
  auto& files = static_cast<FileDiscovery&>(*self);
  constexpr auto kToken = boost::asio::as_tuple(boost::asio::use_awaitable);
  std::array<char, 4096> events{};
  while (!files.stopped()) {
    const auto [error, count] =
        co_await files.inotify_.async_read_some(boost::asio::buffer(events), kToken);
    if (error || files.stopped()) break;
    files.Wake();
  }
}

FileDiscovery::Reading FileDiscovery::ReadAll(const FileSd& config, const Files& before) {
  Reading reading;
  for (const std::string& pattern : config.files) {
    for (const std::string& path : config::Glob(pattern)) {
      if (reading.files.contains(path)) continue;
      auto groups = config::ReadTargetFile(path);
      struct stat info{};
      if (stat(path.c_str(), &info) == 0) {
        reading.modified[path] = static_cast<double>(info.st_mtime);
      }
      if (groups) {
        reading.files.emplace(path, *std::move(groups));
        continue;
      }
      reading.errors.push_back(path + ": " + groups.error().message());
      const auto known = before.find(path);
      reading.files.emplace(path,
                            known == before.end() ? std::vector<TargetGroup>() : known->second);
    }
  }
  return reading;
}

net::Awaitable<Result<std::vector<TargetGroup>>> FileDiscovery::Refresh() {
  auto work = [config = config_, before = files_] { return ReadAll(config, before); };
  const auto started = std::chrono::steady_clock::now();
  Reading reading = co_await net::Offload(context().blocking, std::move(work));
  Registry& registry = context().registry;
  registry
      .summary("prometheus_sd_file_scan_duration_seconds",
               "The duration of the File-SD scan in seconds.")
      .Observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count());
  Counter& errors = registry.counter("prometheus_sd_file_read_errors_total",
                                     "The number of File-SD read errors.");
  for (const std::string& error : reading.errors) {
    errors.Add();
    context().log.Error("Error reading file", {{"discovery", "file"}, {"err", error}});
  }
  for (const auto& [path, seconds] : reading.modified) {
    registry
        .gauge("prometheus_sd_file_mtime_seconds",
               "Timestamp (mtime) of files read by FileSD. Timestamp is set at read time.",
               Labels{{"filename", path}})
        .Set(seconds);
  }
  files_ = std::move(reading.files);
  std::vector<TargetGroup> groups;
  for (const auto& [path, list] : files_) groups.insert(groups.end(), list.begin(), list.end());
  co_return groups;
}

}  // namespace meerkat::discovery
