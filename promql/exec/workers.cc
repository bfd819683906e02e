#include "promql/workers.h"

#include <utility>

namespace meerkat::promql {

Workers::~Workers() {
  std::vector<std::thread> threads;
  {
    const MutexLock lock(mu_);
    stopped_ = true;
    threads = std::move(threads_);
  }
  changed_.notify_all();
  for (std::thread& thread : threads) thread.join();
}

bool Workers::TryRun(std::function<void()> task) {
  {
    const MutexLock lock(mu_);
    if (busy_ >= cores_) return false;
    ++busy_;
    tasks_.push_back(std::move(task));
    if (tasks_.size() > idle_) threads_.emplace_back([this] { Work(); });
  }
  changed_.notify_one();
  return true;
}

void Workers::Enter() {
  const MutexLock lock(mu_);
  ++busy_;
}

void Workers::Leave() {
  const MutexLock lock(mu_);
  --busy_;
}

void Workers::Work() {
  mu_.Lock();
  for (;;) {
    ++idle_;
    while (tasks_.empty() && !stopped_) changed_.wait(mu_);
    --idle_;
    if (tasks_.empty()) break;
    const std::function<void()> task = std::move(tasks_.front());
    tasks_.pop_front();
    mu_.Unlock();
    task();
    mu_.Lock();
    --busy_;
  }
  mu_.Unlock();
}

}  // namespace meerkat::promql
