#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/result.h"
#include "server/discovery/sd_config.h"
#include "server/net/dns.h"
#include "server/net/io.h"
#include "server/net/offload.h"

namespace meerkat::discovery {

// What every source of targets works with; all of it outlives them.
struct DiscoveryContext {
  net::IoThread& io;
  net::ThreadPool& blocking;  // files, JSON
  Clock& clock;
  Registry& registry;
  Logger log;
  net::DnsOptions dns = {};  // of dns_sd_configs
};

// A running source of targets: one entry of some `*_sd_configs`. Threads: the io thread alone.
class Provider {
 public:
  using Sink = std::function<void(std::vector<TargetGroup> groups)>;

  virtual ~Provider() = default;
  // Starts work; every news is handed to `sink` as the whole set of groups. A source that fails
  // says nothing, so the last known targets stay.
  virtual void Start(Sink sink) = 0;
  // No call of the sink after this.
  virtual void Stop() = 0;
};

// `name` is the set of targets it is for (the job), for logs and metrics.
std::shared_ptr<Provider> NewProvider(const DiscoveryContext& context, const SdConfig& config,
                                      const std::string& name);

}  // namespace meerkat::discovery
