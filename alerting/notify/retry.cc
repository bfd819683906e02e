#include "alerting/notify/retry.h"

#include <algorithm>

namespace meerkat::alerting {
namespace {

constexpr Millis kLongestBackoff = std::chrono::minutes(1);

double Seconds(Millis duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

Retry::Retry(Needs needs, std::shared_ptr<const Notification> notification, Timestamp deadline,
             std::function<void(RetryResult)> done)
    : needs_(std::move(needs)),
      notification_(std::move(notification)),
      deadline_(deadline),
      done_(std::move(done)) {}

void Retry::Start() {
  needs_.metrics.notifications.Add();
  deadline_timer_ = needs_.clock.CallAt(deadline_, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr) return;
    self->last_reason_ = FailureReason::kContextDeadlineExceeded;
    self->Finish({false,
                  "notify retry canceled after " + std::to_string(self->attempts_) + " attempts: " +
                      (self->last_error_.empty() ? "context deadline exceeded" : self->last_error_),
                  self->attempts_,
                  {}});
  });
  Attempt();
}

void Retry::Attempt() {
  const int attempt = ++attempts_;
  attempt_started_ = needs_.clock.Now();
  needs_.metrics.requests.Add();
  auto delivery = std::make_shared<Delivery>();
  delivery->notification = notification_;
  delivery->transport = needs_.transport;
  delivery->notifier = needs_.notifier;
  delivery->now = attempt_started_;
  delivery->deadline = deadline_;
  delivery->done = [weak = weak_from_this(), attempt](Outcome outcome) {
    if (const auto self = weak.lock()) self->OnOutcome(attempt, std::move(outcome));
  };
  needs_.notifier->Notify(std::move(delivery));
}

void Retry::OnOutcome(int attempt, Outcome outcome) {
  // The deadline came first, or a notifier answered an attempt twice.
  if (!done_ || attempt != attempts_ || backoff_timer_ != nullptr) return;
  needs_.metrics.latency.Observe(Seconds(needs_.clock.Now() - attempt_started_));
  if (outcome.sent) {
    Finish({true, {}, attempts_, std::move(outcome.memory)});
    return;
  }
  needs_.metrics.requests_failed.Add();
  last_error_ = outcome.error;
  last_reason_ = outcome.reason;
  if (!outcome.retry) {
    Finish({false,
            "notify retry canceled due to unrecoverable error after " + std::to_string(attempts_) +
                " attempts: " + outcome.error,
            attempts_,
            {}});
    return;
  }
  if (retired_) return FinishRetired();
  // Half to one and a half times the wait.
  const auto spread =
      static_cast<std::int64_t>(needs_.random() % static_cast<std::uint64_t>(backoff_.count() + 1));
  const Millis wait = backoff_ / 2 + Millis(spread);
  backoff_ = std::min(backoff_ * 3 / 2, kLongestBackoff);
  backoff_timer_ = needs_.clock.CallAt(needs_.clock.Now() + wait, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr) return;
    const auto timer = std::move(self->backoff_timer_);
    self->Attempt();
  });
}

void Retry::Retire() {
  retired_ = true;
  if (backoff_timer_ != nullptr) FinishRetired();
}

void Retry::FinishRetired() {
  last_reason_ = FailureReason::kContextCanceled;
  Finish({false,
          "notify retry canceled after " + std::to_string(attempts_) + " attempts: " + last_error_,
          attempts_,
          {}});
}

void Retry::Finish(RetryResult result) {
  if (!done_) return;
  const auto self = shared_from_this();
  if (!result.sent) needs_.metrics.failed[static_cast<std::size_t>(last_reason_)]->Add();
  const auto deadline_timer = std::move(deadline_timer_);
  const auto backoff_timer = std::move(backoff_timer_);
  const auto done = std::exchange(done_, nullptr);
  done(std::move(result));
}

}  // namespace meerkat::alerting
