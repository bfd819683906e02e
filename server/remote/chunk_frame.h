#pragma once

#include <cstdint>
#include <string>

#include "base/labels.h"
#include "tsdb/storage.h"

namespace meerkat::remote {

// The frames of a streamed remote read answer.
//   frame   := size: uvarint, crc32c of message: u32 big endian, message
//   message := ChunkedReadResponse{chunked_series = 1 {labels = 1, chunks = 2}, query_index = 2}
class ChunkFrames {
 public:
  explicit ChunkFrames(std::uint64_t max_bytes) : max_bytes_(max_bytes) {}

  // One series in as many frames as it needs, at least one chunk to a frame. Nothing for a series
  // without samples.
  void Append(std::string& out, const Labels& labels, const tsdb::SeriesColumns& columns,
              std::int64_t query_index);

 private:
  const std::uint64_t max_bytes_;
};

std::uint32_t Crc32c(std::string_view data);

}  // namespace meerkat::remote
