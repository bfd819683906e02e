#include "tsdb/chunk/frame.h"

#define XXH_INLINE_ALL
#include <xxhash.h>
#include <zstd.h>

#include <cassert>
#include <new>

namespace meerkat::tsdb {

std::uint32_t Checksum(std::string_view bytes) {
  return static_cast<std::uint32_t>(XXH3_64bits(bytes.data(), bytes.size()));
}

struct Compressor::Context {
  Context() : zstd(ZSTD_createCCtx()) {
    if (zstd == nullptr) throw std::bad_alloc();
  }
  ~Context() { ZSTD_freeCCtx(zstd); }
  ZSTD_CCtx* zstd;
};

Compressor::Compressor() = default;
Compressor::~Compressor() = default;

void Compressor::Compress(std::string_view bytes, int level, std::string& out) {
  if (context_ == nullptr) context_ = std::make_unique<Context>();
  const std::size_t begin = out.size();
  out.resize(begin + ZSTD_compressBound(bytes.size()));
  const std::size_t size = ZSTD_compressCCtx(context_->zstd, out.data() + begin, out.size() - begin,
                                             bytes.data(), bytes.size(), level);
  assert(ZSTD_isError(size) == 0);  // the room was asked for; nothing else can fail
  out.resize(begin + size);
}

struct Decompressor::Context {
  Context() : zstd(ZSTD_createDCtx()) {
    if (zstd == nullptr) throw std::bad_alloc();
  }
  ~Context() { ZSTD_freeDCtx(zstd); }
  ZSTD_DCtx* zstd;
};

Decompressor::Decompressor() = default;
Decompressor::~Decompressor() = default;

bool Decompressor::Decompress(std::string_view frame, std::size_t size, std::string& bytes) {
  if (context_ == nullptr) context_ = std::make_unique<Context>();
  bytes.resize(size);
  const std::size_t written =
      ZSTD_decompressDCtx(context_->zstd, bytes.data(), size, frame.data(), frame.size());
  return ZSTD_isError(written) == 0 && written == size;
}

}  // namespace meerkat::tsdb
