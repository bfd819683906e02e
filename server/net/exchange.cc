#include "server/net/exchange.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <optional>
#include <utility>

#include "base/quote.h"
#include "server/net/body_budget.h"
#include "server/net/resolver.h"

namespace meerkat::net {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

// What a server may send before it has to come to the point.
constexpr std::uint32_t kMaxResponseHeader = 1 << 20;

// A string that grows by what comes. Beast's own string_body fills each piece with zeros before it
// copies over them, which for a page of metrics costs as much as the copy.
struct AppendedBody {
  using value_type = std::string;
  class reader {
   public:
    template <bool isRequest, class Fields>
    reader(http::header<isRequest, Fields>&, value_type& body) : body_(body) {}
    void init(const boost::optional<std::uint64_t>& length, error_code& error) {
      // A length is a claim: more than this is only taken as it comes.
      constexpr std::uint64_t kBelieved = 16 << 20;
      if (length) body_.reserve(static_cast<std::size_t>(std::min(*length, kBelieved)));
      error = {};
    }
    template <class Buffers>
    std::size_t put(const Buffers& buffers, error_code& error) {
      std::size_t bytes = 0;
      for (auto it = asio::buffer_sequence_begin(buffers); it != asio::buffer_sequence_end(buffers);
           ++it) {
        const asio::const_buffer piece(*it);
        body_.append(static_cast<const char*>(piece.data()), piece.size());
        bytes += piece.size();
      }
      error = {};
      return bytes;
    }
    void finish(error_code& error) { error = {}; }

   private:
    value_type& body_;
  };
};

}  // namespace

std::string ErrnoText(const error_code& error) {
  std::string text = error.message();
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') {
    text[0] = static_cast<char>(text[0] - 'A' + 'a');
  }
  return text;
}

Error NetworkError(Stream& stream, std::string_view operation, const error_code& error) {
  if (stream.timed_out()) return Error(Code::kTimeout, std::string(kDeadline));
  if (error == asio::error::operation_aborted) {
    return Error(Code::kCanceled, "context canceled");
  }
  if (error == asio::error::eof) return Error(Code::kUnavailable, "EOF");
  if (error.category() != boost::system::system_category()) {
    return Error(Code::kUnavailable, error.message());
  }
  error_code ignored;
  const std::string local = TextOf(stream.socket().local_endpoint(ignored));
  const std::string remote = TextOf(stream.socket().remote_endpoint(ignored));
  const std::string what(operation);
  return Error(Code::kUnavailable,
               what + " tcp " + local + "->" + remote + ": " + what + ": " + ErrnoText(error));
}

Awaitable<Result<>> Exchange(Stream& stream, std::span<char> buffer, const ExchangeRequest& request,
                             ClientResponse& response, ExchangeOutcome& outcome) {
  outcome = {};
  const IoCount sent = co_await stream.Write(request.head, request.body, Millis(0));
  // A server that refuses early may have answered already: what it says is read first.
  const error_code write_error = sent.error;
  if (write_error && stream.timed_out()) co_return NetworkError(stream, "write", write_error);

  std::optional<http::response_parser<AppendedBody>> parser;
  const auto renew = [&parser, &request, &response] {
    parser.emplace();
    parser->eager(true);
    parser->header_limit(kMaxResponseHeader);
    parser->skip(request.is_head);
    if (request.on_body != nullptr) {
      parser->body_limit(boost::none);
    } else {
      parser->body_limit(request.max_body_bytes);
    }
    parser->get().body() = std::move(response.body);
    parser->get().body().clear();
  };
  renew();
  std::size_t end = 0;  // buffer[0, end) is read and not parsed
  bool any = false;
  for (;;) {
    // What follows the header of a tunnel belongs to whoever speaks through it: none of it is read.
    const std::size_t most = request.tunnel ? 1 : buffer.size() - end;
    const IoCount got = co_await stream.ReadSome(buffer.subspan(end, most));
    end += got.bytes;
    any = any || got.bytes > 0;
    outcome.in_body = parser->is_header_done();
    if (got.error) {
      outcome.untouched = !any;
      if (got.error == asio::error::eof && any) {
        error_code error;
        if (parser->is_header_done()) parser->put_eof(error);
        if (!error && parser->is_done()) break;
        co_return Error(Code::kUnavailable, "unexpected EOF");
      }
      if (write_error) co_return NetworkError(stream, "write", write_error);
      co_return NetworkError(stream, "read", got.error);
    }
    error_code error;
    std::size_t used = 0;
    while (used < end && !parser->is_done()) {
      error = {};
      const std::size_t took = parser->put(asio::buffer(buffer.data() + used, end - used), error);
      used += took;
      if (error && error != http::error::need_more) break;
      if (parser->is_header_done() && parser->get().result_int() / 100 == 1) {
        response.body = std::move(parser->get().body());
        renew();
        continue;
      }
      if (request.tunnel && parser->is_header_done()) break;
      if (took == 0) break;
    }
    if (error && error != http::error::need_more) {
      if (error == http::error::body_limit) {
        outcome.in_body = true;
        co_return Error(Code::kInvalid, std::string(kBodyTooLarge));
      }
      if (parser->is_header_done()) {
        outcome.in_body = true;
        co_return Error(Code::kUnavailable, "invalid body: " + error.message());
      }
      const std::string_view first(buffer.data(), std::min<std::size_t>(end, 64));
      co_return Error(Code::kUnavailable,
                      "net/http: HTTP/1.x transport connection broken: "
                      "malformed HTTP response " +
                          Quote(first.substr(0, first.find_first_of("\r\n"))));
    }
    if (request.lease != nullptr && !request.lease->Hold(parser->get().body().size())) {
      outcome.in_body = true;
      co_return Error(Code::kUnavailable, std::string(kBodyMemory));
    }
    if (request.on_body != nullptr && parser->is_header_done()) {
      std::string& piece = parser->get().body();
      const bool go_on = piece.empty() || (*request.on_body)(piece);
      piece.clear();
      if (!go_on) break;
    }
    if (parser->is_done() || (request.tunnel && parser->is_header_done())) {
      outcome.reusable = used == end && parser->keep_alive();
      break;
    }
    std::memmove(buffer.data(), buffer.data() + used, end - used);
    end -= used;
    if (end == buffer.size()) {
      co_return Error(Code::kUnavailable, "net/http: server response headers exceeded " +
                                              std::to_string(buffer.size()) + " bytes; aborted");
    }
  }
  auto& message = parser->get();
  response.status = static_cast<int>(message.result_int());
  response.reason = std::string(message.reason());
  response.headers = {};
  for (const auto& field : message) {
    response.headers.Add(std::string(field.name_string()), std::string(field.value()));
  }
  response.body = std::move(message.body());
  outcome.reusable = outcome.reusable && !write_error;
  co_return Result<>();
}

}  // namespace meerkat::net
