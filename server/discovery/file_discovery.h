#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <map>
#include <string>
#include <vector>

#include "server/discovery/refresher.h"

namespace meerkat::discovery {

// Target groups from JSON and YAML files, read again when the kernel tells of a change in their
// directories and, for file systems that tell nothing, at every interval. A file that turns bad
// keeps the groups it had; one that vanished loses them.
class FileDiscovery : public Refresher {
 public:
  FileDiscovery(const DiscoveryContext& context, FileSd config, const std::string& name);
  void Start(Sink sink) override;
  void Stop() override;

 protected:
  net::Awaitable<Result<std::vector<TargetGroup>>> Refresh() override;

 private:
  using Files = std::map<std::string, std::vector<TargetGroup>>;
  struct Reading {
    Files files;
    std::vector<std::string> errors;
    std::map<std::string, double> modified;  // seconds
  };
  static Reading ReadAll(const FileSd& config, const Files& before);
  static net::Awaitable<void> Watch(std::shared_ptr<Refresher> self);

  const FileSd config_;
  Files files_;
  boost::asio::posix::stream_descriptor inotify_;
};

}  // namespace meerkat::discovery
