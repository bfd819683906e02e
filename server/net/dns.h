#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"

struct ares_channeldata;

// c-ares, one question at a time. Blocks: on a pool. For the .cc files that speak to it.
namespace meerkat::net {

struct DnsOptions {
  std::string servers;  // "127.0.0.1:5353,[::1]:53"; "": those of /etc/resolv.conf
  Millis timeout = std::chrono::seconds(2);  // of the first try; doubled with each
  int tries = 2;
};

class DnsChannel {
 public:
  static Result<DnsChannel> Open(const DnsOptions& options);

  ares_channeldata* get() const { return channel_.get(); }
  // Turns the sockets until `done` or until nothing is left to wait for.
  void WaitUntil(const bool& done);

 private:
  struct Close {
    void operator()(ares_channeldata* channel) const;
  };
  explicit DnsChannel(ares_channeldata* channel) : channel_(channel) {}
  std::unique_ptr<ares_channeldata, Close> channel_;
};

}  // namespace meerkat::net
