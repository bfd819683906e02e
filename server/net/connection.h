#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>

#include "base/log.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "server/net/body_budget.h"
#include "server/net/outgoing.h"
#include "server/net/server.h"
#include "server/net/stream.h"
#include "server/net/tls.h"
#include "server/net/web_auth.h"

// One accepted connection; private to server/net.
namespace meerkat::net {

// What all connections of a server share. IO thread only, but for what says otherwise.
struct ServerShared {
  ServerShared(IoThread& io_thread, Lanes the_lanes, const Router& the_router,
               ServerOptions the_options, ServerHooks the_hooks, Registry& registry, Logger the_log)
      : io(io_thread),
        lanes(the_lanes),
        router(the_router),
        options(std::move(the_options)),
        hooks(std::move(the_hooks)),
        log(std::move(the_log)),
        kept_bodies(std::make_shared<BodyBudget>(options.max_kept_bytes)),
        cut(registry.counter("meerkat_http_responses_cut_total",
                             "Responses that were cut because the rest of them could not be "
                             "made.")) {}

  IoThread& io;
  const Lanes lanes;
  const Router& router;
  const ServerOptions options;
  const ServerHooks hooks;
  const Logger log;
  const std::shared_ptr<BodyBudget> kept_bodies;  // of answers to slow clients
  Counter& cut;
  WebAuth auth;  // any thread
  Mutex tls_mu;
  ServerTls tls GUARDED_BY(tls_mu);
  std::uint64_t body_bytes = 0;  // of requests in flight
  bool stopping = false;

  std::string Date();  // the Date field, made once a second

 private:
  std::int64_t date_second_ = -1;
  std::string date_;
};

// Reads requests, has them answered on their pool, writes the answers in order.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<ServerShared> shared, Socket socket, std::string remote_address);
  ~Connection();

  // Lives until either side ends the connection.
  Awaitable<void> Run();
  // For a server that stops: an idle connection ends now, a busy one after its response.
  void FinishUp();
  // Requests a stop of what runs and closes.
  void Cut();

 private:
  struct Incoming;
  struct Making;

  Awaitable<bool> Secure();
  Awaitable<bool> Serve();  // one request; false: the connection is done
  Awaitable<bool> ReadHead(Incoming& in);
  Awaitable<bool> ReadBody(Incoming& in, std::uint64_t limit);
  Awaitable<std::optional<Response>> Admit(Request& request);
  Awaitable<bool> Answer(Incoming& in, const Route& route);
  Awaitable<Result<>> SendParts(Outgoing& out, ThreadPool& pool);
  Awaitable<bool> Send(Outgoing out);
  Awaitable<bool> SendEvents(Outgoing& out);
  Awaitable<bool> Refuse(const Request& request, int status, std::string_view why);
  Awaitable<bool> Fill(std::size_t room);  // more into buffer_; false: end or error
  Awaitable<void> Linger();
  void WatchPeer();
  void EndWatch();
  void TakeFromBuffer(std::size_t bytes);
  std::string_view buffered() const {
    return std::string_view(buffer_).substr(begin_, end_ - begin_);
  }

  const std::shared_ptr<ServerShared> shared_;
  const std::string remote_address_;
  std::unique_ptr<Stream> stream_;
  Socket raw_;  // until Secure() has made the stream

  std::string buffer_;  // [begin_, end_) holds what is read but not parsed
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::uint64_t body_bytes_ = 0;  // this connection's share of shared_->body_bytes

  std::stop_source stop_;
  bool busy_ = false;      // a request is being read or answered
  bool watching_ = false;  // for the peer to leave
  bool peer_left_ = false;
  std::function<void()> on_peer_left_;
};

}  // namespace meerkat::net
