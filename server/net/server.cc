#include "server/net/server.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <condition_variable>
#include <set>
#include <utility>

#include "base/mutex.h"
#include "server/net/connection.h"
#include "server/net/system_clock.h"

namespace meerkat::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr int kBacklog = 1024;
constexpr auto kRetryAccept = Millis(50);
// After the stop_tokens are requested, handlers get this long to notice.
constexpr auto kLastGrace = std::chrono::seconds(2);

std::string Print(const tcp::endpoint& endpoint) {
  const std::string address = endpoint.address().to_string();
  const std::string port = std::to_string(endpoint.port());
  return endpoint.address().is_v6() ? "[" + address + "]:" + port : address + ":" + port;
}

// host:port, [v6]:port or :port; a name is looked up.
Result<tcp::endpoint> ParseListen(asio::io_context& context, const std::string& text) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos) {
    return Error(Code::kInvalid, "listen tcp: address " + text + ": missing port in address");
  }
  std::string host = text.substr(0, colon);
  const std::string port = text.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  tcp::resolver resolver(context);
  error_code error;
  const auto found =
      resolver.resolve(host.empty() ? "::" : host, port,
                       tcp::resolver::passive | tcp::resolver::numeric_service, error);
  if (error || found.empty()) {
    return Error(Code::kInvalid, "listen tcp: lookup " + text + ": " + error.message());
  }
  return found.begin()->endpoint();
}

}  // namespace

ThreadPool& Lanes::Of(Lane lane) const {
  switch (lane) {
    case Lane::kQuery:
      return query;
    case Lane::kIngest:
      return ingest;
    case Lane::kQuick:
      break;
  }
  return quick;
}

std::string ServerShared::Date() {
  const auto second = std::chrono::duration_cast<std::chrono::seconds>(
                          std::chrono::system_clock::now().time_since_epoch())
                          .count();
  if (second != date_second_) {
    date_second_ = second;
    date_ = HttpDate(second);
  }
  return date_;
}

