#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "server/discovery/sd_config.h"
#include "server/net/dns.h"

namespace meerkat::discovery {

struct DnsRecord {
  std::string host;        // an address, or a name with its final dot
  std::uint16_t port = 0;  // SRV only
};

// Asks the name servers, with its search domains. No such name is no records; servers that
// do not answer are an error. Blocks for some seconds at most: run it on a pool.
Result<std::vector<DnsRecord>> LookupDns(const std::string& name, DnsSd::Type type,
                                         const net::DnsOptions& options);

// What a name server's answer says about the asked type. A message that says that there are none
// is no records; one that is broken is an error.
Result<std::vector<DnsRecord>> ParseDnsAnswer(DnsSd::Type type, std::string_view message);

}  // namespace meerkat::discovery
