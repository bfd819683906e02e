#include "server/net/dns.h"

#include <ares.h>
#include <poll.h>

#include <array>
#include <vector>

namespace meerkat::net {

void DnsChannel::Close::operator()(ares_channeldata* channel) const {
  ares_destroy(channel);
}

Result<DnsChannel> DnsChannel::Open(const DnsOptions& options) {
  static const int initialized = ares_library_init(ARES_LIB_INIT_ALL);
  const auto failed = [](int status) { return Error(Code::kUnavailable, ares_strerror(status)); };
  if (initialized != ARES_SUCCESS) return failed(initialized);
  ares_options raw{};
  raw.timeout = static_cast<int>(options.timeout.count());
  raw.tries = options.tries;
  ares_channel channel = nullptr;
  const int made = ares_init_options(&channel, &raw, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES);
  if (made != ARES_SUCCESS) return failed(made);
  DnsChannel opened(channel);
  if (!options.servers.empty()) {
    const int set = ares_set_servers_ports_csv(channel, options.servers.c_str());
    if (set != ARES_SUCCESS) return failed(set);
  }
  return opened;
}

void DnsChannel::WaitUntil(const bool& done) {
  ares_channel channel = channel_.get();
  while (!done) {
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

}  // namespace meerkat::net
