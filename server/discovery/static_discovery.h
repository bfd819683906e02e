#pragma once

#include <utility>

#include "server/discovery/provider.h"

namespace meerkat::discovery {

// Targets that stand in the configuration.
class StaticDiscovery : public Provider {
 public:
  explicit StaticDiscovery(StaticSd config) : config_(std::move(config)) {}
  void Start(Sink sink) override { sink(config_.groups); }
  void Stop() override {}

 private:
  const StaticSd config_;
};

}  // namespace meerkat::discovery
