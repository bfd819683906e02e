#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "server/net/compression.h"
#include "server/net/http.h"

// A response on its way into bytes; private to server/net. Pure computing, run on a pool.
namespace meerkat::net {

struct Outgoing {
  std::string head;                    // status line and fields, with the blank line
  std::string body;                    // the whole body or its first part, framed if chunked
  std::string_view static_body;        // instead of `body`
  std::unique_ptr<BodySource> source;  // more of it; null when all is there
  std::unique_ptr<Encoder> encoder;
  std::shared_ptr<PushStream> events;
  bool chunked = false;
  bool close = false;  // the connection ends with this response
  int status = 200;

  // The next part into `body`, framed; false: that was all of it. An error: the response cannot be
  // completed, cut the connection.
  Result<bool> NextPart();

 private:
  std::string piece_;
};

// Chooses coding and framing. `date` is the text of the Date field.
Outgoing Prepare(const Request& request, Response response, bool keep_alive, std::string date);

// "Mon, 02 Jan 2006 15:04:05 GMT" for a time in seconds since 1970.
std::string HttpDate(std::int64_t seconds);

void AppendChunk(std::string& out, std::string_view data);
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace meerkat::net
