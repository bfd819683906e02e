#include "server/net/stream.h"

#include <openssl/ssl.h>
#include <poll.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <string>
#include <utility>

namespace meerkat::net {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {
constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
using Steady = std::chrono::steady_clock;
}  // namespace

// Outlives its stream by one timer callback.
struct Stream::Deadline : std::enable_shared_from_this<Deadline> {
  Deadline(const Socket::executor_type& executor, Socket* to_cancel)
      : timer(executor), socket(to_cancel) {}

  void Arm(Steady::time_point when) {
    armed = when;
    timer.expires_at(when);
    timer.async_wait([self = shared_from_this()](const error_code& error) {
      if (error || self->socket == nullptr) return;
      self->armed = Steady::time_point::max();
      if (self->at == Steady::time_point::max()) return;
      if (self->at > Steady::now()) {
        self->Arm(self->at);
        return;
      }
      self->expired = true;
      error_code ignored;
      self->socket->cancel(ignored);
    });
  }

  asio::steady_timer timer;
  Socket* socket;  // null once the stream is gone
  Steady::time_point at = Steady::time_point::max();
  Steady::time_point armed = Steady::time_point::max();
  bool expired = false;
};

Stream::Stream(Socket socket)
    : socket_(std::move(socket)),
      deadline_(std::make_shared<Deadline>(socket_.get_executor(), &socket_)) {}

Stream::~Stream() {
  deadline_->socket = nullptr;
  deadline_->timer.cancel();
}

void Stream::ExpireAfter(std::chrono::milliseconds duration) {
  deadline_->at = Steady::now() + duration;
  deadline_->expired = false;
  if (deadline_->at < deadline_->armed) deadline_->Arm(deadline_->at);
}

void Stream::NeverExpire() {
  deadline_->at = Steady::time_point::max();
  deadline_->expired = false;
}

bool Stream::timed_out() const {
  return deadline_->expired;
}

void Stream::Close() {
  error_code ignored;
  socket_.shutdown(Socket::shutdown_both, ignored);
  socket_.close(ignored);
}

void Stream::Abort() {
  error_code ignored;
  socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  socket_.close(ignored);
}

bool Stream::PeerLeft() {
  pollfd probe{socket_.native_handle(), POLLRDHUP, 0};
  return poll(&probe, 1, 0) > 0 && (probe.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

namespace {

template <typename Layer>
Awaitable<IoCount> ReadFrom(Layer& layer, const Stream& stream, std::span<char> into) {
  if (stream.timed_out()) co_return IoCount{asio::error::operation_aborted, 0};
  const auto buffer = asio::buffer(into.data(), into.size());
  auto [error, bytes] = co_await layer.async_read_some(buffer, kTuple);
  co_return IoCount{error, bytes};
}

template <typename Layer>
Awaitable<IoCount> WriteTo(Layer& layer, Stream& stream, std::string_view first,
                           std::string_view second, std::chrono::milliseconds patience) {
  IoCount total;
  while (!first.empty() || !second.empty()) {
    if (patience.count() > 0) stream.ExpireAfter(patience);
    if (stream.timed_out()) {
      total.error = asio::error::operation_aborted;
      break;
    }
    const std::array<asio::const_buffer, 2> buffers = {asio::buffer(first.data(), first.size()),
                                                       asio::buffer(second.data(), second.size())};
    auto [error, bytes] = co_await layer.async_write_some(buffers, kTuple);
    total.bytes += bytes;
    const std::size_t of_first = std::min(bytes, first.size());
    first.remove_prefix(of_first);
    second.remove_prefix(bytes - of_first);
    if (error) {
      total.error = error;
      break;
    }
  }
  co_return total;
}

class PlainStream final : public Stream {
 public:
  explicit PlainStream(Socket socket) : Stream(std::move(socket)) {}
  Awaitable<IoCount> ReadSome(std::span<char> into) override {
    return ReadFrom(socket_, *this, into);
  }
  Awaitable<IoCount> Write(std::string_view first, std::string_view second,
                           std::chrono::milliseconds patience) override {
    return WriteTo(socket_, *this, first, second, patience);
  }
  Awaitable<error_code> HandshakeAsServer() override { co_return error_code(); }
  Awaitable<error_code> HandshakeAsClient(std::string) override { co_return error_code(); }
  Awaitable<void> SayGoodbye(std::chrono::milliseconds) override { co_return; }
  bool secure() const override { return false; }
};

class TlsStream final : public Stream {
 public:
  TlsStream(Socket socket, std::shared_ptr<asio::ssl::context> context)
      : Stream(std::move(socket)), context_(std::move(context)), tls_(socket_, *context_) {}

  Awaitable<IoCount> ReadSome(std::span<char> into) override {
    IoCount count = co_await ReadFrom(tls_, *this, into);
    // Many peers close the connection without TLS's own goodbye; framing tells what is missing.
    if (count.error == asio::ssl::error::stream_truncated) count.error = asio::error::eof;
    co_return count;
  }
  Awaitable<IoCount> Write(std::string_view first, std::string_view second,
                           std::chrono::milliseconds patience) override {
    return WriteTo(tls_, *this, first, second, patience);
  }
  Awaitable<error_code> HandshakeAsServer() override {
    auto [error] = co_await tls_.async_handshake(asio::ssl::stream_base::server, kTuple);
    co_return error;
  }
  Awaitable<error_code> HandshakeAsClient(std::string host) override {
    SSL_set_tlsext_host_name(tls_.native_handle(), host.c_str());
    auto [error] = co_await tls_.async_handshake(asio::ssl::stream_base::client, kTuple);
    co_return error;
  }
  Awaitable<void> SayGoodbye(std::chrono::milliseconds patience) override {
    if (SSL_get_shutdown(tls_.native_handle()) & SSL_SENT_SHUTDOWN) co_return;
    ExpireAfter(patience);
    // Not waiting for the peer's answer: a shutdown that is already sent reads as finished.
    SSL_set_shutdown(tls_.native_handle(), SSL_RECEIVED_SHUTDOWN);
    co_await tls_.async_shutdown(kTuple);
  }
  bool secure() const override { return true; }
  void* native_tls() override { return tls_.native_handle(); }

 private:
  std::shared_ptr<asio::ssl::context> context_;
  asio::ssl::stream<Socket&> tls_;
};

}  // namespace

std::unique_ptr<Stream> Stream::Plain(Socket socket) {
  return std::make_unique<PlainStream>(std::move(socket));
}

std::unique_ptr<Stream> Stream::Tls(Socket socket, std::shared_ptr<asio::ssl::context> context) {
  return std::make_unique<TlsStream>(std::move(socket), std::move(context));
}

}  // namespace meerkat::net
