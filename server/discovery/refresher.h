#pragma once

#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>
#include <vector>

#include "server/discovery/provider.h"

namespace meerkat::discovery {

// A source that is asked again every `interval`.
class Refresher : public Provider, public std::enable_shared_from_this<Refresher> {
 public:
  Refresher(const DiscoveryContext& context, std::string mechanism, std::string name,
            Millis interval);
  void Start(Sink sink) override;
  void Stop() override;

 protected:
  // All groups as of now. Runs on the io thread; waits only in co_await.
  virtual net::Awaitable<Result<std::vector<TargetGroup>>> Refresh() = 0;

  const DiscoveryContext& context() const { return context_; }
  bool stopped() const { return stopped_; }
  // Refreshes without waiting for the interval to pass.
  void Wake();

 private:
  static net::Awaitable<void> Run(std::shared_ptr<Refresher> self);
  net::Awaitable<void> WaitUntil(Timestamp when);

  const DiscoveryContext& context_;
  const std::string mechanism_;
  const std::string name_;
  const Millis interval_;
  boost::asio::steady_timer gate_;
  Sink sink_;
  bool stopped_ = false;
  bool woken_ = false;
};

}  // namespace meerkat::discovery
