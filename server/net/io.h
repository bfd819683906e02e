#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <functional>
#include <future>
#include <thread>
#include <type_traits>
#include <utility>

#include "base/log.h"

namespace meerkat::net {

template <typename T = void>
using Awaitable = boost::asio::awaitable<T>;

// The one thread all sockets and timers live on. What runs here runs one at a time, so the state of
// a coroutine needs no lock; for the same reason nothing here may wait: files, locks, DNS and
// computing go through Offload.
//
// Order at the end: Stop() (which joins the thread), then the thread pools, then this object:
// coroutines still suspended are destroyed with it, and a pool may be writing into their frames
// until it is joined.
class IoThread {
 public:
  explicit IoThread(Logger log = Logger::Silent());
  ~IoThread();
  IoThread(const IoThread&) = delete;
  IoThread& operator=(const IoThread&) = delete;

  boost::asio::io_context& context() { return context_; }
  bool is_current() const { return std::this_thread::get_id() == thread_.get_id(); }

  // Ends the loop after the handler that runs now, and joins. May be called more than once, from
  // any other thread.
  void Stop();

  // Threads: both from any thread. An exception that leaves a task or a coroutine is logged, never
  // fatal.
  void Post(std::function<void()> task);
  void Spawn(Awaitable<void> coroutine);

 private:
  void Run();

  Logger log_;
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> keep_running_;
  std::thread thread_;
};

namespace detail {
template <typename T>
Awaitable<void> Deliver(Awaitable<T> coroutine, std::promise<T> to) {
  try {
    if constexpr (std::is_void_v<T>) {
      co_await std::move(coroutine);
      to.set_value();
    } else {
      to.set_value(co_await std::move(coroutine));
    }
  } catch (...) {
    to.set_exception(std::current_exception());
  }
}
}  // namespace detail

// Runs a coroutine on `io` and waits for its value: for commands and tests, never on the io thread.
template <typename T>
T BlockOn(IoThread& io, Awaitable<T> coroutine) {
  std::promise<T> promise;
  std::future<T> value = promise.get_future();
  io.Spawn(detail::Deliver(std::move(coroutine), std::move(promise)));
  return value.get();
}

}  // namespace meerkat::net
