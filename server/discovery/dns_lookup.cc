#include "server/discovery/dns_lookup.h"

#include <ares.h>
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>

#include <array>

namespace meerkat::discovery {
namespace {

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

Result<std::vector<DnsRecord>> LookupDns(const std::string& name, DnsSd::Type type,
                                         const net::DnsOptions& options) {
  const auto failed = [&name](std::string_view why) {
    return Error(Code::kUnavailable, "could not resolve " + name + ": " + std::string(why));
  };
  auto channel = net::DnsChannel::Open(options);
  if (!channel) return failed(channel.error().message());
  Reply reply;
  ares_search(channel->get(), name.c_str(), ns_c_in, RecordType(type), TakeReply, &reply);
  channel->WaitUntil(reply.done);
  std::vector<DnsRecord> records;
  int status = reply.done ? reply.status : ARES_ETIMEOUT;
  if (status == ARES_SUCCESS) status = Parse(type, reply.message, records);
  if (status == ARES_ENODATA || status == ARES_ENOTFOUND) return records;
  if (status != ARES_SUCCESS) return failed(ares_strerror(status));
  return records;
}

}  // namespace meerkat::discovery
