#include "server/net/offload.h"

#include <pthread.h>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <semaphore>

namespace meerkat::net {

namespace asio = boost::asio;

namespace {

// Walking a deep expression recurses. Address space is all this costs until somebody does.
constexpr std::size_t kStackBytes = 64 << 20;

}  // namespace

struct ThreadPool::Worker {
  ThreadPool* pool;
  std::size_t index;
  pthread_t thread{};
  // What it is to do next. Set before `called` is released, by whoever took it from resting_;
  // empty: to end.
  std::function<void()> work;
  std::binary_semaphore called{0};
};

void* ThreadPool::Main(void* worker) {
  auto* self = static_cast<Worker*>(worker);
  self->pool->Run(*self);
  return nullptr;
}

// A new thread, with its first work. False when there are no threads to be had.
bool ThreadPool::Launch(std::function<void()>& work) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kStackBytes);
  auto worker = std::make_unique<Worker>();
  worker->pool = this;
  worker->index = workers_.size();
  worker->work = std::move(work);
  const bool launched = pthread_create(&worker->thread, &attributes, Main, worker.get()) == 0;
  pthread_attr_destroy(&attributes);
  if (launched) {
    workers_.push_back(std::move(worker));
  } else {
    work = std::move(worker->work);
  }
  return launched;
}

ThreadPool::ThreadPool(std::string name, std::size_t threads)
    : name_(std::move(name)), limit_(threads == 0 ? 1 : threads) {}

ThreadPool::~ThreadPool() {
  Stop();
}

void ThreadPool::Submit(std::function<void()> work) {
  Worker* worker = nullptr;
  {
    MutexLock lock(mu_);
    if (stopping_) return;
    if (resting_.empty()) {
      // Out of threads: what is queued waits for those that run.
      if (workers_.size() < limit_ && Launch(work)) return;
      queue_.push_back(std::move(work));
      return;
    }
    worker = resting_.back();
    resting_.pop_back();
  }
  worker->work = std::move(work);
  worker->called.release();
}

void ThreadPool::Run(Worker& self) {
  const std::string label = name_.substr(0, 12) + "-" + std::to_string(self.index);
  pthread_setname_np(pthread_self(), label.substr(0, 15).c_str());
  std::function<void()> work = std::move(self.work);
  for (;;) {
    work();
    work = nullptr;
    bool rests = false;
    {
      MutexLock lock(mu_);
      if (stopping_) return;
      rests = queue_.empty();
      if (rests) {
        resting_.push_back(&self);
      } else {
        work = std::move(queue_.front());
        queue_.pop_front();
      }
    }
    if (!rests) continue;
    self.called.acquire();
    work = std::move(self.work);
    if (!work) return;
  }
}

void ThreadPool::Stop() {
  std::vector<pthread_t> running;
  std::vector<Worker*> resting;
  std::deque<std::function<void()>> dropped;
  {
    MutexLock lock(mu_);
    if (stopping_) return;
    stopping_ = true;
    // The workers themselves stay: a Submit may still be calling one.
    for (const auto& worker : workers_) running.push_back(worker->thread);
    resting.swap(resting_);
    dropped.swap(queue_);
  }
  for (Worker* worker : resting) worker->called.release();
  for (const pthread_t thread : running) pthread_join(thread, nullptr);
}

std::size_t ThreadPool::queued() const {
  MutexLock lock(mu_);
  return queue_.size();
}

Awaitable<void> RunOnPool(ThreadPool& pool, std::function<void()> work) {
  auto initiate = [&pool](auto handler, std::function<void()> task) {
    auto executor = asio::get_associated_executor(handler);
    // std::function wants copies; the handler can only be moved.
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    // The loop must not end while the work is away.
    auto guard = asio::make_work_guard(executor);
    pool.Submit([executor, guard, shared, task = std::move(task)]() mutable {
      task();
      asio::post(executor, [shared] { std::move (*shared)(); });
    });
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(
      std::move(initiate), asio::use_awaitable, std::move(work));
}

}  // namespace meerkat::net
