#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "alerting/message.h"
#include "base/clock.h"
#include "base/mutex.h"

namespace meerkat::alerting {

// The one lock of the alert manager and whether it still lives. Everything behind it is written as
// if there were a single thread: calls from outside take the lock, and the two decorators below
// take it for what comes back from clock and transport.
struct Monitor {
  Mutex mu;
  bool alive GUARDED_BY(mu) = true;
};

// A clock whose tasks run under the lock. Timers are made and destroyed under it, so a destroyed
// one never fires, even when its task was waiting for the lock already.
class MonitoredClock : public Clock {
 public:
  MonitoredClock(Clock& clock, std::shared_ptr<Monitor> monitor)
      : clock_(clock), monitor_(std::move(monitor)) {}

  Timestamp Now() const override { return clock_.Now(); }

  std::unique_ptr<Timer> CallAt(Timestamp when, std::function<void()> task) override {
    auto canceled = std::make_shared<bool>(false);
    auto inner = clock_.CallAt(when, [monitor = monitor_, canceled, task = std::move(task)] {
      MutexLock lock(monitor->mu);
      if (monitor->alive && !*canceled) task();
    });
    return std::make_unique<Pending>(std::move(inner), std::move(canceled));
  }

 private:
  class Pending : public Timer {
   public:
    Pending(std::unique_ptr<Timer> inner, std::shared_ptr<bool> canceled)
        : inner_(std::move(inner)), canceled_(std::move(canceled)) {}
    ~Pending() override { *canceled_ = true; }

   private:
    std::unique_ptr<Timer> inner_;
    std::shared_ptr<bool> canceled_;
  };

  Clock& clock_;
  std::shared_ptr<Monitor> monitor_;
};

// A transport whose answers arrive under the lock.
class MonitoredTransport : public Transport {
 public:
  MonitoredTransport(std::shared_ptr<Transport> transport, std::shared_ptr<Monitor> monitor)
      : transport_(std::move(transport)), monitor_(std::move(monitor)) {}

  void Send(Message message, std::function<void(Result<HttpResponse>)> done) override {
    transport_->Send(std::move(message),
                     [monitor = monitor_, done = std::move(done)](Result<HttpResponse> response) {
                       MutexLock lock(monitor->mu);
                       if (monitor->alive) done(std::move(response));
                     });
  }

 private:
  std::shared_ptr<Transport> transport_;
  std::shared_ptr<Monitor> monitor_;
};

}  // namespace meerkat::alerting
