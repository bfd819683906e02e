#include "server/net/resolver.h"

#include <ares.h>
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>

namespace meerkat::net {
namespace {

constexpr std::chrono::seconds kLongest = std::chrono::minutes(5);
constexpr auto kStale = std::chrono::hours(1);
constexpr std::size_t kMostNames = 10'000;

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

std::string DescribeFailure(const std::string& host, int status) {
  std::string text = "lookup " + host;
  if (const std::string server = NameServer(); !server.empty()) text += " on " + server;
  switch (status) {
    case ARES_ENOTFOUND:
    case ARES_ENODATA:
    case ARES_EBADNAME:
      return text + ": no such host";
    case ARES_ESERVFAIL:
    case ARES_EREFUSED:
      return text + ": server misbehaving";
    case ARES_ETIMEOUT:
      return text + ": i/o timeout";
    default:
      return text + ": " + ares_strerror(status);
  }
}

struct Reply {
  bool done = false;
  int status = ARES_ETIMEOUT;
  std::unique_ptr<ares_addrinfo, decltype(&ares_freeaddrinfo)> list{nullptr, ares_freeaddrinfo};
};

extern "C" void TakeAddresses(void* argument, int status, int, ares_addrinfo* list) {
  auto& reply = *static_cast<Reply*>(argument);
  reply.done = true;
  reply.status = status;
  reply.list.reset(list);
}

struct Found {
  Result<Resolver::Answer> answer;
  bool exists = true;  // false: the servers say that there is no such name
};

Found Lookup(const std::string& host, const DnsOptions& options) {
  auto channel = DnsChannel::Open(options);
  if (!channel) return {std::move(channel).error()};
  ares_addrinfo_hints hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  Reply reply;
  ares_getaddrinfo(channel->get(), host.c_str(), nullptr, &hints, TakeAddresses, &reply);
  channel->WaitUntil(reply.done);
  if (reply.status != ARES_SUCCESS) {
    const bool none = reply.status == ARES_ENOTFOUND || reply.status == ARES_ENODATA;
    return {Error(Code::kUnavailable, DescribeFailure(host, reply.status)), !none};
  }
  Resolver::Answer answer;
  answer.lifetime = kLongest;
  for (const ares_addrinfo_node* node = reply.list->nodes; node != nullptr; node = node->ai_next) {
    answer.endpoints.emplace_back(node->ai_addr, node->ai_addrlen, IPPROTO_TCP);
    answer.lifetime = std::min(answer.lifetime, std::chrono::seconds(std::max(0, node->ai_ttl)));
  }
  if (answer.endpoints.empty()) {
    return {Error(Code::kUnavailable, DescribeFailure(host, ARES_ENODATA)), false};
  }
  return {std::move(answer)};
}

std::optional<Socket::endpoint_type> Literal(const std::string& host) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  if (inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1) {
    return Socket::endpoint_type(&v4, sizeof(v4), IPPROTO_TCP);
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  const std::size_t percent = host.find('%');
  if (inet_pton(AF_INET6, host.substr(0, percent).c_str(), &v6.sin6_addr) != 1) return {};
  if (percent != std::string::npos) {
    v6.sin6_scope_id = if_nametoindex(host.c_str() + percent + 1);
    if (v6.sin6_scope_id == 0) return {};
  }
  return Socket::endpoint_type(&v6, sizeof(v6), IPPROTO_TCP);
}

Address WithPort(const Socket::endpoint_type& endpoint, std::uint16_t port) {
  Socket::endpoint_type copy = endpoint;
  auto* const raw = static_cast<sockaddr*>(static_cast<void*>(copy.data()));
  // The port stands at the same place in both families.
  auto* const v4 = static_cast<sockaddr_in*>(static_cast<void*>(raw));
  v4->sin_port = htons(port);
  std::string text = TextOf(copy);
  return {copy, std::move(text)};
}

std::vector<Address> WithPort(const std::vector<Socket::endpoint_type>& endpoints,
                              std::uint16_t port) {
  std::vector<Address> addresses;
  for (const auto& endpoint : endpoints) addresses.push_back(WithPort(endpoint, port));
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

Resolver::Resolver(ThreadPool& blocking, DnsOptions options)
    : blocking_(blocking), options_(std::move(options)) {}

Awaitable<Result<std::vector<Address>>> Resolver::Resolve(std::string host, std::uint16_t port) {
  if (const auto literal = Literal(host)) {
    co_return std::vector<Address>{WithPort(*literal, port)};
  }
  const auto known = kept_.find(host);
  const bool is_known = known != kept_.end();
  const auto now = std::chrono::steady_clock::now();
  if (is_known && now < known->second.fresh_until) {
    co_return WithPort(known->second.endpoints, port);
  }
  auto work = [host, options = options_] { return Lookup(host, options); };
  Found found = co_await Offload(blocking_, std::move(work));
  if (found.answer) {
    Keep(host, *found.answer);
    co_return WithPort(found.answer->endpoints, port);
  }
  const auto last = kept_.find(host);
  if (found.exists && last != kept_.end() && now < last->second.fresh_until + kStale) {
    co_return WithPort(last->second.endpoints, port);
  }
  co_return std::move(found.answer).error();
}

void Resolver::Keep(const std::string& host, const Answer& answer) {
  const auto now = std::chrono::steady_clock::now();
  if (answer.lifetime.count() == 0) {
    kept_.erase(host);
    return;
  }
  if (kept_.size() >= kMostNames) {
    std::erase_if(kept_, [now](const auto& item) { return item.second.fresh_until < now; });
    if (kept_.size() >= kMostNames) kept_.clear();
  }
  kept_[host] = {answer.endpoints, now + answer.lifetime};
}

Address UnixAddress(const std::string& path) {
  sockaddr_un raw{};
  raw.sun_family = AF_UNIX;
  std::strncpy(raw.sun_path, path.c_str(), sizeof(raw.sun_path) - 1);
  return {Socket::endpoint_type(&raw, sizeof(raw), 0), path};
}

}  // namespace meerkat::net
