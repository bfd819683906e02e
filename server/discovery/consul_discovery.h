#pragma once

#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "server/discovery/json_client.h"
#include "server/discovery/provider.h"

namespace meerkat::discovery {

// Services of a Consul catalog, followed by blocking queries: one on the list of services, one on
// the health of each service that is wanted.
class ConsulDiscovery : public Provider, public std::enable_shared_from_this<ConsulDiscovery> {
 public:
  ConsulDiscovery(const DiscoveryContext& context, ConsulSd config, const std::string& name);
  void Start(Sink sink) override;
  void Stop() override;

 private:
  struct Service {
    bool wanted = true;  // false: its watch ends
    bool known = false;
    TargetGroup group;
  };

  static net::Awaitable<void> WatchCatalog(std::shared_ptr<ConsulDiscovery> self);
  static net::Awaitable<void> WatchService(std::shared_ptr<ConsulDiscovery> self,
                                           std::string service);
  net::Awaitable<void> FindDatacenter();
  // A blocking query; `index` is where the last answer was and moves on.
  net::Awaitable<Result<std::shared_ptr<const Json>>> Query(std::string path, std::string& index,
                                                            std::string call);
  net::Awaitable<void> Pause(Millis duration);
  void TakeCatalog(const Json& services);
  void Publish();
  std::string QueryParameters(const std::string& index) const;

  const DiscoveryContext& context_;
  const ConsulSd config_;
  const Logger log_;
  JsonClient client_;
  boost::asio::steady_timer gate_;
  Sink sink_;
  bool stopped_ = false;
  std::string datacenter_;
  std::map<std::string, std::shared_ptr<Service>> services_;
};

// The targets in the answer of /v1/health/service/<service>; pure, for tests.
TargetGroup ConsulTargets(const ConsulSd& config, const std::string& service,
                          const std::string& datacenter, const Json& entries);
// Whether a service of the catalog with these tags is wanted.
bool ConsulWants(const ConsulSd& config, const std::string& service, const Json& tags);

}  // namespace meerkat::discovery
