#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

// What frames share: checksums and zstd. The only room here that knows both libraries.
namespace meerkat::tsdb {

// The low half of XXH3's 64 bits.
std::uint32_t Checksum(std::string_view bytes);

// Keeps zstd's working memory from one call to the next. Threads: one at a time.
class Compressor {
 public:
  Compressor();
  ~Compressor();
  // Appends the frame to `out`.
  void Compress(std::string_view bytes, int level, std::string& out);

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

class Decompressor {
 public:
  Decompressor();
  ~Decompressor();
  // Fills exactly `size` bytes, else false.
  bool Decompress(std::string_view frame, std::size_t size, std::string& bytes);

 private:
  struct Context;
  std::unique_ptr<Context> context_;  // made at first need
};

}  // namespace meerkat::tsdb
