#include "server/app/auto_reload.h"

#include <utility>

namespace meerkat::app {

AutoReload::AutoReload(Clock& clock, Millis interval, std::function<std::uint64_t()> look,
                       std::function<void()> reload)
    : clock_(clock), interval_(interval), look_(std::move(look)), reload_(std::move(reload)) {}

void AutoReload::Start() {
  const std::uint64_t now = look_();
  {
    const MutexLock lock(mu_);
    seen_ = now;
  }
  Schedule();
}

void AutoReload::Stop() {
  const MutexLock lock(mu_);
  stopped_ = true;
  timer_.reset();
}

void AutoReload::Schedule() {
  const MutexLock lock(mu_);
  if (stopped_) return;
  timer_ = clock_.CallAt(clock_.Now() + interval_, [this] { Check(); });
}

void AutoReload::Check() {
  const std::uint64_t now = look_();
  bool changed = false;
  {
    const MutexLock lock(mu_);
    if (stopped_) return;
    changed = std::exchange(seen_, now) != now;
  }
  if (changed) reload_();
  Schedule();
}

}  // namespace meerkat::app
