#pragma once

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "server/discovery/provider.h"

namespace meerkat::discovery {

// Runs the sources of every set of targets (a scrape job, an Alertmanager entry) and hands each
// set's groups on when they change. A new configuration keeps the sources that did not change.
// Threads: the io thread alone; construct and destroy anywhere while the io thread does not run
// anything of it.
class Manager {
 public:
  // `update` gets all groups of a set.
  using Update = std::function<void(const std::string& set, std::vector<TargetGroup> groups)>;

  // `name`: "scrape" or "notify", for logs and metrics.
  Manager(DiscoveryContext context, std::string name, Update update);
  ~Manager();

  void Apply(const std::map<std::string, SdConfigs>& sets);
  void Stop();

 private:
  struct Source {
    SdConfig config;
    std::shared_ptr<Provider> provider;
    std::vector<TargetGroup> groups;
    bool known = false;  // it has said something
  };
  struct Set {
    std::vector<std::shared_ptr<Source>> sources;
  };
  void Start(const std::string& name, const std::shared_ptr<Source>& source);
  void Publish(const std::string& name);

  const DiscoveryContext context_;
  const std::string name_;
  const Update update_;
  // Shared so that a sink called late finds that the manager is gone.
  const std::shared_ptr<bool> alive_;
  std::map<std::string, Set> sets_;
};

}  // namespace meerkat::discovery
