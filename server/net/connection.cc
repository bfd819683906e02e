#include "server/net/connection.h"

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>
#include <utility>

#include "server/net/offload.h"
#include "server/net/slow_client.h"

namespace meerkat::net {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

constexpr std::size_t kFirstRead = 4096;
constexpr std::size_t kBodyRead = 128 << 10;  // few wake-ups for remote write bodies
constexpr std::uint64_t kUnroutedBody = 256 << 10;
constexpr auto kLinger = std::chrono::milliseconds(500);
constexpr auto kHandshake = std::chrono::seconds(10);

int StatusOf(const error_code& error) {
  if (error == http::error::header_limit) return 431;
  if (error == http::error::body_limit) return 413;
  if (error == http::error::bad_version) return 505;
  return 400;
}

// What Go's server says to plain HTTP on a TLS port.
constexpr std::string_view kPlainOnTls =
    "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";

}  // namespace

struct Connection::Incoming {
  http::request_parser<http::empty_body> head;
  Request request;
  bool keep_alive = false;
  bool expects_continue = false;
  bool has_body = false;
};

Connection::Connection(std::shared_ptr<ServerShared> shared, Socket socket,
                       std::string remote_address)
    : shared_(std::move(shared)),
      remote_address_(std::move(remote_address)),
      raw_(std::move(socket)) {}

Connection::~Connection() {
  shared_->body_bytes -= body_bytes_;
}

void Connection::TakeFromBuffer(std::size_t bytes) {
  begin_ += bytes;
  if (begin_ == end_) begin_ = end_ = 0;
}

