#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/result.h"
#include "server/net/http.h"
#include "server/net/io.h"
#include "server/net/offload.h"
#include "server/net/router.h"
#include "server/net/web_config.h"

namespace meerkat::net {

// The pools that run handlers, by Route::lane. They may be one and the same.
struct Lanes {
  ThreadPool& quick;
  ThreadPool& query;   // its width is --query.max-concurrency
  ThreadPool& ingest;  // remote write, OTLP
  ThreadPool& Of(Lane lane) const;
};

struct ServerOptions {
  std::vector<std::string> listen;    // "0.0.0.0:9090", ":9090", "[::1]:0" (port 0: any free one)
  std::size_t max_connections = 512;  // over all listeners; more wait in the kernel's queue
  Millis read_timeout = std::chrono::minutes(5);   // a request: from its first byte to its last
  Millis idle_timeout = std::chrono::minutes(5);   // between requests
  Millis write_timeout = std::chrono::minutes(2);  // without a byte taken by the client
  Millis slow_client = std::chrono::seconds(5);    // all writes of an answer; then it is settled
  std::uint64_t max_kept_bytes = 1 << 30;          // of answers that are settled, compressed
  std::uint64_t max_header_bytes = 1 << 20;
  std::uint64_t max_bodies_bytes = 1 << 30;      // of all requests in flight; more: 503
  Millis stop_grace = std::chrono::seconds(10);  // requests in flight may end
};

// What the server asks back; may be empty.
struct ServerHooks {
  // TLS and users, read again for each connection and request: the file may have changed. An error
  // closes the connection or answers 500. Runs on pools.
  std::function<Result<std::shared_ptr<const WebConfig>>()> web_config;
};

// Listens and serves HTTP/1.1: keep-alive, pipelining, HEAD, Expect: 100-continue, compression by
// Accept-Encoding, chunked streams. Beast is the parser; nobody outside sees it.
// Threads: methods from any thread but the io thread.
class Server {
 public:
  // Binds every address; one clear error when it cannot. Router, lanes and io outlive the server.
  static Result<std::unique_ptr<Server>> Listen(IoThread& io, Lanes lanes, const Router& router,
                                                ServerOptions options, ServerHooks hooks,
                                                Registry& registry, Logger log);
  ~Server();  // Stop()
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Begins to accept.
  void Start();
  // No new connections, idle ones and event streams close, what is in flight may end within
  // stop_grace; then stop_tokens are requested and the rest is cut. Blocks until all is gone, at
  // most two seconds longer than the grace. Idempotent.
  void Stop();

  // Where it listens, with the real port: "127.0.0.1:9090".
  std::vector<std::string> addresses() const;
  std::size_t connections() const;

 private:
  class Impl;
  explicit Server(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace meerkat::net
