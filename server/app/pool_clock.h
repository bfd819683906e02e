#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "base/clock.h"
#include "server/net/offload.h"

namespace meerkat::app {

// A clock whose tasks run on a pool of one thread and may therefore wait for locks and the disk,
// which the io thread's clock must not. `clock` and `pool` outlive it. Threads: any.
class PoolClock : public Clock {
 public:
  PoolClock(Clock& clock, net::ThreadPool& pool) : clock_(clock), pool_(pool) {}

  Timestamp Now() const override { return clock_.Now(); }

  std::unique_ptr<Timer> CallAt(Timestamp when, std::function<void()> task) override {
    auto pending = std::make_unique<Pending>();
    auto cancelled = pending->cancelled;
    pending->timer = clock_.CallAt(when, [this, cancelled, task = std::move(task)] {
      // Between here and the pool's thread the timer may still be destroyed.
      pool_.Submit([cancelled, task] {
        if (!cancelled->load()) task();
      });
    });
    return pending;
  }

 private:
  struct Pending : Timer {
    ~Pending() override { cancelled->store(true); }
    std::shared_ptr<std::atomic<bool>> cancelled = std::make_shared<std::atomic<bool>>(false);
    std::unique_ptr<Timer> timer;
  };

  Clock& clock_;
  net::ThreadPool& pool_;
};

}  // namespace meerkat::app
