#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "server/net/client_config.h"
#include "server/net/url.h"

namespace meerkat::net {

// The proxy for a URL; nullopt: go directly. Reads the environment when the configuration says so.
// With no_proxy or the environment, localhost and loopback addresses always go directly, as Go's
// client does; a bare proxy_url takes everything.
Result<std::optional<Url>> ProxyFor(const Url& url, const ProxyConfig& config);

// Whether `host` (and port) is covered by a comma list of names, .domains, addresses, CIDRs and *.
bool InNoProxy(const std::string& host, std::uint16_t port, const std::string& no_proxy);

}  // namespace meerkat::net
