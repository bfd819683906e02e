#include "server/discovery/dns_lookup.h"

#include <ares.h>
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <poll.h>

#include <array>
#include <memory>

namespace meerkat::discovery {
namespace {

struct FreeChannel {
  void operator()(ares_channel channel) const { ares_destroy(channel); }
};
using Channel = std::unique_ptr<std::remove_pointer_t<ares_channel>, FreeChannel>;

struct Reply {
  bool done = false;
  int status = ARES_SUCCESS;
  std::vector<unsigned char> message;
};

extern "C" void TakeReply(void* argument, int status, int, unsigned char* message, int length) {
  auto& reply = *static_cast<Reply*>(argument);
  reply.done = true;
  reply.status = status;
  if (message != nullptr) reply.message.assign(message, message + length);
}

// Turns the channel's sockets until its one query is answered or given up.
void Wait(ares_channel channel, const Reply& reply) {
  while (!reply.done) {
    std::array<ares_socket_t, ARES_GETSOCK_MAXNUM> sockets{};
    const int bits = ares_getsock(channel, sockets.data(), static_cast<int>(sockets.size()));
    std::vector<pollfd> polls;
    for (unsigned i = 0; i < sockets.size(); ++i) {
      short events = 0;
      if (ARES_GETSOCK_READABLE(static_cast<unsigned>(bits), i)) events |= POLLIN;
      if (ARES_GETSOCK_WRITABLE(static_cast<unsigned>(bits), i)) events |= POLLOUT;
      if (events != 0) polls.push_back({sockets[i], events, 0});
    }
    if (polls.empty()) return;
    timeval limit{};
    timeval longest{.tv_sec = 1, .tv_usec = 0};
    const timeval* const next = ares_timeout(channel, &longest, &limit);
    const int millis = static_cast<int>(next->tv_sec * 1000 + next->tv_usec / 1000 + 1);
    if (poll(polls.data(), polls.size(), millis) == 0) {
      ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    }
    for (const pollfd& ready : polls) {
      const bool in = (ready.revents & (POLLIN | POLLERR | POLLHUP)) != 0;
      const bool out = (ready.revents & POLLOUT) != 0;
      if (in || out) {
        ares_process_fd(channel, in ? ready.fd : ARES_SOCKET_BAD, out ? ready.fd : ARES_SOCKET_BAD);
      }
    }
  }
}

int RecordType(DnsSd::Type type) {
  switch (type) {
    case DnsSd::Type::kSrv:
      return ns_t_srv;
    case DnsSd::Type::kA:
      return ns_t_a;
    case DnsSd::Type::kAaaa:
      return ns_t_aaaa;
    case DnsSd::Type::kMx:
      return ns_t_mx;
    case DnsSd::Type::kNs:
      return ns_t_ns;
  }
  return ns_t_a;
}

std::string Rooted(std::string name) {
  if (!name.ends_with('.')) name += '.';
  return name;
}

template <typename Address>
void AddAddresses(const Address* addresses, int count, int family,
                  std::vector<DnsRecord>& records) {
  for (int i = 0; i < count; ++i) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const void* raw = nullptr;
    if constexpr (requires { addresses->ipaddr; }) {
      raw = &addresses[i].ipaddr;
    } else {
      raw = &addresses[i].ip6addr;
    }
    inet_ntop(family, raw, text.data(), text.size());
    records.push_back({text.data()});
  }
}

int Parse(DnsSd::Type type, const std::vector<unsigned char>& message,
          std::vector<DnsRecord>& records) {
  constexpr int kMost = 256;
  const unsigned char* const data = message.data();
  const int size = static_cast<int>(message.size());
  int status = ARES_SUCCESS;
  switch (type) {
    case DnsSd::Type::kSrv: {
      ares_srv_reply* list = nullptr;
      status = ares_parse_srv_reply(data, size, &list);
      for (const auto* at = list; at != nullptr; at = at->next) {
        records.push_back({Rooted(at->host), at->port});
      }
      if (list != nullptr) ares_free_data(list);
      break;
    }
    case DnsSd::Type::kMx: {
      ares_mx_reply* list = nullptr;
      status = ares_parse_mx_reply(data, size, &list);
      for (const auto* at = list; at != nullptr; at = at->next) {
        records.push_back({Rooted(at->host)});
      }
      if (list != nullptr) ares_free_data(list);
      break;
    }
    case DnsSd::Type::kNs: {
      hostent* host = nullptr;
      status = ares_parse_ns_reply(data, size, &host);
      if (host != nullptr) {
        for (char** at = host->h_aliases; *at != nullptr; ++at) records.push_back({Rooted(*at)});
        ares_free_hostent(host);
      }
      break;
    }
    case DnsSd::Type::kA: {
      std::array<ares_addrttl, kMost> addresses{};
      int count = kMost;
      status = ares_parse_a_reply(data, size, nullptr, addresses.data(), &count);
      if (status == ARES_SUCCESS) AddAddresses(addresses.data(), count, AF_INET, records);
      break;
    }
    case DnsSd::Type::kAaaa: {
      std::array<ares_addr6ttl, kMost> addresses{};
      int count = kMost;
      status = ares_parse_aaaa_reply(data, size, nullptr, addresses.data(), &count);
      if (status == ARES_SUCCESS) AddAddresses(addresses.data(), count, AF_INET6, records);
      break;
    }
  }
  return status;
}

}  // namespace

Result<std::vector<DnsRecord>> LookupDns(const std::string& name, DnsSd::Type type) {
  static const int initialized = ares_library_init(ARES_LIB_INIT_ALL);
  const auto failed = [&name](int status) {
    return Error(Code::kUnavailable, "could not resolve " + name + ": " + ares_strerror(status));
  };
  if (initialized != ARES_SUCCESS) return failed(initialized);
  ares_options options{};
  options.timeout = 2000;  // milliseconds for the first try, doubled for the second
  options.tries = 2;
  ares_channel raw = nullptr;
  const int made = ares_init_options(&raw, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES);
  if (made != ARES_SUCCESS) return failed(made);
  const Channel channel(raw);
  Reply reply;
  ares_search(channel.get(), name.c_str(), ns_c_in, RecordType(type), TakeReply, &reply);
  Wait(channel.get(), reply);
  std::vector<DnsRecord> records;
  int status = reply.done ? reply.status : ARES_ETIMEOUT;
  if (status == ARES_SUCCESS) status = Parse(type, reply.message, records);
  if (status == ARES_ENODATA || status == ARES_ENOTFOUND) return records;
  if (status != ARES_SUCCESS) return failed(status);
  return records;
}

}  // namespace meerkat::discovery
