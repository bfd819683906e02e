#include "server/host/patience.h"

#include <condition_variable>
#include <set>
#include <thread>
#include <utility>

#include "base/mutex.h"

namespace meerkat::host {

// Keys of what hangs.
struct Patience::Stuck {
  Mutex mu;
  std::set<std::string> keys GUARDED_BY(mu);
};

// One thread and the work it does. The thread holds it too: it may outlive everybody else.
struct Patience::Worker {
  Mutex mu;
  std::condition_variable_any changed;
  std::string key GUARDED_BY(mu);
  std::function<void()> work GUARDED_BY(mu);
  bool busy GUARDED_BY(mu) = false;
  bool dismissed GUARDED_BY(mu) = false;

  static void Loop(const std::shared_ptr<Worker>& worker, const std::shared_ptr<Stuck>& stuck) {
    while (true) {
      std::function<void()> work;
      std::string key;
      {
        const MutexLock lock(worker->mu);
        while (!worker->busy && !worker->dismissed) worker->changed.wait(worker->mu);
        if (!worker->busy) return;
        work = std::move(worker->work);
        key = worker->key;
      }
      work();
      work = nullptr;  // what it owned goes before anybody hears of its end
      {
        const MutexLock lock(stuck->mu);
        stuck->keys.erase(key);
      }
      const MutexLock lock(worker->mu);
      worker->busy = false;
      worker->changed.notify_all();
    }
  }
};

Patience::Patience(Millis patience) : patience_(patience), stuck_(std::make_shared<Stuck>()) {}

Patience::~Patience() {
  if (worker_ == nullptr) return;
  const MutexLock lock(worker_->mu);
  worker_->dismissed = true;
  worker_->changed.notify_all();
}

bool Patience::Run(const std::string& key, std::function<void()> work) {
  {
    // Taken back when the work ends, in time or not.
    const MutexLock lock(stuck_->mu);
    if (!stuck_->keys.insert(key).second) return false;
  }
  if (worker_ == nullptr) {
    worker_ = std::make_shared<Worker>();
    std::thread(Worker::Loop, worker_, stuck_).detach();
  }
  const auto end = std::chrono::steady_clock::now() + patience_;
  const std::shared_ptr<Worker> worker = worker_;
  const MutexLock lock(worker->mu);
  worker->key = key;
  worker->work = std::move(work);
  worker->busy = true;
  worker->changed.notify_all();
  while (worker->busy) {
    if (worker->changed.wait_until(worker->mu, end) == std::cv_status::timeout && worker->busy) {
      worker->dismissed = true;
      worker_ = nullptr;
      return false;
    }
  }
  return true;
}

}  // namespace meerkat::host
