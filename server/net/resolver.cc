#include "server/net/resolver.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/un.h>

#include <cstring>
#include <fstream>
#include <memory>
#include <sstream>

namespace meerkat::net {
namespace {

struct FreeList {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};

// "10.0.0.1:53", the first server of resolv.conf, for messages; "" when there is none.
std::string NameServer() {
  std::ifstream in("/etc/resolv.conf");
  std::string line;
  while (std::getline(in, line)) {
    std::istringstream words(line);
    std::string key;
    std::string server;
    if (words >> key >> server && key == "nameserver") {
      return server.find(':') == std::string::npos ? server + ":53" : "[" + server + "]:53";
    }
  }
  return "";
}

Result<std::vector<Address>> Lookup(const std::string& host, std::uint16_t port, bool literal) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | (literal ? AI_NUMERICHOST : AI_ADDRCONFIG);
  addrinfo* found = nullptr;
  const int failed = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  const std::unique_ptr<addrinfo, FreeList> list(found);
  if (failed != 0) {
    std::string text = "lookup " + host;
    if (const std::string server = NameServer(); !server.empty()) text += " on " + server;
    switch (failed) {
      case EAI_NONAME:
      case EAI_NODATA:
        text += ": no such host";
        break;
      case EAI_AGAIN:
        text += ": server misbehaving";
        break;
      default:
        text += std::string(": ") + gai_strerror(failed);
        break;
    }
    return Error(Code::kUnavailable, std::move(text));
  }
  std::vector<Address> addresses;
  for (const addrinfo* one = list.get(); one != nullptr; one = one->ai_next) {
    Socket::endpoint_type endpoint(one->ai_addr, one->ai_addrlen, IPPROTO_TCP);
    std::string text = TextOf(endpoint);
    addresses.push_back({endpoint, std::move(text)});
  }
  return addresses;
}

}  // namespace

std::string TextOf(const Socket::endpoint_type& endpoint) {
  char text[INET6_ADDRSTRLEN] = {};
  const auto* raw = static_cast<const sockaddr*>(static_cast<const void*>(endpoint.data()));
  if (raw->sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, raw, sizeof(v4));
    inet_ntop(AF_INET, &v4.sin_addr, text, sizeof(text));
    return std::string(text) + ":" + std::to_string(ntohs(v4.sin_port));
  }
  if (raw->sa_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, raw, sizeof(v6));
    inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof(text));
    return "[" + std::string(text) + "]:" + std::to_string(ntohs(v6.sin6_port));
  }
  return "";
}

Awaitable<Result<std::vector<Address>>> ResolveHost(ThreadPool& blocking, std::string host,
                                                    std::uint16_t port) {
  const bool literal = host.find(':') != std::string::npos ||
                       host.find_first_not_of("0123456789.") == std::string::npos;
  if (literal) {
    auto at_once = Lookup(host, port, true);
    if (at_once) co_return at_once;
  }
  auto work = [host, port] { return Lookup(host, port, false); };
  auto found = co_await Offload(blocking, std::move(work));
  co_return found;
}

Address UnixAddress(const std::string& path) {
  sockaddr_un raw{};
  raw.sun_family = AF_UNIX;
  std::strncpy(raw.sun_path, path.c_str(), sizeof(raw.sun_path) - 1);
  return {Socket::endpoint_type(&raw, sizeof(raw), 0), path};
}

}  // namespace meerkat::net
