#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "server/net/offload.h"
#include "server/net/stream.h"

// Names to socket addresses; private to server/net.
namespace meerkat::net {

struct Address {
  Socket::endpoint_type endpoint;
  std::string text;  // "127.0.0.1:9090", "[::1]:9090", a path
};

// Literal addresses at once, names on the pool (by the system's resolver, so /etc/hosts and the
// like count). In the system's order. Errors as Go's: `lookup x on 10.0.0.1:53: no such host`.
Awaitable<Result<std::vector<Address>>> ResolveHost(ThreadPool& blocking, std::string host,
                                                    std::uint16_t port);
Address UnixAddress(const std::string& path);

// "127.0.0.1:9090" of an endpoint.
std::string TextOf(const Socket::endpoint_type& endpoint);

}  // namespace meerkat::net