Awaitable<bool> Connection::Fill(std::size_t room) {
  if (begin_ > 0 && end_ + room > buffer_.size()) {
    buffer_.erase(0, begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ + room > buffer_.size()) buffer_.resize(end_ + room);
  const std::span<char> into(buffer_.data() + end_, buffer_.size() - end_);
  const IoCount got = co_await stream_->ReadSome(into);
  end_ += got.bytes;
  co_return !got.error;
}

Awaitable<bool> Connection::Secure() {
  if (!shared_->hooks.web_config) {
    stream_ = Stream::Plain(std::move(raw_));
    co_return true;
  }
  auto shared = shared_;
  auto work = [shared]() -> Result<TlsContext> {
    auto config = shared->hooks.web_config();
    if (!config) return std::move(config).error();
    if (!(*config)->tls.enabled()) return TlsContext();
    MutexLock lock(shared->tls_mu);
    return shared->tls.Current((*config)->tls);
  };
  Result<TlsContext> context = co_await Offload(shared_->lanes.quick, std::move(work));
  if (!context) {
    shared_->log.Error("Connection refused: web configuration",
                       {{"err", context.error().message()}});
    co_return false;
  }
  if (*context == nullptr) {
    stream_ = Stream::Plain(std::move(raw_));
    co_return true;
  }
  char first = 0;
  co_await raw_.async_wait(Socket::wait_read, asio::as_tuple(asio::use_awaitable));
  error_code ignored;
  raw_.receive(asio::buffer(&first, 1), Socket::message_peek, ignored);
  if (first >= 'A' && first <= 'Z') {
    stream_ = Stream::Plain(std::move(raw_));
    co_await stream_->Write(kPlainOnTls, "", kLinger);
    co_await Linger();
    co_return false;
  }
  stream_ = Stream::Tls(std::move(raw_), *context);
  stream_->ExpireAfter(kHandshake);
  const error_code failed = co_await stream_->HandshakeAsServer();
  if (failed) {
    shared_->log.Debug("TLS handshake failed",
                       {{"remote", remote_address_}, {"err", failed.message()}});
  }
  co_return !failed;
}

Awaitable<void> Connection::Run() {
  auto self = shared_from_this();
  bool more = co_await Secure();
  while (more && !shared_->stopping) more = co_await Serve();
  if (stream_ != nullptr) {
    if (stream_->socket().is_open()) co_await stream_->SayGoodbye(kLinger);
    stream_->Close();
  }
}

void Connection::FinishUp() {
  if (busy_) return;
  if (stream_ != nullptr) {
    stream_->Close();
  } else {
    error_code ignored;
    raw_.close(ignored);
  }
}

void Connection::Cut() {
  stop_.request_stop();
  if (on_peer_left_) on_peer_left_();
  if (stream_ != nullptr) stream_->Abort();
}

// Ends the sending half and takes what the peer still sends for a moment: closing with unread bytes
// would reset the connection and lose the answer on its way.
Awaitable<void> Connection::Linger() {
  co_await stream_->SayGoodbye(kLinger);
  error_code ignored;
  stream_->socket().shutdown(Socket::shutdown_send, ignored);
  stream_->ExpireAfter(kLinger);
  std::array<char, kFirstRead> unread;  // below TLS, which has ended
  for (std::size_t taken = 0; taken < kUnroutedBody;) {
    const auto [error, bytes] = co_await stream_->socket().async_read_some(
        asio::buffer(unread), asio::as_tuple(asio::use_awaitable));
    if (error) break;
    taken += bytes;
  }
}

Awaitable<bool> Connection::Refuse(const Request& request, int status, std::string_view why) {
  std::string text = std::to_string(status) + " " + std::string(ReasonOf(status));
  if (!why.empty()) text += ": " + std::string(why);
  Response response = Response::Text(status, std::move(text));
  Outgoing out = Prepare(request, std::move(response), false, shared_->Date());
  co_await stream_->Write(out.head, out.body, kLinger);
  co_await Linger();
  co_return false;
}

Awaitable<bool> Connection::ReadHead(Incoming& in) {
  const std::uint64_t limit = shared_->options.max_header_bytes;
  in.head.header_limit(static_cast<std::uint32_t>(limit));
  in.head.body_limit(boost::none);
  stream_->ExpireAfter(shared_->options.idle_timeout);
  // A byte of the next request must be there before the reading clock starts.
  while (begin_ == end_) {
    if (buffer_.size() > kFirstRead) {
      buffer_.clear();
      buffer_.shrink_to_fit();
    }
    if (!co_await Fill(kFirstRead)) co_return false;
    // Empty lines before a request are skipped, as RFC 9112 2.2 asks.
    while (begin_ != end_ && (buffer_[begin_] == '\r' || buffer_[begin_] == '\n')) {
      TakeFromBuffer(1);
    }
  }
  busy_ = true;
  stream_->ExpireAfter(shared_->options.read_timeout);
  for (;;) {
    error_code error;
    const std::string_view data = buffered();
    const std::size_t used = in.head.put(asio::buffer(data.data(), data.size()), error);
    TakeFromBuffer(used);
    if (error && error != http::error::need_more) {
      co_return co_await Refuse(in.request, StatusOf(error), "");
    }
    if (!error && in.head.is_header_done()) co_return true;
    if (buffered().size() > limit) {
      co_return co_await Refuse(in.request, 431, "");
    }
    if (!co_await Fill(std::max(kFirstRead, std::min<std::size_t>(buffered().size(), 65536)))) {
      if (stream_->timed_out()) co_return co_await Refuse(in.request, 408, "");
      if (buffered().empty()) co_return false;
      co_return co_await Refuse(in.request, 400, "");
    }
  }
}

Awaitable<bool> Connection::ReadBody(Incoming& in, std::uint64_t limit) {
  http::request_parser<http::string_body> parser(std::move(in.head));
  parser.eager(true);
  parser.body_limit(limit);
  if (const auto length = parser.content_length(); length && *length > limit) {
    co_return co_await Refuse(in.request, 413, "");
  }
  if (in.expects_continue && buffered().empty()) {
    const IoCount sent = co_await stream_->Write("HTTP/1.1 100 Continue\r\n\r\n", "",
                                                 shared_->options.write_timeout);
    if (sent.error) co_return false;
    stream_->ExpireAfter(shared_->options.read_timeout);
  }
  while (!parser.is_done()) {
    error_code error;
    const std::string_view data = buffered();
    const std::size_t used = parser.put(asio::buffer(data.data(), data.size()), error);
    TakeFromBuffer(used);
    if (error && error != http::error::need_more) {
      co_return co_await Refuse(in.request, StatusOf(error), "");
    }
    const std::uint64_t held = parser.get().body().size();
    shared_->body_bytes += held - body_bytes_;
    body_bytes_ = held;
    if (shared_->body_bytes > shared_->options.max_bodies_bytes) {
      co_return co_await Refuse(in.request, 503, "too many request bodies in flight");
    }
    if (parser.is_done()) break;
    // A chunk header that fills the whole buffer is no chunk header.
    if (buffered().size() >= kBodyRead) co_return co_await Refuse(in.request, 400, "");
    if (used != 0 && !buffered().empty()) continue;
    if (!co_await Fill(kBodyRead)) {
      if (stream_->timed_out()) co_return co_await Refuse(in.request, 408, "");
      co_return co_await Refuse(in.request, 400, "unexpected EOF");
    }
  }
  in.request.body = std::move(parser.get().body());
  co_return true;
}

Awaitable<std::optional<Response>> Connection::Admit(Request& request) {
  if (!shared_->hooks.web_config) co_return std::nullopt;
  auto shared = shared_;
  auto work = [shared, &request]() -> std::optional<Response> {
    auto config = shared->hooks.web_config();
    if (!config) {
      shared->log.Error("Request refused: web configuration", {{"err", config.error().message()}});
      return Response::Failure(500, "Internal Server Error");
    }
    auto refused = shared->auth.Admit(request, **config);
    if (refused) {
      for (const auto& [name, value] : (*config)->headers) refused->headers.Set(name, value);
    }
    return refused;
  };
  std::optional<Response> refused = co_await Offload(shared_->lanes.quick, std::move(work));
  co_return refused;
}

Awaitable<bool> Connection::Serve() {
  Incoming in;
  in.request.remote_address = remote_address_;
  in.request.secure = stream_->secure();
  if (!co_await ReadHead(in)) {
    busy_ = false;
    co_return false;
  }
  const auto& head = in.head.get();
  Request& request = in.request;
  request.method = std::string(head.method_string());
  request.target = std::string(head.target());
  request.http_1_0 = head.version() < 11;
  for (const auto& field : head) {
    request.headers.Add(std::string(field.name_string()), std::string(field.value()));
  }
  in.keep_alive = in.head.keep_alive();
  const std::string_view expect = request.headers.Get("Expect");
  in.expects_continue = EqualsIgnoreCase(expect, "100-continue");
  in.has_body = in.head.chunked() || in.head.content_length().value_or(0) > 0;

  const bool one_host = request.headers.All("Host").size() == 1;
  if (!request.http_1_0 && !one_host) {
    co_return co_await Refuse(request, 400, "missing required Host header");
  }
  if (head.version() / 10 != 1) co_return co_await Refuse(request, 505, "");
  if (!expect.empty() && !in.expects_continue) co_return co_await Refuse(request, 417, "");
  if (request.method == "CONNECT") co_return co_await Refuse(request, 405, "");

  std::string_view target = request.target;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (target.starts_with(scheme)) {
      const auto slash = target.find('/', scheme.size());
      target = slash == std::string_view::npos ? std::string_view("/") : target.substr(slash);
    }
  }
  target = target.substr(0, target.find('#'));
  const auto question = target.find('?');
  request.raw_path = std::string(target.substr(0, question));
  if (question != std::string_view::npos) {
    request.raw_query = std::string(target.substr(question + 1));
  }
  auto path = PercentDecode(request.raw_path);
  if (!path || !(path->starts_with('/') || *path == "*")) {
    co_return co_await Refuse(request, 400, "");
  }
  request.path = std::move(*path);
  request.query = Params::Parse(request.raw_query);

  Router::Match match = shared_->router.Find(request.method, request.path);
  request.path_values = std::move(match.path_values);
  std::optional<Response> refused = co_await Admit(request);
  if (refused) {
    const bool keep = in.keep_alive && !in.has_body && !shared_->stopping;
    Outgoing out = Prepare(request, std::move(*refused), keep, shared_->Date());
    co_return co_await Send(std::move(out));
  }
  if (in.has_body) {
    const std::uint64_t limit =
        match.route != nullptr ? match.route->max_body_bytes : kUnroutedBody;
    if (!co_await ReadBody(in, limit)) co_return false;
  }
  Route fallback;
  if (match.route == nullptr) fallback.handler = std::move(match.fallback);
  const bool more = co_await Answer(in, match.route != nullptr ? *match.route : fallback);
  shared_->body_bytes -= body_bytes_;
  body_bytes_ = 0;
  busy_ = false;
  co_return more;
}

