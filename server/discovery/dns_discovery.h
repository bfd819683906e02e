#pragma once

#include <map>
#include <string>
#include <vector>

#include "server/discovery/refresher.h"

namespace meerkat::discovery {

// Targets from DNS records. A name that cannot be asked keeps the targets it had.
class DnsDiscovery : public Refresher {
 public:
  DnsDiscovery(const DiscoveryContext& context, DnsSd config, const std::string& name);

 protected:
  net::Awaitable<Result<std::vector<TargetGroup>>> Refresh() override;

 private:
  const DnsSd config_;
  std::map<std::string, TargetGroup> groups_;  // by name asked for
};

// host:port, with brackets around an IPv6 address.
std::string JoinHostPort(std::string_view host, std::uint64_t port);

}  // namespace meerkat::discovery
