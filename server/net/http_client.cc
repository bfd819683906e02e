#include "server/net/http_client.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/quote.h"
#include "server/net/base64.h"
#include "server/net/compression.h"
#include "server/net/credentials.h"
#include "server/net/dial.h"
#include "server/net/dial_metrics.h"
#include "server/net/exchange.h"
#include "server/net/idle_connections.h"
#include "server/net/oauth2.h"
#include "server/net/proxy.h"
#include "server/net/resolver.h"
#include "server/net/stream.h"
#include "server/net/tls.h"

namespace meerkat::net {

namespace asio = boost::asio;
using boost::system::error_code;
using Steady = std::chrono::steady_clock;

namespace {

// 128 kB at a time: smaller reads cost more wake-ups than the copying saves.
constexpr std::size_t kReadBuffer = 128 << 10;
constexpr std::size_t kKeptBuffers = 8;
constexpr std::uint64_t kDefaultBodyLimit = 1ULL << 30;
constexpr std::size_t kDecodeInline = 64 << 10;  // larger bodies are decoded on the pool
constexpr int kMaxRedirects = 10;

// Go's url.Error: the method with one capital.
std::string OperationOf(std::string_view method) {
  std::string text(method);
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] >= 'A' && text[i] <= 'Z') text[i] = static_cast<char>(text[i] - 'A' + 'a');
  }
  return text;
}

bool IsRedirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

DialFailure WhyOf(const Error& dialling) {
  if (dialling.code() == Code::kTimeout) return DialFailure::kTimeout;
  return dialling.message().ends_with("connection refused") ? DialFailure::kRefused
                                                            : DialFailure::kOther;
}

// A value that would end its line early is not sent.
bool IsSafe(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

}  // namespace

std::string ClientResponse::StatusLine() const {
  return std::to_string(status) + " " + (reason.empty() ? std::string(ReasonOf(status)) : reason);
}

Result<> Decode(ClientResponse& response, std::uint64_t max_bytes) {
  const std::string encoding(response.headers.Get("Content-Encoding"));
  const std::uint64_t limit = max_bytes == 0 ? kDefaultBodyLimit : max_bytes;
  if (encoding.empty()) return {};
  auto plain = Decompress(encoding, response.body, limit);
  if (!plain) return std::move(plain).error();
  response.body = std::move(*plain);
  response.headers.Remove("Content-Encoding");
  return {};
}

