#pragma once

#include <filesystem>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "server/host/files.h"

namespace meerkat::host {

// Figures of this machine under node_exporter's names and labels, as one page of the text format,
// so that the usual host dashboards and rules work without a second process. Each collector reports
// its success and duration. Threads: Collect from one at a time, not on an io thread (it reads
// files).
class HostCollector {
 public:
  struct Options {
    Roots roots;
    std::set<std::string, std::less<>> disabled;  // names of collectors
    std::filesystem::path textfile_directory;     // *.prom files are added to the page; "": none
  };
  explicit HostCollector(const Clock& clock);
  HostCollector(const Clock& clock, Options options);

  std::string Collect() const;

  // Every collector's name, sorted.
  static std::vector<std::string_view> Names();

 private:
  void AppendTextfiles(std::string& page) const;

  const Clock& clock_;
  const Options options_;
};

}  // namespace meerkat::host
