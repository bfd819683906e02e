#pragma once

#include <memory>
#include <string>

#include "base/metrics.h"

namespace meerkat::net {

enum class DialFailure { kResolution, kRefused, kTimeout, kOther };

// The connections a client makes, under the names conntrack gave them in Go's servers:
// net_conntrack_dialer_conn_{attempted,established,failed,closed}_total by `dialer_name`. All are
// there from the start, at 0. The registry outlives what Established() gave.
class DialMetrics {
 public:
  DialMetrics(Registry& registry, const std::string& dialer);

  void Attempted() { attempted_.Add(); }
  void Failed(DialFailure why);
  // One more connection; it counts as closed when the last copy of the token is gone.
  std::shared_ptr<const void> Established();

 private:
  Counter& attempted_;
  Counter& established_;
  Counter& closed_;
  Counter& unresolved_;
  Counter& refused_;
  Counter& late_;
  Counter& otherwise_failed_;
};

}  // namespace meerkat::net
