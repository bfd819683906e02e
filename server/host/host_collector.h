#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "server/host/files.h"

struct statvfs;

namespace meerkat::host {

class Patience;

// Figures of this machine under node_exporter's names and labels, as one page of the text format,
// so that the usual host dashboards and rules work without a second process. Each collector reports
// its success and duration; one that hangs counts as failed and costs no more than the patience.
// Threads: Collect from one at a time, not on an io thread (it reads files).
class HostCollector {
 public:
  struct Options {
    Roots roots;
    std::set<std::string, std::less<>> disabled;  // names of collectors
    std::filesystem::path textfile_directory;     // *.prom files are added to the page; "": none
    Millis patience = std::chrono::seconds(2);    // with a collector
    Millis mount_patience = std::chrono::seconds(1);  // with each mount of the first
    std::function<int(const char* path, struct statvfs* result)> statfs;  // empty: the system's
  };
  explicit HostCollector(const Clock& clock);
  HostCollector(const Clock& clock, Options options);
  ~HostCollector();

  std::string Collect() const;

  // Every collector's name, sorted.
  static std::vector<std::string_view> Names();
  // kInvalid when one of `names` is no collector, with the names there are.
  static Result<> CheckNames(std::span<const std::string> names);

 private:
  const Clock& clock_;
  const Options options_;
  const std::unique_ptr<Patience> collectors_;
  const std::shared_ptr<Patience> mounts_;
};

}  // namespace meerkat::host
