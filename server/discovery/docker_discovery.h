#pragma once

#include <string>
#include <vector>

#include "server/discovery/json_client.h"
#include "server/discovery/refresher.h"

namespace meerkat::discovery {

// Containers of a Docker daemon: one target for each container, network and private TCP port.
class DockerDiscovery : public Refresher {
 public:
  DockerDiscovery(const DiscoveryContext& context, DockerSd config, const std::string& name);

 protected:
  net::Awaitable<Result<std::vector<TargetGroup>>> Refresh() override;

 private:
  const DockerSd config_;
  JsonClient client_;
};

// Services, tasks or nodes of a Docker swarm.
class DockerSwarmDiscovery : public Refresher {
 public:
  DockerSwarmDiscovery(const DiscoveryContext& context, DockerSwarmSd config,
                       const std::string& name);

 protected:
  net::Awaitable<Result<std::vector<TargetGroup>>> Refresh() override;

 private:
  const DockerSwarmSd config_;
  JsonClient client_;
};

// What the API's answers mean; pure, for tests. `json` in the order the API gives it.
TargetGroup DockerTargets(const DockerSd& config, const Json& containers, const Json& networks);
TargetGroup SwarmServiceTargets(const DockerSwarmSd& config, const Json& services,
                                const Json& networks);
TargetGroup SwarmTaskTargets(const DockerSwarmSd& config, const Json& tasks, const Json& services,
                             const Json& nodes, const Json& networks);
TargetGroup SwarmNodeTargets(const DockerSwarmSd& config, const Json& nodes);

}  // namespace meerkat::discovery
