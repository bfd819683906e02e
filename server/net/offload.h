#pragma once

#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "server/net/io.h"

namespace meerkat::net {

// Threads for what may compute or wait. Started one by one as work asks for them, up to `threads`;
// work beyond that queues in order, so a pool of n threads is also a gate of width n. Work goes to
// the thread that came to rest last: its caches are warm, and a light load keeps to few threads.
// Threads: Submit from any.
class ThreadPool {
 public:
  ThreadPool(std::string name, std::size_t threads);
  ~ThreadPool();  // Stop()
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  // `work` must not throw. After Stop() it is destroyed without being run.
  void Submit(std::function<void()> work) EXCLUDES(mu_);
  // Drops what still queues, waits for what runs. Idempotent.
  void Stop() EXCLUDES(mu_);

  std::size_t threads() const { return limit_; }
  std::size_t queued() const EXCLUDES(mu_);

 private:
  struct Worker;
  static void* Main(void* worker);
  bool Launch(std::function<void()>& work) REQUIRES(mu_);
  void Run(Worker& worker) EXCLUDES(mu_);

  const std::string name_;  // shown by ps and gdb
  const std::size_t limit_;
  mutable Mutex mu_;
  std::deque<std::function<void()>> queue_ GUARDED_BY(mu_);  // not empty: no worker rests
  std::vector<std::unique_ptr<Worker>> workers_ GUARDED_BY(mu_);
  std::vector<Worker*> resting_ GUARDED_BY(mu_);
  bool stopping_ GUARDED_BY(mu_) = false;
};

// Runs `work` on the pool and resumes the calling coroutine on its own executor.
Awaitable<void> RunOnPool(ThreadPool& pool, std::function<void()> work);

// The only bridge from the io thread to a pool. The value of `work`, or its exception, comes back
// to the coroutine. Cancelling the coroutine does not interrupt `work`; it is waited for.
// Name the work, then move it in: g++ 12 destroys temporaries inside co_await twice.
template <typename Work>
Awaitable<std::invoke_result_t<Work&>> Offload(ThreadPool& pool, Work work) {
  using Value = std::invoke_result_t<Work&>;
  std::exception_ptr failure;
  if constexpr (std::is_void_v<Value>) {
    std::function<void()> task = [&work, &failure] {
      try {
        work();
      } catch (...) {
        failure = std::current_exception();
      }
    };
    co_await RunOnPool(pool, std::move(task));
    if (failure) std::rethrow_exception(failure);
  } else {
    std::optional<Value> value;
    std::function<void()> task = [&work, &value, &failure] {
      try {
        value.emplace(work());
      } catch (...) {
        failure = std::current_exception();
      }
    };
    co_await RunOnPool(pool, std::move(task));
    if (failure) std::rethrow_exception(failure);
    co_return std::move(*value);
  }
}

}  // namespace meerkat::net