class Server::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(IoThread& io, Lanes lanes, const Router& router, ServerOptions options, ServerHooks hooks,
       Registry& registry, Logger log)
      : shared_(std::make_shared<ServerShared>(io, lanes, router, std::move(options),
                                               std::move(hooks), registry, std::move(log))),
        room_(io.context()),
        accepted_(
            registry.counter("net_conntrack_listener_conn_accepted_total",
                             "Total number of connections opened to the listener of a given name.",
                             Labels{{"listener_name", "http"}})),
        closed_(registry.counter(
            "net_conntrack_listener_conn_closed_total",
            "Total number of connections closed that were made to the listener of a given name.",
            Labels{{"listener_name", "http"}})) {}

  Result<> Bind(const std::string& address) {
    auto& context = shared_->io.context();
    auto endpoint = ParseListen(context, address);
    if (!endpoint) return std::move(endpoint).error();
    tcp::acceptor acceptor(context);
    error_code error;
    acceptor.open(endpoint->protocol(), error);
    // No IPv6 in this kernel: all of IPv4 is what ":9090" then means.
    if (error && endpoint->address().is_v6() && endpoint->address().is_unspecified()) {
      endpoint->address(asio::ip::address_v4::any());
      acceptor.open(endpoint->protocol(), error);
    }
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error && endpoint->address().is_v6() && endpoint->address().is_unspecified()) {
      error_code ignored;
      acceptor.set_option(asio::ip::v6_only(false), ignored);
    }
    if (!error) acceptor.bind(*endpoint, error);
    if (!error) acceptor.listen(kBacklog, error);
    if (error) {
      std::string why = error.message();
      why[0] = static_cast<char>(why[0] | 0x20);
      const bool listening =
          error == asio::error::address_in_use || error == asio::error::access_denied;
      return Error(Code::kUnavailable,
                   "listen tcp " + address + ": " + (listening ? "bind: " : "") + why);
    }
    addresses_.push_back(Print(acceptor.local_endpoint()));
    acceptors_.push_back(std::move(acceptor));
    return {};
  }

  void Start() {
    auto self = shared_from_this();
    shared_->io.Post([self] {
      for (tcp::acceptor& acceptor : self->acceptors_) {
        self->shared_->io.Spawn(Accept(self, acceptor));
      }
    });
  }

  void Stop() {
    {
      MutexLock lock(mu_);
      if (stopped_) return;
      stopped_ = true;
    }
    auto self = shared_from_this();
    shared_->io.Post([self] {
      self->shared_->stopping = true;
      error_code ignored;
      for (tcp::acceptor& acceptor : self->acceptors_) acceptor.close(ignored);
      self->room_.cancel();
      const auto open = self->connections_;
      for (const auto& connection : open) connection->FinishUp();
      self->Notify();
    });
    if (WaitForNone(shared_->options.stop_grace)) return;
    shared_->io.Post([self] {
      const auto open = self->connections_;
      for (const auto& connection : open) connection->Cut();
    });
    WaitForNone(kLastGrace);
  }

  const std::vector<std::string>& addresses() const { return addresses_; }
  std::size_t connections() const {
    MutexLock lock(mu_);
    return count_;
  }

 private:
  static Awaitable<void> Accept(std::shared_ptr<Impl> self, tcp::acceptor& acceptor) {
    while (acceptor.is_open()) {
      if (self->connections_.size() >= self->shared_->options.max_connections) {
        self->room_.expires_at(std::chrono::steady_clock::time_point::max());
        co_await self->room_.async_wait(asio::as_tuple(asio::use_awaitable));
        continue;
      }
      tcp::socket socket(self->shared_->io.context());
      tcp::endpoint peer;
      auto [error] =
          co_await acceptor.async_accept(socket, peer, asio::as_tuple(asio::use_awaitable));
      if (error) {
        // Out of file descriptors, most likely: the connection stays in the kernel's queue.
        if (acceptor.is_open()) co_await SleepFor(kRetryAccept);
        continue;
      }
      error_code ignored;
      socket.set_option(tcp::no_delay(true), ignored);
      self->accepted_.Add();
      auto connection =
          std::make_shared<Connection>(self->shared_, Socket(std::move(socket)), Print(peer));
      self->connections_.insert(connection);
      self->Notify();
      self->shared_->io.Spawn(Serve(self, connection));
    }
  }

  static Awaitable<void> Serve(std::shared_ptr<Impl> self, std::shared_ptr<Connection> connection) {
    try {
      co_await connection->Run();
    } catch (const std::exception& error) {
      self->shared_->log.Error("Connection failed", {{"err", error.what()}});
    }
    self->connections_.erase(connection);
    self->closed_.Add();
    self->room_.cancel();
    self->Notify();
  }

  void Notify() {
    {
      MutexLock lock(mu_);
      count_ = connections_.size();
      settled_ = shared_->stopping && connections_.empty();
    }
    changed_.notify_all();
  }

  bool WaitForNone(std::chrono::milliseconds patience) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    MutexLock lock(mu_);
    while (!settled_) {
      if (changed_.wait_until(mu_, deadline) == std::cv_status::timeout) return settled_;
    }
    return true;
  }

  const std::shared_ptr<ServerShared> shared_;
  std::vector<std::string> addresses_;                 // set by Bind
  std::vector<tcp::acceptor> acceptors_;               // io thread after Bind
  std::set<std::shared_ptr<Connection>> connections_;  // io thread
  asio::steady_timer room_;                            // wakes accepting when a connection ends
  Counter& accepted_;
  Counter& closed_;

  mutable Mutex mu_;
  std::condition_variable_any changed_;
  std::size_t count_ GUARDED_BY(mu_) = 0;
  bool settled_ GUARDED_BY(mu_) = false;
  bool stopped_ GUARDED_BY(mu_) = false;
};

Server::Server(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() {
  Stop();
}

Result<std::unique_ptr<Server>> Server::Listen(IoThread& io, Lanes lanes, const Router& router,
                                               ServerOptions options, ServerHooks hooks,
                                               Registry& registry, Logger log) {
  const std::vector<std::string> listen = options.listen;
  auto impl = std::make_shared<Impl>(io, lanes, router, std::move(options), std::move(hooks),
                                     registry, std::move(log));
  for (const std::string& address : listen) {
    auto bound = impl->Bind(address);
    if (!bound) return std::move(bound).error();
  }
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

void Server::Start() {
  impl_->Start();
}

void Server::Stop() {
  impl_->Stop();
}

std::vector<std::string> Server::addresses() const {
  return impl_->addresses();
}

std::size_t Server::connections() const {
  return impl_->connections();
}

}  // namespace meerkat::net
