#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "server/net/dns.h"
#include "server/net/offload.h"
#include "server/net/stream.h"

// Names to socket addresses; private to server/net.
namespace meerkat::net {

struct Address {
  Socket::endpoint_type endpoint;
  std::string text;  // "127.0.0.1:9090", "[::1]:9090", a path
};

// Asks /etc/hosts and the name servers through c-ares and remembers answers for as long as they
// say, five minutes at most. When the servers do not answer, what they said last is good for an
// hour more: kept targets are worth more than fresh names. Threads: the io thread alone.
class Resolver {
 public:
  explicit Resolver(ThreadPool& blocking, DnsOptions options = {});

  // Literal addresses at once, names on the pool. Both families, in the order of RFC 6724. Errors
  // as Go's: `lookup x on 10.0.0.1:53: no such host`.
  Awaitable<Result<std::vector<Address>>> Resolve(std::string host, std::uint16_t port);

  struct Answer {
    std::vector<Socket::endpoint_type> endpoints;  // port 0
    std::chrono::seconds lifetime{0};              // 0: not to be kept
  };

 private:
  struct Kept {
    std::vector<Socket::endpoint_type> endpoints;
    std::chrono::steady_clock::time_point fresh_until;
  };
  void Keep(const std::string& host, const Answer& answer);

  ThreadPool& blocking_;
  const DnsOptions options_;
  std::map<std::string, Kept> kept_;
};

Address UnixAddress(const std::string& path);

// "127.0.0.1:9090" of an endpoint.
std::string TextOf(const Socket::endpoint_type& endpoint);

}  // namespace meerkat::net
