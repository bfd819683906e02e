#pragma once

#include <string>
#include <vector>

#include "server/discovery/refresher.h"
#include "server/net/http_client.h"

namespace meerkat::discovery {

// A list of target groups from a URL.
class HttpDiscovery : public Refresher {
 public:
  HttpDiscovery(const DiscoveryContext& context, HttpSd config, const std::string& name);

 protected:
  net::Awaitable<Result<std::vector<TargetGroup>>> Refresh() override;

 private:
  const HttpSd config_;
  net::HttpClient client_;
};

}  // namespace meerkat::discovery
