#include "server/net/dial.h"

#include <netinet/tcp.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <utility>

#include "server/net/exchange.h"

namespace meerkat::net {

namespace asio = boost::asio;
using boost::system::error_code;
using Steady = std::chrono::steady_clock;

namespace {

constexpr auto kHeadStart = std::chrono::milliseconds(300);

// What the tries of one Dial share. IO thread only.
struct Race {
  explicit Race(asio::io_context& context) : news(context, Steady::time_point::max()) {}
  asio::steady_timer news;  // cancelled whenever a family has won or given up
  Steady::time_point end;
  int running = 0;
  std::vector<Stream*> trying;
  std::unique_ptr<Stream> won;
  bool over = false;
  std::optional<Error> failure;  // of the first address that failed
};

Awaitable<void> Try(IoThread& io, std::shared_ptr<Race> race, std::vector<Address> addresses) {
  for (std::size_t i = 0; i < addresses.size() && !race->over; ++i) {
    const Address& address = addresses[i];
    auto candidate = Stream::Plain(Socket(io.context()));
    const auto left = std::max(Steady::duration::zero(), race->end - Steady::now());
    const auto share =
        std::chrono::ceil<std::chrono::milliseconds>(left) / static_cast<int>(addresses.size() - i);
    candidate->ExpireAfter(share);
    error_code error;
    const auto protocol = address.endpoint.protocol();
    candidate->socket().open(protocol, error);
    if (!error) {
      race->trying.push_back(candidate.get());
      auto [failed] = co_await candidate->socket().async_connect(
          address.endpoint, asio::as_tuple(asio::use_awaitable));
      error = failed;
      std::erase(race->trying, candidate.get());
    }
    if (race->over) break;
    const bool local = protocol.family() == AF_UNIX;
    if (!error) {
      if (!local) {
        error_code ignored;
        candidate->socket().set_option(
            asio::detail::socket_option::boolean<IPPROTO_TCP, TCP_NODELAY>(true), ignored);
      }
      race->won = std::move(candidate);
      race->over = true;
      break;
    }
    if (race->failure) continue;
    const bool late = candidate->timed_out();
    if (late && addresses.size() == 1) {
      race->failure = Error(Code::kTimeout, std::string(kDeadline));
    } else {
      race->failure = Error(late ? Code::kTimeout : Code::kUnavailable,
                            std::string("dial ") + (local ? "unix " : "tcp ") + address.text +
                                (late ? ": i/o timeout" : ": connect: " + ErrnoText(error)));
    }
  }
  --race->running;
  race->news.cancel();
}

}  // namespace

Awaitable<Result<std::unique_ptr<Stream>>> Dial(IoThread& io, std::vector<Address> addresses,
                                                std::chrono::milliseconds budget) {
  auto race = std::make_shared<Race>(io.context());
  race->end = Steady::now() + budget;
  const int family = addresses.front().endpoint.protocol().family();
  const auto rest = std::stable_partition(
      addresses.begin(), addresses.end(),
      [family](const Address& address) { return address.endpoint.protocol().family() == family; });
  std::vector<Address> others(rest, addresses.end());
  addresses.erase(rest, addresses.end());
  race->running = 1;
  if (others.empty()) {
    co_await Try(io, race, std::move(addresses));
  } else {
    constexpr auto kToken = asio::as_tuple(asio::use_awaitable);
    io.Spawn(Try(io, race, std::move(addresses)));
    if (!race->over && race->running > 0) {
      race->news.expires_after(std::min<Steady::duration>(kHeadStart, budget));
      co_await race->news.async_wait(kToken);
    }
    if (!race->over) {
      ++race->running;
      io.Spawn(Try(io, race, std::move(others)));
    }
    while (!race->over && race->running > 0) {
      race->news.expires_at(Steady::time_point::max());
      co_await race->news.async_wait(kToken);
    }
  }
  race->over = true;
  for (Stream* const loser : race->trying) {
    error_code ignored;
    loser->socket().cancel(ignored);
  }
  if (race->won != nullptr) co_return std::move(race->won);
  co_return std::move(*race->failure);
}

}  // namespace meerkat::net
