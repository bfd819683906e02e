#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "base/mutex.h"

namespace meerkat::promql {

// Threads that help with large queries while cores are free: no query waits for another one's
// helpers, and as soon as there are as many queries as cores each has its own thread alone.
// Threads: any.
class Workers {
 public:
  // `cores`: how many threads may compute at one time, those that run queries included.
  explicit Workers(std::size_t cores) : cores_(cores) {}
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  std::size_t cores() const { return cores_; }
  // Runs `task` soon, unless no core is free: false then.
  bool TryRun(std::function<void()> task);

  // The calling thread computes as long as this lives.
  class Guest {
   public:
    explicit Guest(Workers* workers) : workers_(workers) {
      if (workers_ != nullptr) workers_->Enter();
    }
    ~Guest() {
      if (workers_ != nullptr) workers_->Leave();
    }
    Guest(const Guest&) = delete;
    Guest& operator=(const Guest&) = delete;

   private:
    Workers* const workers_;
  };

 private:
  void Enter();
  void Leave();
  void Work();

  const std::size_t cores_;
  Mutex mu_;
  std::condition_variable_any changed_;
  std::size_t busy_ GUARDED_BY(mu_) = 0;  // guests, and tasks that run or wait
  bool stopped_ GUARDED_BY(mu_) = false;
  std::deque<std::function<void()>> tasks_ GUARDED_BY(mu_);
  std::size_t idle_ GUARDED_BY(mu_) = 0;              // threads that wait for a task
  std::vector<std::thread> threads_ GUARDED_BY(mu_);  // made as they are needed, fewer than cores
};

}  // namespace meerkat::promql