void Connection::WatchPeer() {
  watching_ = true;
  peer_left_ = false;
  stream_->socket().async_wait(Socket::wait_read,
                               [self = shared_from_this()](const error_code& error) {
                                 if (!self->watching_) return;
                                 self->watching_ = false;
                                 if (error || !self->stream_->PeerLeft()) return;
                                 self->peer_left_ = true;
                                 self->stop_.request_stop();
                                 if (self->on_peer_left_) self->on_peer_left_();
                               });
}

void Connection::EndWatch() {
  if (!watching_) return;
  watching_ = false;
  error_code ignored;
  stream_->socket().cancel(ignored);
}

// What makes a response of a request, and of that what is sent. Runs on the io thread or on a pool.
struct Connection::Making {
  std::shared_ptr<ServerShared> shared;
  const Request& request;
  const Route& route;
  bool keep;
  std::string date;
  std::stop_token stop;

  Outgoing operator()() const {
    try {
      return Finish(route.handler(request, stop));
    } catch (const std::exception& error) {
      return Finish(Failed(error));
    }
  }
  // Nothing: it takes a pool.
  std::optional<Outgoing> AtOnce() const {
    // The web configuration is a file: it is looked at on pools.
    if (!route.prompt || shared->hooks.web_config) return std::nullopt;
    try {
      std::optional<Response> response = route.prompt(request);
      if (!response) return std::nullopt;
      return Finish(std::move(*response));
    } catch (const std::exception& error) {
      return Finish(Failed(error));
    }
  }

