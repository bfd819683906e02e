#include "server/remote/snappy_body.h"

#include <snappy.h>

namespace meerkat::remote {
namespace {

// One copy element of three bytes gives at most 64: no block is denser.
constexpr std::uint64_t kMaxRatio = 64;

}  // namespace

Result<std::string_view> Unsnappy(std::string_view body, std::string& buffer, std::uint64_t limit) {
  std::size_t length = 0;
  if (!snappy::GetUncompressedLength(body.data(), body.size(), &length)) {
    return Error(Code::kInvalid, "snappy: corrupt input");
  }
  if (length > limit) {
    return Error(Code::kInvalid, "snappy: decoded length " + std::to_string(length) +
                                     " exceeds limit " + std::to_string(limit));
  }
  if (length > body.size() * kMaxRatio) return Error(Code::kInvalid, "snappy: corrupt input");
  if (buffer.size() < length) buffer.resize(length);
  if (!snappy::RawUncompress(body.data(), body.size(), buffer.data())) {
    return Error(Code::kInvalid, "snappy: corrupt input");
  }
  return std::string_view(buffer.data(), length);
}

std::string Snappy(std::string_view data) {
  std::string out;
  snappy::Compress(data.data(), data.size(), &out);
  return out;
}

}  // namespace meerkat::remote
