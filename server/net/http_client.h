#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "server/net/client_config.h"
#include "server/net/http.h"
#include "server/net/io.h"
#include "server/net/offload.h"

namespace meerkat::net {

class BodyLease;

struct ClientRequest {
  std::string method = "GET";
  std::string url;  // http:// or https://
  Headers headers;  // beside Host, User-Agent, Content-Length and what the configuration adds
  std::string body;
  Millis timeout{0};  // for everything from DNS to the last byte; 0: none
  // Of the decoded body; kBodyTooLarge below when exceeded, before the memory is spent. 0: 1 GiB.
  std::uint64_t max_body_bytes = 0;
  // Asks for gzip (only) and decodes what comes by Content-Encoding gzip, deflate or zstd.
  bool accept_compressed = true;
  // False: `ClientResponse::body` stays as it came; the caller passes it to Decode() on a pool.
  bool decode = true;
  // When set, the body goes here piece by piece, on the io thread, not into the response: watches.
  // False ends the exchange. Never decoded.
  std::function<bool(std::string_view piece)> on_body;
  // When set, the body as it comes counts against a budget; kBodyMemory below when that is spent.
  // Outlives the request.
  BodyLease* lease = nullptr;
  // Its capacity serves for the response body: hand the last one back.
  std::string buffer;
};

struct ClientResponse {
  int status = 0;
  std::string reason;  // as sent: "OK"
  Headers headers;
  std::string body;
  std::string url;  // after redirects

  // "500 Internal Server Error", as upstream's messages show it.
  std::string StatusLine() const;
};

inline constexpr std::string_view kBodyTooLarge = "body size limit exceeded";
inline constexpr std::string_view kBodyMemory =
    "memory for the bodies of all scrapes in flight is used up";

// Decodes `response.body` by its Content-Encoding and drops that header. Pure computing: run it on
// a pool. kBodyTooLarge when more than `max_bytes` would come out, before the memory is spent.
Result<> Decode(ClientResponse& response, std::uint64_t max_bytes);

struct HttpClientOptions {
  static HttpClientOptions CountedAs(std::string dialer, Registry& registry) {
    HttpClientOptions options;
    options.registry = &registry;
    options.dialer = std::move(dialer);
    return options;
  }

  std::string user_agent = "Prometheus/3.14.0";
  bool keep_alive = true;
  Millis idle_timeout = std::chrono::minutes(5);
  std::size_t max_idle_per_host = 1000;
  // When set, every request goes to this Unix socket, whatever host its URL names.
  std::string unix_socket;
  // When set, connections are counted there as those of `dialer` (net_conntrack_dialer_conn_*).
  // Outlives the client and its io thread.
  Registry* registry = nullptr;
  std::string dialer = {};
};

// An HTTP/1.1 client with its own pool of kept connections. Cheap to keep, dear to make: one for
// each configuration. Threads: Fetch on the io thread only; make and destroy anywhere. Requests in
// flight outlive the client and end by their own timeout.
//
// Errors speak as Go's net/http does, method and URL in front: `Get "http://h:1/m": dial tcp
// 127.0.0.1:1: connect: connection refused`, `… : context deadline exceeded` (kTimeout), the rest
// kUnavailable; kBodyTooLarge stands alone (kInvalid).
class HttpClient {
 public:
  // `blocking` reads files and resolves names. Nothing is read or connected yet.
  HttpClient(IoThread& io, ThreadPool& blocking, HttpClientConfig config,
             HttpClientOptions options = {});
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Reads every file the configuration names and builds the TLS context, to tell bad ones early.
  // Blocks: not on the io thread.
  static Result<> Check(const HttpClientConfig& config);

  Awaitable<Result<ClientResponse>> Fetch(ClientRequest request);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace meerkat::net
