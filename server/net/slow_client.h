#pragma once

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>

#include "base/result.h"
#include "server/net/body_budget.h"
#include "server/net/io.h"
#include "server/net/offload.h"
#include "server/net/outgoing.h"
#include "server/net/stream.h"

namespace meerkat::net {

// Adds up how long the client of one streamed answer makes us wait. When it is too long, all that
// is to come is made at once and kept (Outgoing::Settle): what the answer is made of, such as a
// view of the store, is let go, and the client may take its time. Private to server/net; IO thread
// only.
class SlowClient {
 public:
  struct Limits {
    std::chrono::milliseconds patience;  // of all writes together
    std::shared_ptr<BodyBudget> budget;  // for what is kept
  };
  // What it is given outlives Leave().
  SlowClient(IoThread& io, Limits limits, Outgoing& out, ThreadPool& pool, Stream& stream);
  SlowClient(const SlowClient&) = delete;
  SlowClient& operator=(const SlowClient&) = delete;

  void BeginWrite();
  // Waits for what is being settled. An error: the answer cannot be completed; the stream is
  // aborted, as the write would go on for as long as the client likes.
  Awaitable<Result<>> EndWrite();
  // Before anything of this goes.
  Awaitable<void> Leave();

 private:
  using Steady = std::chrono::steady_clock;
  Awaitable<void> Watch();
  Steady::duration Waited() const;

  Outgoing& out_;
  ThreadPool& pool_;
  Stream& stream_;
  const std::chrono::milliseconds patience_;
  BodyLease lease_;
  boost::asio::steady_timer due_;   // when patience may be over
  boost::asio::steady_timer news_;  // rests; woken when settling or watching ends
  Steady::duration waited_{};       // by the writes that ended
  Steady::time_point begun_{};      // of the one under way
  bool writing_ = false;
  bool settling_ = false;
  bool leaving_ = false;
  bool watching_ = true;
  Result<> settled_;
};

}  // namespace meerkat::net
