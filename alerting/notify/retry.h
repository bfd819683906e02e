#pragma once

#include <functional>
#include <memory>
#include <string>

#include "alerting/notify/metrics.h"
#include "alerting/receivers/notifier.h"
#include "base/clock.h"

namespace meerkat::alerting {

struct RetryResult {
  bool sent = false;
  std::string error;
  int attempts = 0;
  std::map<std::string, std::string> memory;
};

// Notifies through one integration until it succeeds, fails for good, or the deadline passes.
// Waits 0.5 s after the first attempt, half as long again after each further one, at most a minute,
// each time give or take a half.
class Retry : public std::enable_shared_from_this<Retry> {
 public:
  struct Needs {
    Clock& clock;
    std::shared_ptr<Transport> transport;
    std::shared_ptr<Notifier> notifier;
    AlertmanagerMetrics::ForIntegration& metrics;
    std::function<std::uint64_t()> random;
  };

  // Made by make_shared; whoever keeps it keeps it going, and dropping it abandons it silently.
  Retry(Needs needs, std::shared_ptr<const Notification> notification, Timestamp deadline,
        std::function<void(RetryResult)> done);
  // Begins. `done` runs at most once, now or later.
  void Start();
  // Its configuration is gone: an attempt that is under way may still succeed, but is the last.
  void Retire();

 private:
  void Attempt();
  void OnOutcome(int attempt, Outcome outcome);
  void Finish(RetryResult result);
  void FinishRetired();

  Needs needs_;
  const std::shared_ptr<const Notification> notification_;
  const Timestamp deadline_;
  std::function<void(RetryResult)> done_;  // empty once it ran
  Timestamp attempt_started_;
  std::unique_ptr<Timer> deadline_timer_;
  std::unique_ptr<Timer> backoff_timer_;
  Millis backoff_ = std::chrono::milliseconds(500);
  int attempts_ = 0;
  bool retired_ = false;
  std::string last_error_;
  FailureReason last_reason_ = FailureReason::kOther;
};

}  // namespace meerkat::alerting
