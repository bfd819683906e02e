#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "server/net/http.h"

namespace meerkat::web {

inline constexpr std::string_view kConfigurationUnsuccessful = "Configuration reload has failed.";
inline constexpr std::string_view kStartingUp = "Prometheus is starting and replaying the WAL.";
inline constexpr std::string_view kShuttingDown =
    "Prometheus is shutting down and gracefully stopping all operations.";

// What the server wants its users to know right now: shown by /api/v1/notifications and streamed by
// /api/v1/notifications/live. Threads: any.
class Notifications {
 public:
  Notifications(const Clock& clock, Registry& registry, std::int64_t max_subscribers);

  void Add(std::string_view text) EXCLUDES(mu_);
  // The matter is settled.
  void Delete(std::string_view text) EXCLUDES(mu_);

  std::string ActiveJson() const EXCLUDES(mu_);  // [{text, date, active}]
  // An event stream that begins with what is active; null when there are too many.
  std::shared_ptr<net::PushStream> Subscribe() EXCLUDES(mu_);
  // Ends all event streams.
  void Close() EXCLUDES(mu_);

 private:
  struct Notification {
    std::string text;
    Timestamp date{};
  };
  void Tell(const Notification& notification, bool active) REQUIRES(mu_);
  void Forget() REQUIRES(mu_);  // streams whose client has left

  const Clock& clock_;
  const std::size_t max_subscribers_;
  Gauge& subscribers_gauge_;
  Counter& sent_;
  Counter& dropped_;
  mutable Mutex mu_;
  std::vector<Notification> active_ GUARDED_BY(mu_);
  std::vector<std::shared_ptr<net::PushStream>> streams_ GUARDED_BY(mu_);
};

}  // namespace meerkat::web
