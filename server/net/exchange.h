#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "server/net/http_client.h"
#include "server/net/stream.h"

// One request and its response on a stream that is connected; private to server/net.
namespace meerkat::net {

struct ExchangeRequest {
  std::string_view head;  // with the blank line
  std::string_view body;
  bool is_head = false;
  bool tunnel = false;  // CONNECT: the response has no body
  std::uint64_t max_body_bytes = 0;
  BodyLease* lease = nullptr;
  const std::function<bool(std::string_view)>* on_body = nullptr;
};

struct ExchangeOutcome {
  bool reusable = false;   // the stream may carry another request
  bool untouched = false;  // it failed before a single byte came back
  bool in_body = false;    // it failed after the header was there
};

// Deadlines are the stream's. Errors without method and URL: "EOF", "read tcp …: connection reset
// by peer", "context deadline exceeded". `response.body` lends its capacity.
Awaitable<Result<>> Exchange(Stream& stream, std::span<char> buffer, const ExchangeRequest& request,
                             ClientResponse& response, ExchangeOutcome& outcome);

// "read tcp 127.0.0.1:5->127.0.0.1:6: read: connection reset by peer" or the deadline's text.
Error NetworkError(Stream& stream, std::string_view operation,
                   const boost::system::error_code& error);
// "connection refused": the system's words as Go writes them.
std::string ErrnoText(const boost::system::error_code& error);
inline constexpr std::string_view kDeadline = "context deadline exceeded";

}  // namespace meerkat::net
