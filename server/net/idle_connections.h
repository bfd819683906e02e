#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "server/net/stream.h"

namespace meerkat::net {

// A client's connections that rest between two requests, by where they lead. IO thread only.
class IdleConnections {
 public:
  IdleConnections(Millis timeout, std::size_t most_per_host)
      : timeout_(timeout), most_per_host_(most_per_host) {}

  // The connection that rested last, or null. `tls`: the context the request would connect with,
  // null without; when it is another than last time, its certificates are too, and all secure
  // connections are dropped.
  std::unique_ptr<Stream> Take(const std::string& key, const void* tls);

  // `stream` has no request under way; it is closed at once when enough of its kind rest.
  void Give(const std::string& key, std::unique_ptr<Stream> stream);

  void Clear() { resting_.clear(); }

 private:
  using Steady = std::chrono::steady_clock;
  struct Idle {
    std::unique_ptr<Stream> stream;
    Steady::time_point since;
  };
  void Sweep();

  const Millis timeout_;
  const std::size_t most_per_host_;
  std::map<std::string, std::vector<Idle>> resting_;
  const void* last_tls_ = nullptr;
  Steady::time_point last_sweep_{};
};

}  // namespace meerkat::net
