#pragma once

#include "base/clock.h"
#include "server/net/io.h"

namespace meerkat::net {

// The machine's clock. Tasks run on the io thread, one at a time, and must not wait there. A task's
// delay is measured once, when it is asked for, on the steady clock: setting the wall clock neither
// fires nor delays it. Threads: everything from any thread.
class SystemClock : public Clock {
 public:
  explicit SystemClock(IoThread& io) : io_(io) {}

  Timestamp Now() const override;
  std::unique_ptr<Timer> CallAt(Timestamp when, std::function<void()> task) override;

 private:
  IoThread& io_;
};

// Suspends the coroutine; returns early, without error, when it is cancelled.
Awaitable<void> SleepFor(Millis duration);

}  // namespace meerkat::net
