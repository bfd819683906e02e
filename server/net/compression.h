#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace meerkat::net {

// Content codings this server and client speak. `deflate` is the zlib format, as HTTP means it.
enum class Encoding : std::uint8_t { kIdentity, kGzip, kDeflate, kZstd, kBrotli };

std::string_view NameOf(Encoding encoding);  // "gzip"; "" for identity

// The coding to answer with: of those the client takes with the highest q, zstd before gzip before
// br before deflate.
Encoding ChooseEncoding(std::string_view accept_encoding);
// True when an Accept-Encoding header takes `encoding`.
bool Accepts(std::string_view accept_encoding, Encoding encoding);

// Compresses at once: for bodies that are whole in memory.
std::string Compress(Encoding encoding, std::string_view data);

// Compresses piece by piece. Threads: one at a time.
class Encoder {
 public:
  static std::unique_ptr<Encoder> Make(Encoding encoding);
  virtual ~Encoder() = default;
  // Appends to `out`. What a piece gave is flushed with it, so that the client sees it; `last`
  // ends the stream.
  virtual void Add(std::string_view piece, bool last, std::string& out) = 0;
};

// Undoes a Content-Encoding: identity, gzip, deflate or zstd (x-gzip too). "body size limit
// exceeded" as soon as more than `max_bytes` would come out; memory grows with what really comes
// out, never with what a header promises. `buffer` lends its capacity to the result.
Result<std::string> Decompress(std::string_view content_encoding, std::string_view data,
                               std::uint64_t max_bytes, std::string buffer = {});

}  // namespace meerkat::net
