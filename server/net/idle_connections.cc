#include "server/net/idle_connections.h"

#include <iterator>
#include <utility>

namespace meerkat::net {

namespace {

constexpr auto kSweepEvery = std::chrono::seconds(30);

}  // namespace

std::unique_ptr<Stream> IdleConnections::Take(const std::string& key, const void* tls) {
  Sweep();
  if (tls != nullptr && tls != last_tls_) {
    for (auto& [name, list] : resting_) {
      std::erase_if(list, [](const Idle& idle) { return idle.stream->secure(); });
    }
    last_tls_ = tls;
  }
  const auto found = resting_.find(key);
  while (found != resting_.end() && !found->second.empty()) {
    std::unique_ptr<Stream> stream = std::move(found->second.back().stream);
    found->second.pop_back();
    if (!stream->PeerLeft()) return stream;
  }
  return nullptr;
}

void IdleConnections::Give(const std::string& key, std::unique_ptr<Stream> stream) {
  stream->NeverExpire();
  auto& list = resting_[key];
  if (list.size() < most_per_host_) list.push_back({std::move(stream), Steady::now()});
}

void IdleConnections::Sweep() {
  const auto now = Steady::now();
  if (now - last_sweep_ < kSweepEvery) return;
  last_sweep_ = now;
  for (auto it = resting_.begin(); it != resting_.end();) {
    std::erase_if(it->second, [&](const Idle& idle) {
      return now - idle.since > timeout_ || idle.stream->PeerLeft();
    });
    it = it->second.empty() ? resting_.erase(it) : std::next(it);
  }
}

}  // namespace meerkat::net