class HttpClient::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(IoThread& io, ThreadPool& blocking, HttpClientConfig config, HttpClientOptions options)
      : io_(io),
        blocking_(blocking),
        config_(std::move(config)),
        options_(std::move(options)),
        reads_files_(ReadsFiles(config_)),
        resolver_(blocking_),
        tls_(config_.tls),
        idle_(options_.idle_timeout, options_.max_idle_per_host) {
    if (options_.registry != nullptr) dials_.emplace(*options_.registry, options_.dialer);
    if (config_.oauth2) {
      tokens_ =
          std::make_unique<Oauth2Tokens>(io_, blocking_, *config_.oauth2, options_.user_agent);
    }
    if (!reads_files_) {
      // Without files the secrets are constants: read once, here.
      auto read = ReadCredentials(config_, constant_);
      assert(read.ok());
    }
  }

  static Awaitable<Result<ClientResponse>> Fetch(std::shared_ptr<Impl> self,
                                                 ClientRequest request) {
    // The body of a finished client's request must still find its client.
    if (self->IsConstant(request)) {
      auto result = co_await self->Repeat(request);
      co_return result;
    }
    auto result = co_await self->Follow(request);
    co_return result;
  }

  void CloseIdle() { idle_.Clear(); }
  IoThread& io() { return io_; }

 private:
  struct Attempt {
    const ClientRequest* request;
    Url url;
    std::string method;
    std::string_view body;
    bool same_host = true;  // secrets go only to the host that was asked for
    bool in_body = false;   // failed after the header: Go then names no URL
    Steady::time_point deadline;
  };

  std::chrono::milliseconds Left(const Attempt& attempt) const {
    if (attempt.deadline == Steady::time_point::max()) return std::chrono::hours(24);
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(attempt.deadline - Steady::now());
    return std::max(left, std::chrono::milliseconds(0));
  }

  // Scrapes ask the same again and again: what their requests look like on the wire is kept.
  struct Known {
    std::string method;
    Headers headers;
    std::string key;   // of kept connections
    std::string head;  // "": to be made anew each time
    std::string url;
  };
  // Whether nothing has to be asked before: no files, tokens, certificates or body.
  bool IsConstant(const ClientRequest& request) const {
    return !request.decode && !reads_files_ && tokens_ == nullptr && request.body.empty() &&
           !request.on_body && request.url.starts_with("http://");
  }
  const Known& KnownOf(const ClientRequest& request) {
    constexpr std::size_t kMostKnown = 10000;
    if (known_.size() >= kMostKnown) known_.clear();
    Known& known = known_[request.url];
    if (known.method == request.method && known.headers.fields() == request.headers.fields()) {
      return known;
    }
    known = {request.method, request.headers, {}, {}, {}};
    auto url = Url::Parse(request.url);
    if (!url || url->host.empty()) return known;
    if (options_.unix_socket.empty()) {
      const auto proxy = ProxyFor(*url, config_.proxy);
      if (!proxy || *proxy) return known;
    }
    const Attempt attempt{&request, std::move(*url), request.method, {}, true, false, {}};
    known.key = KeyOf(attempt.url, std::nullopt);
    known.head = Head(attempt, constant_, nullptr);
    known.url = attempt.url.ToString();
    return known;
  }

  // A request that was sent before, on a kept connection; everything unusual is Follow's.
  Awaitable<Result<ClientResponse>> Repeat(ClientRequest& request) {
    std::unique_ptr<Stream> stream;
    std::string key;
    std::string head;
    ClientResponse response;
    {
      const Known& known = KnownOf(request);  // may be gone after the next co_await
      if (!known.head.empty()) stream = idle_.Take(known.key, nullptr);
      if (stream != nullptr) {
        key = known.key;
        head = known.head;
        response.url = known.url;
      }
    }
    if (stream == nullptr) {
      auto result = co_await Follow(request);
      co_return result;
    }
    response.body = std::move(request.buffer);
    ExchangeRequest exchange;
    exchange.head = head;
    exchange.is_head = request.method == "HEAD";
    exchange.max_body_bytes =
        request.max_body_bytes == 0 ? kDefaultBodyLimit : request.max_body_bytes;
    exchange.lease = request.lease;
    if (request.timeout.count() > 0) {
      stream->ExpireAfter(request.timeout);
    } else {
      stream->NeverExpire();
    }
    Buffer buffer = TakeBuffer();
    const std::span<char> room(buffer.get(), kReadBuffer);
    ExchangeOutcome outcome;
    auto done = co_await Exchange(*stream, room, exchange, response, outcome);
    GiveBuffer(std::move(buffer));
    if (done && outcome.reusable && options_.keep_alive) idle_.Give(key, std::move(stream));
    // The server closed the connection while it was resting, or shows another way.
    const bool closed = !done && outcome.untouched && done.error().code() == Code::kUnavailable;
    const bool redirected = done && config_.follow_redirects && IsRedirect(response.status) &&
                            response.headers.Has("Location");
    if (closed || redirected) {
      stream.reset();
      request.buffer = std::move(response.body);
      auto result = co_await Follow(request);
      co_return result;
    }
    if (done) co_return response;
    Error error = std::move(done).error();
    if (error.message() == kBodyTooLarge || outcome.in_body) co_return error;
    const auto url = Url::Parse(request.url);
    co_return std::move(error).Within(OperationOf(request.method) + " " + Quote(url->Redacted()));
  }

  Awaitable<Result<ClientResponse>> Follow(ClientRequest& request) {
    Attempt attempt{&request, {},    request.method,           request.body,
                    true,     false, Steady::time_point::max()};
    if (request.timeout.count() > 0) attempt.deadline = Steady::now() + request.timeout;
    const auto fail = [&attempt](Error error) {
      if (error.message() == kBodyTooLarge || attempt.in_body) return error;
      return std::move(error).Within(OperationOf(attempt.method) + " " +
                                     Quote(attempt.url.Redacted()));
    };
    auto url = Url::Parse(request.url);
    if (!url) {
      co_return std::move(url).error();
    }
    attempt.url = std::move(*url);
    const std::string first_host = attempt.url.authority();
    ClientResponse response;
    response.body = std::move(request.buffer);
    for (int redirects = 0;; ++redirects) {
      if (attempt.url.scheme != "http" && attempt.url.scheme != "https") {
        co_return fail(
            Error(Code::kInvalid, "unsupported protocol scheme " + Quote(attempt.url.scheme)));
      }
      if (attempt.url.host.empty()) {
        co_return fail(Error(Code::kInvalid, "http: no Host in request URL"));
      }
      auto done = co_await Once(attempt, response);
      if (!done) co_return fail(std::move(done).error());
      const std::string location(response.headers.Get("Location"));
      if (!config_.follow_redirects || !IsRedirect(response.status) || location.empty()) break;
      if (redirects + 1 >= kMaxRedirects) {
        co_return fail(Error(Code::kUnavailable, "stopped after 10 redirects"));
      }
      auto next = attempt.url.Resolve(location);
      if (!next) {
        co_return fail(
            std::move(next).error().Within("failed to parse Location header " + Quote(location)));
      }
      attempt.url = std::move(*next);
      attempt.same_host = attempt.url.authority() == first_host;
      if (response.status != 307 && response.status != 308 && attempt.method != "HEAD") {
        attempt.method = "GET";
        attempt.body = {};
      }
    }
    response.url = attempt.url.ToString();
    const std::uint64_t limit =
        request.max_body_bytes == 0 ? kDefaultBodyLimit : request.max_body_bytes;
    if (request.decode && response.headers.Has("Content-Encoding")) {
      Result<> decoded;
      if (response.body.size() <= kDecodeInline / 8) {
        decoded = Decode(response, limit);
      } else {
        auto work = [&response, limit] { return Decode(response, limit); };
        decoded = co_await Offload(blocking_, std::move(work));
      }
      if (!decoded) co_return fail(std::move(decoded).error());
    }
    co_return response;
  }

  // One request to one URL: on a kept connection if there is one, else on a new one.
  Awaitable<Result<>> Once(Attempt& attempt, ClientResponse& response) {
    Credentials fresh = constant_;
    const bool secure = attempt.url.scheme == "https";
    auto proxy = options_.unix_socket.empty() ? ProxyFor(attempt.url, config_.proxy)
                                              : Result<std::optional<Url>>(std::optional<Url>());
    if (!proxy) co_return std::move(proxy).error();
    const bool tls_needed = secure || (*proxy && (*proxy)->scheme == "https");
    if (reads_files_ || tls_needed) {
      auto self = shared_from_this();
      auto work = [self, &fresh, tls_needed]() -> Result<> {
        if (self->reads_files_) {
          fresh = {};
          if (auto read = ReadCredentials(self->config_, fresh); !read) return read;
        }
        if (tls_needed) {
          MutexLock lock(self->tls_mu_);
          auto context = self->tls_.Current();
          if (!context) return std::move(context).error();
          fresh.tls = std::move(*context);
        }
        return {};
      };
      auto read = co_await Offload(blocking_, std::move(work));
      if (!read) co_return std::move(read).error();
    }
    if (tokens_ != nullptr && attempt.same_host) {
      auto header = co_await tokens_->Header();
      if (!header) co_return std::move(header).error();
      fresh.authorization = std::move(*header);
    }
    const std::string head = Head(attempt, fresh, *proxy && !secure ? &**proxy : nullptr);
    ExchangeRequest exchange;
    exchange.head = head;
    exchange.body = attempt.body;
    exchange.is_head = attempt.method == "HEAD";
    exchange.max_body_bytes =
        attempt.request->max_body_bytes == 0 ? kDefaultBodyLimit : attempt.request->max_body_bytes;
    if (attempt.request->on_body) exchange.on_body = &attempt.request->on_body;
    exchange.lease = attempt.request->lease;

    const std::string key = KeyOf(attempt.url, *proxy);
    for (;;) {
      std::unique_ptr<Stream> stream = idle_.Take(key, fresh.tls.get());
      const bool kept = stream != nullptr;
      if (!kept) {
        auto connected = co_await Connect(attempt, *proxy, fresh);
        if (!connected) co_return std::move(connected).error();
        stream = std::move(*connected);
      }
      stream->ExpireAfter(Left(attempt));
      Buffer buffer = TakeBuffer();
      ExchangeOutcome outcome;
      const std::span<char> room(buffer.get(), kReadBuffer);
      auto done = co_await Exchange(*stream, room, exchange, response, outcome);
      GiveBuffer(std::move(buffer));
      attempt.in_body = outcome.in_body;
      if (!done && kept && outcome.untouched && done.error().code() == Code::kUnavailable) {
        continue;  // the server closed it while it was resting
      }
      if (!done) co_return std::move(done).error();
      if (outcome.reusable && options_.keep_alive) {
        idle_.Give(key, std::move(stream));
      } else if (stream->secure()) {
        stream->Close();
      }
      co_return Result<>();
    }
  }

  // Under what a connection is kept.
  static std::string KeyOf(const Url& url, const std::optional<Url>& proxy) {
    return url.scheme + "://" + url.authority() + " " + (proxy ? proxy->authority() : "");
  }

  std::string Head(const Attempt& attempt, const Credentials& fresh, const Url* through) const {
    const ClientRequest& request = *attempt.request;
    std::string head;
    head.reserve(512);
    head += attempt.method;
    head += ' ';
    if (through != nullptr) head += attempt.url.scheme + "://" + attempt.url.authority();
    head += attempt.url.target();
    head += " HTTP/1.1\r\n";
    const auto field = [&head](std::string_view name, std::string_view value) {
      if (!IsSafe(name) || !IsSafe(value)) return;
      head += name;
      head += ": ";
      head += value;
      head += "\r\n";
    };
    const std::string_view host = request.headers.Get("Host");
    field("Host", host.empty() ? attempt.url.authority() : host);
    if (!request.headers.Has("User-Agent")) field("User-Agent", options_.user_agent);
    bool authorized = false;
    for (const auto& [name, value] : request.headers.fields()) {
      const bool secret =
          EqualsIgnoreCase(name, "Authorization") || EqualsIgnoreCase(name, "Cookie");
      if (EqualsIgnoreCase(name, "Host") || (secret && !attempt.same_host)) continue;
      authorized = authorized || EqualsIgnoreCase(name, "Authorization");
      field(name, value);
    }
    if (request.accept_compressed && !request.headers.Has("Accept-Encoding") && !request.on_body) {
      field("Accept-Encoding", "gzip");
    }
    for (const auto& [name, value] : fresh.headers) field(name, value);
    if (!authorized && attempt.same_host) {
      if (!fresh.authorization.empty()) {
        field("Authorization", fresh.authorization);
      } else if (!attempt.url.userinfo.empty()) {
        field("Authorization",
              "Basic " + Base64Encode(attempt.url.has_password ? attempt.url.userinfo
                                                               : attempt.url.userinfo + ":"));
      }
    }
    if (through != nullptr && !through->userinfo.empty()) {
      field("Proxy-Authorization", "Basic " + Base64Encode(through->userinfo));
    }
    if (!attempt.body.empty() || attempt.method == "POST" || attempt.method == "PUT") {
      field("Content-Length", std::to_string(attempt.body.size()));
    }
    if (!options_.keep_alive) field("Connection", "close");
    head += "\r\n";
    return head;
  }

  Awaitable<Result<std::unique_ptr<Stream>>> Connect(const Attempt& attempt,
                                                     const std::optional<Url>& proxy,
                                                     const Credentials& fresh) {
    const Url& to = proxy ? *proxy : attempt.url;
    std::vector<Address> addresses;
    if (dials_) dials_->Attempted();
    if (!options_.unix_socket.empty()) {
      addresses.push_back(UnixAddress(options_.unix_socket));
    } else {
      auto found = co_await resolver_.Resolve(to.host, to.effective_port());
      if (!found) {
        if (dials_) dials_->Failed(DialFailure::kResolution);
        Error error = std::move(found).error().Within("dial tcp");
        co_return proxy ? std::move(error).Within("proxyconnect tcp") : std::move(error);
      }
      addresses = std::move(*found);
    }
    auto dialled = co_await Dial(io_, std::move(addresses), Left(attempt));
    if (!dialled) {
      Error error = std::move(dialled).error();
      if (dials_) dials_->Failed(WhyOf(error));
      if (proxy && error.code() != Code::kTimeout) {
        co_return std::move(error).Within("proxyconnect tcp");
      }
      co_return error;
    }
    std::unique_ptr<Stream> stream = std::move(*dialled);
    if (dials_) stream->set_token(dials_->Established());
    if (proxy && proxy->scheme == "https") {
      if (attempt.url.scheme == "https") {
        co_return Error(Code::kInvalid, "https targets through an https proxy are not supported");
      }
      co_return co_await Handshake(std::move(stream), attempt, proxy->host, fresh);
    }
    if (attempt.url.scheme != "https") co_return std::move(stream);
    if (proxy) {
      auto through = co_await Tunnel(*stream, attempt, *proxy);
      if (!through) co_return std::move(through).error();
    }
    const std::string& name =
        config_.tls.server_name.empty() ? attempt.url.host : config_.tls.server_name;
    co_return co_await Handshake(std::move(stream), attempt, name, fresh);
  }

  Awaitable<Result<>> Tunnel(Stream& stream, const Attempt& attempt, const Url& proxy) {
    const std::string target =
        (attempt.url.host.find(':') != std::string::npos ? "[" + attempt.url.host + "]"
                                                         : attempt.url.host) +
        ":" + std::to_string(attempt.url.effective_port());
    std::string head = "CONNECT " + target + " HTTP/1.1\r\nHost: " + target +
                       "\r\nUser-Agent: " + options_.user_agent + "\r\n";
    if (!proxy.userinfo.empty()) {
      head += "Proxy-Authorization: Basic " + Base64Encode(proxy.userinfo) + "\r\n";
    }
    for (const auto& [name, values] : config_.proxy.connect_headers) {
      for (const Secret& value : values) {
        if (IsSafe(value.Reveal())) head += name + ": " + value.Reveal() + "\r\n";
      }
    }
    head += "\r\n";
    ExchangeRequest exchange;
    exchange.head = head;
    exchange.tunnel = true;
    exchange.max_body_bytes = kReadBuffer;
    ClientResponse response;
    ExchangeOutcome outcome;
    stream.ExpireAfter(Left(attempt));
    Buffer buffer = TakeBuffer();
    const std::span<char> room(buffer.get(), kReadBuffer);
    auto done = co_await Exchange(stream, room, exchange, response, outcome);
    GiveBuffer(std::move(buffer));
    if (!done) co_return done;
    if (response.status != 200) co_return Error(Code::kUnavailable, response.reason);
    co_return Result<>();
  }

  Awaitable<Result<std::unique_ptr<Stream>>> Handshake(std::unique_ptr<Stream> plain,
                                                       const Attempt& attempt, std::string name,
                                                       const Credentials& fresh) {
    auto stream = Stream::Tls(std::move(plain->socket()), fresh.tls);
    stream->set_token(plain->token());
    plain.reset();
    stream->ExpireAfter(Left(attempt));
    ExpectServer(stream->native_tls(), name, config_.tls.insecure_skip_verify);
    const error_code failed = co_await stream->HandshakeAsClient(name);
    if (!failed) co_return std::move(stream);
    if (stream->timed_out()) co_return Error(Code::kTimeout, std::string(kDeadline));
    if (failed == asio::error::eof) co_return Error(Code::kUnavailable, "EOF");
    std::string why = failed.message();
    if (why.find("wrong version number") != std::string::npos) {
      why = "http: server gave HTTP response to HTTPS client";
    } else if (failed.category() == boost::system::system_category()) {
      co_return NetworkError(*stream, "read", failed);
    } else {
      why = HandshakeFailure(stream->native_tls(), name, "tls: " + why);
    }
    co_return Error(Code::kUnavailable, why);
  }

  using Buffer = std::unique_ptr<char[]>;
  // One for each request in flight; a few are kept for the next ones.
  static std::vector<Buffer>& KeptBuffers() {
    thread_local std::vector<Buffer> kept;  // all clients live on the io thread
    return kept;
  }
  static Buffer TakeBuffer() {
    auto& kept = KeptBuffers();
    if (kept.empty()) return Buffer(new char[kReadBuffer]);
    Buffer buffer = std::move(kept.back());
    kept.pop_back();
    return buffer;
  }
  static void GiveBuffer(Buffer buffer) {
    if (KeptBuffers().size() < kKeptBuffers) KeptBuffers().push_back(std::move(buffer));
  }

  IoThread& io_;
  ThreadPool& blocking_;
  const HttpClientConfig config_;
  const HttpClientOptions options_;
  const bool reads_files_;
  Credentials constant_;  // when there are no files
  std::unique_ptr<Oauth2Tokens> tokens_;
  Resolver resolver_;
  Mutex tls_mu_;
  ClientTls tls_ GUARDED_BY(tls_mu_);

  // IO thread only.
  IdleConnections idle_;
  std::optional<DialMetrics> dials_;
  std::unordered_map<std::string, Known> known_;  // by URL
};

HttpClient::HttpClient(IoThread& io, ThreadPool& blocking, HttpClientConfig config,
                       HttpClientOptions options)
    : impl_(std::make_shared<Impl>(io, blocking, std::move(config), std::move(options))) {}

HttpClient::~HttpClient() {
  // Sockets belong to the io thread: they are closed there.
  if (impl_->io().is_current()) {
    impl_->CloseIdle();
  } else {
    IoThread& io = impl_->io();
    io.Post([impl = std::move(impl_)] { impl->CloseIdle(); });
  }
}

Result<> HttpClient::Check(const HttpClientConfig& config) {
  Credentials fresh;
  if (auto read = ReadCredentials(config, fresh); !read) return read;
  auto context = ClientTls(config.tls).Current();
  if (!context) return std::move(context).error();
  if (config.oauth2) {
    auto secret = Read(config.oauth2->client_secret);
    if (!secret) return std::move(secret).error();
    auto tls = ClientTls(config.oauth2->tls).Current();
    if (!tls) return std::move(tls).error();
  }
  return {};
}

Awaitable<Result<ClientResponse>> HttpClient::Fetch(ClientRequest request) {
  return Impl::Fetch(impl_, std::move(request));
}

}  // namespace meerkat::net
