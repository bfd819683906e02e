#include "server/net/offload.h"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>

namespace meerkat::net {

namespace asio = boost::asio;

namespace {

// Walking a deep expression recurses. Address space is all this costs until somebody does.
constexpr std::size_t kStackBytes = 64 << 20;

}  // namespace

// What a new thread is told; it deletes this.
struct ThreadPool::Start {
  ThreadPool* pool;
  std::size_t index;
};

void* ThreadPool::Main(void* start) {
  const std::unique_ptr<Start> own(static_cast<Start*>(start));
  own->pool->Work(own->index);
  return nullptr;
}

void ThreadPool::Launch() {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kStackBytes);
  auto start = std::make_unique<Start>(Start{this, running_.size()});
  pthread_t thread{};
  // Out of threads: what is queued waits for those that run.
  if (pthread_create(&thread, &attributes, Main, start.get()) == 0) {
    (void)start.release();
    running_.push_back(thread);
  }
  pthread_attr_destroy(&attributes);
}

ThreadPool::ThreadPool(std::string name, std::size_t threads)
    : name_(std::move(name)), limit_(threads == 0 ? 1 : threads) {}

ThreadPool::~ThreadPool() {
  Stop();
}

void ThreadPool::Submit(std::function<void()> work) {
  {
    MutexLock lock(mu_);
    if (stopping_) return;
    queue_.push_back(std::move(work));
    if (idle_ < queue_.size() && running_.size() < limit_) {
      Launch();  // the new thread takes it, or an idle one that is awake already
    }
  }
  wake_.notify_one();
}

void ThreadPool::Work(std::size_t index) {
  const std::string label = name_.substr(0, 12) + "-" + std::to_string(index);
  pthread_setname_np(pthread_self(), label.substr(0, 15).c_str());
  for (;;) {
    std::function<void()> work;
    {
      MutexLock lock(mu_);
      ++idle_;
      while (queue_.empty() && !stopping_) wake_.wait(mu_);
      --idle_;
      if (stopping_) return;
      work = std::move(queue_.front());
      queue_.pop_front();
    }
    work();
  }
}

void ThreadPool::Stop() {
  std::vector<pthread_t> running;
  std::deque<std::function<void()>> dropped;
  {
    MutexLock lock(mu_);
    stopping_ = true;
    running.swap(running_);
    dropped.swap(queue_);
  }
  wake_.notify_all();
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
