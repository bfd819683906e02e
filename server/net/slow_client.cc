#include "server/net/slow_client.h"

#include <malloc.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <utility>

namespace meerkat::net {
namespace {

constexpr auto kTuple = boost::asio::as_tuple(boost::asio::use_awaitable);
// A part is being made when patience runs out: looked at again after this.
constexpr auto kAgain = std::chrono::milliseconds(100);

}  // namespace

SlowClient::SlowClient(IoThread& io, Limits limits, Outgoing& out, ThreadPool& pool, Stream& stream)
    : out_(out),
      pool_(pool),
      stream_(stream),
      patience_(limits.patience),
      lease_(std::move(limits.budget)),
      due_(io.context()),
      news_(io.context(), Steady::time_point::max()) {
  io.Spawn(Watch());
}

SlowClient::Steady::duration SlowClient::Waited() const {
  return writing_ ? waited_ + (Steady::now() - begun_) : waited_;
}

void SlowClient::BeginWrite() {
  writing_ = true;
  begun_ = Steady::now();
}

Awaitable<Result<>> SlowClient::EndWrite() {
  waited_ = Waited();
  writing_ = false;
  while (settling_) co_await news_.async_wait(kTuple);
  co_return std::move(settled_);
}

Awaitable<void> SlowClient::Leave() {
  leaving_ = true;
  due_.cancel();
  while (watching_) co_await news_.async_wait(kTuple);
}

Awaitable<void> SlowClient::Watch() {
  while (!leaving_) {
    const auto left = patience_ - Waited();
    if (writing_ && left <= Steady::duration::zero()) {
      settling_ = true;
      auto work = [this]() -> Result<> {
        try {
          auto settled = out_.Settle(lease_);
          malloc_trim(0);  // what making it took: nothing else comes along here for a while
          return settled;
        } catch (const std::exception& error) {
          return Error(Code::kUnavailable, error.what());
        }
      };
      settled_ = co_await Offload(pool_, std::move(work));
      settling_ = false;
      if (!settled_.ok()) stream_.Abort();
      break;
    }
    due_.expires_after(std::max<Steady::duration>(left, kAgain));
    co_await due_.async_wait(kTuple);
  }
  watching_ = false;
  news_.cancel();
}

}  // namespace meerkat::net
