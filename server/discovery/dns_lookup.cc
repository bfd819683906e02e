#include "server/discovery/dns_lookup.h"

#include <ares.h>
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>

#include <array>
#include <utility>

namespace meerkat::discovery {
namespace {

struct Reply {
  bool done = false;
  int status = ARES_SUCCESS;
  std::string message;
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

std::string Written(int family, const void* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(family, address, text.data(), text.size());
  return text.data();
}

// How many address records fit into a message: even with a name of two bytes each takes more than
// this (RFC 1035, 4.1.3).
constexpr std::size_t kSmallestRecord = 12;

int Parse(DnsSd::Type type, std::string_view message, std::vector<DnsRecord>& records) {
  const auto* const data = reinterpret_cast<const unsigned char*>(message.data());
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
      std::vector<ares_addrttl> addresses(message.size() / kSmallestRecord + 1);
      int count = static_cast<int>(addresses.size());
      status = ares_parse_a_reply(data, size, nullptr, addresses.data(), &count);
      if (status != ARES_SUCCESS) break;
      for (int i = 0; i < count; ++i) {
        records.push_back({Written(AF_INET, &addresses[static_cast<std::size_t>(i)].ipaddr)});
      }
      break;
    }
    case DnsSd::Type::kAaaa: {
      std::vector<ares_addr6ttl> addresses(message.size() / kSmallestRecord + 1);
      int count = static_cast<int>(addresses.size());
      status = ares_parse_aaaa_reply(data, size, nullptr, addresses.data(), &count);
      if (status != ARES_SUCCESS) break;
      for (int i = 0; i < count; ++i) {
        records.push_back({Written(AF_INET6, &addresses[static_cast<std::size_t>(i)].ip6addr)});
      }
      break;
    }
  }
  return status;
}

// No such name, and no such records of it, are an answer.
Result<std::vector<DnsRecord>> Outcome(int status, std::vector<DnsRecord> records) {
  if (status == ARES_SUCCESS) return records;
  if (status == ARES_ENODATA || status == ARES_ENOTFOUND) return std::vector<DnsRecord>();
  return Error(Code::kUnavailable, ares_strerror(status));
}

}  // namespace

Result<std::vector<DnsRecord>> ParseDnsAnswer(DnsSd::Type type, std::string_view message) {
  std::vector<DnsRecord> records;
  const int status = Parse(type, message, records);
  return Outcome(status, std::move(records));
}

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
  const int status = reply.done ? reply.status : ARES_ETIMEOUT;
  auto records = status == ARES_SUCCESS ? ParseDnsAnswer(type, reply.message) : Outcome(status, {});
  if (!records) return failed(records.error().message());
  return records;
}

}  // namespace meerkat::discovery