 private:
  Response Failed(const std::exception& error) const {
    shared->log.Error("Handler failed", {{"path", request.path}, {"err", error.what()}});
    return Response::Failure(500, "Internal Server Error");
  }
  Outgoing Finish(Response response) const {
    if (shared->hooks.web_config) {
      if (auto config = shared->hooks.web_config()) {
        for (const auto& [name, value] : (*config)->headers) response.headers.Set(name, value);
      }
    }
    return Prepare(request, std::move(response), keep, date);
  }
};

Awaitable<bool> Connection::Answer(Incoming& in, const Route& route) {
  stop_ = std::stop_source();
  stream_->NeverExpire();
  Making making{shared_,         in.request,       route, in.keep_alive && !shared_->stopping,
                shared_->Date(), stop_.get_token()};
  std::optional<Outgoing> at_once = making.AtOnce();
  if (at_once && at_once->source == nullptr) co_return co_await Send(std::move(*at_once));

  if (route.lane != Lane::kQuick) WatchPeer();
  ThreadPool& pool = shared_->lanes.Of(route.lane);
  Outgoing out;
  if (at_once) {
    out = std::move(*at_once);
  } else {
    out = co_await Offload(pool, std::move(making));
  }
  EndWatch();
  if (out.has_more()) {
    const Result<> sent = co_await SendParts(out, pool);
    if (!sent) {
      // The last chunk is not sent, and the end of the connection is not that of the body.
      if (sent.error().code() != Code::kCanceled) {
        shared_->cut.Add();
        shared_->log.Warn("Response cut",
                          {{"path", in.request.path}, {"err", sent.error().message()}});
      }
      stream_->Abort();
      co_return false;
    }
  }
  co_return co_await Send(std::move(out));
}

// All parts but the last. An error: the rest cannot be made, or (kCanceled) the client takes no
// more.
Awaitable<Result<>> Connection::SendParts(Outgoing& out, ThreadPool& pool) {
  SlowClient client(shared_->io, {shared_->options.slow_client, shared_->kept_bodies}, out, pool,
                    *stream_);
  Result<> result;
  while (result.ok() && out.has_more()) {
    client.BeginWrite();
    const IoCount sent =
        co_await stream_->Write(out.head, out.body, shared_->options.write_timeout);
    if (sent.error) stop_.request_stop();
    result = co_await client.EndWrite();
    if (sent.error && result.ok()) result = Error(Code::kCanceled, sent.error.message());
    if (!result.ok()) break;
    out.head.clear();
    auto next = [&out]() -> Result<bool> {
      try {
        return out.NextPart();
      } catch (const std::exception& error) {
        return Error(Code::kUnavailable, error.what());
      }
    };
    Result<bool> more = co_await Offload(pool, std::move(next));
    if (!more) result = std::move(more).error();
  }
  co_await client.Leave();
  co_return result;
}

Awaitable<bool> Connection::Send(Outgoing out) {
  const std::string_view body = out.static_body.empty() ? out.body : out.static_body;
  const IoCount sent = co_await stream_->Write(out.head, body, shared_->options.write_timeout);
  if (sent.error) {
    stream_->Abort();  // a goodbye would say that this was all
    co_return false;
  }
  if (out.events != nullptr) co_return co_await SendEvents(out);
  if (out.close) co_await Linger();
  co_return !out.close;
}

Awaitable<bool> Connection::SendEvents(Outgoing& out) {
  // `news` rests until somebody has something to say or the peer leaves.
  auto news = std::make_shared<asio::steady_timer>(stream_->socket().get_executor());
  const auto wake = [news] { news->cancel(); };
  on_peer_left_ = wake;
  WatchPeer();
  bool alive = true;
  while (alive && !peer_left_ && !shared_->stopping) {
    const bool last = out.events->closed();
    const std::string text = out.events->Take();
    std::string wire;
    if (out.chunked) {
      AppendChunk(wire, text);
      if (last) wire += kLastChunk;
    } else {
      wire = text;
    }
    if (!wire.empty()) {
      const IoCount sent = co_await stream_->Write(wire, "", shared_->options.write_timeout);
      alive = !sent.error;
    }
    if (last || !alive) break;
    stream_->NeverExpire();
    news->expires_at(std::chrono::steady_clock::time_point::max());
    IoThread& io = shared_->io;
    out.events->OnNews([&io, wake] { io.Post(wake); });
    co_await news->async_wait(asio::as_tuple(asio::use_awaitable));
  }
  on_peer_left_ = nullptr;
  EndWatch();
  out.events->Close();
  co_return alive && !peer_left_ && !out.close && !shared_->stopping;
}

}  // namespace meerkat::net
