#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/net/body_budget.h"
#include "server/net/compression.h"
#include "server/net/http.h"
#include "server/net/kept_part.h"

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

  bool has_more() const { return source != nullptr || !kept_.empty(); }
  // The next part into `body`, framed; false: that was all of it. An error: the response cannot be
  // completed, cut the connection.
  Result<bool> NextPart();
  // Makes all that is to come and keeps it, as small as it can be; the source goes. May run while
  // `body` is read, not together with NextPart. An error: as above, or `lease` has no room.
  Result<> Settle(BodyLease& lease);

 private:
  Result<bool> Make(std::string& framed);

  std::string piece_;
  std::vector<KeptPart> kept_;  // by Settle, the next one last; zstd where the body has no encoder
};

// Chooses coding and framing. `date` is the text of the Date field.
Outgoing Prepare(const Request& request, Response response, bool keep_alive, std::string date);

// "Mon, 02 Jan 2006 15:04:05 GMT" for a time in seconds since 1970.
std::string HttpDate(std::int64_t seconds);

void AppendChunk(std::string& out, std::string_view data);
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace meerkat::net
