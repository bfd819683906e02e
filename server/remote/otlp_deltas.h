#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "base/clock.h"
#include "base/mutex.h"
#include "server/remote/otlp_model.h"

namespace meerkat::remote::otlp {

// Sums up what senders report as changes, so that it can be stored as counters: each stream (a
// resource, scope, metric and set of attributes) is remembered for a while after its last point.
// Threads: any.
class DeltaSums {
 public:
  // Streams that said nothing for `forget_after` begin anew with their next point.
  explicit DeltaSums(const Clock& clock, Millis forget_after = std::chrono::minutes(5))
      : clock_(clock), forget_after_(forget_after) {}

  // Turns every delta of the request into what it adds up to. Points that come too late, or twice,
  // are taken out.
  void Accumulate(Request& request);

  std::size_t streams() const;

 private:
  struct Stream {
    Point sum;  // without attributes and exemplars
    Timestamp seen{};
  };
  // False: the point is older than what was added up.
  bool Add(const std::string& stream, Metric::Kind kind, Point& point) REQUIRES(mu_);
  void Forget(Timestamp now) REQUIRES(mu_);

  const Clock& clock_;
  const Millis forget_after_;
  mutable Mutex mu_;
  std::unordered_map<std::string, Stream> streams_ GUARDED_BY(mu_);
  Timestamp forgotten_ GUARDED_BY(mu_){};  // when old ones were last looked for
};

}  // namespace meerkat::remote::otlp
