#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/clock.h"
#include "base/mutex.h"

namespace meerkat::app {

// --config.auto-reload: looks every `interval` whether the configuration's files are still what
// they were and reloads when they are not. What cannot be loaded is not tried again before it
// changes once more. Threads: Start and Stop anywhere, tasks on the clock's own executor.
class AutoReload {
 public:
  // `look` gives a number that stands for the content of all files, `reload` loads them.
  AutoReload(Clock& clock, Millis interval, std::function<std::uint64_t()> look,
             std::function<void()> reload);

  // What the files hold now counts as loaded.
  void Start();
  // No reload begins after this; one that runs goes on.
  void Stop();

 private:
  void Schedule();
  void Check();

  Clock& clock_;
  const Millis interval_;
  const std::function<std::uint64_t()> look_;
  const std::function<void()> reload_;
  Mutex mu_;
  bool stopped_ GUARDED_BY(mu_) = false;
  std::uint64_t seen_ GUARDED_BY(mu_) = 0;
  std::unique_ptr<Timer> timer_ GUARDED_BY(mu_);
};

}  // namespace meerkat::app
