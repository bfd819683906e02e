#include "server/net/system_clock.h"

#include <algorithm>
#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <utility>

namespace meerkat::net {

namespace asio = boost::asio;

namespace {

constexpr Millis kFarthest = std::chrono::hours(24 * 3650);

// Shared by the Timer and the loop. `timer` and `task` are touched on the io thread only.
struct Call {
  explicit Call(asio::io_context& context) : timer(context) {}
  asio::steady_timer timer;
  std::function<void()> task;
  std::atomic<bool> canceled{false};
};

class PendingCall : public Timer {
 public:
  PendingCall(IoThread& io, std::shared_ptr<Call> call) : io_(io), call_(std::move(call)) {}
  ~PendingCall() override {
    call_->canceled.store(true);
    if (io_.is_current()) {
      call_->timer.cancel();
    } else {
      io_.Post([call = std::move(call_)] { call->timer.cancel(); });
    }
  }

 private:
  IoThread& io_;
  std::shared_ptr<Call> call_;
};

void Arm(const std::shared_ptr<Call>& call, Millis delay) {
  call->timer.expires_after(delay);
  call->timer.async_wait([call](const boost::system::error_code& error) {
    std::function<void()> task = std::move(call->task);
    if (!error && !call->canceled.load()) task();
  });
}

}  // namespace

Timestamp SystemClock::Now() const {
  return std::chrono::floor<Millis>(std::chrono::system_clock::now());
}

std::unique_ptr<Timer> SystemClock::CallAt(Timestamp when, std::function<void()> task) {
  auto call = std::make_shared<Call>(io_.context());
  call->task = std::move(task);
  // Ten years at most: a deadline at the end of time must not overflow the steady clock.
  const Millis delay =
      std::clamp<Millis>(std::min(when, Now() + kFarthest) - Now(), Millis(0), kFarthest);
  if (io_.is_current()) {
    Arm(call, delay);
  } else {
    io_.Post([call, delay] {
      if (!call->canceled.load()) Arm(call, delay);
    });
  }
  return std::make_unique<PendingCall>(io_, std::move(call));
}

Awaitable<void> SleepFor(Millis duration) {
  asio::steady_timer timer(co_await asio::this_coro::executor, duration);
  co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
}

}  // namespace meerkat::net
