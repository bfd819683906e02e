#include "server/net/compression.h"

#include <brotli/encode.h>
#include <libdeflate.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>

#include "base/quote.h"
#include "base/trim.h"
#include "server/net/http.h"

namespace meerkat::net {
namespace {

// Level 1 of libdeflate compresses JSON about as well as zlib's 6 at a quarter of the CPU.
constexpr int kDeflateLevel = 1;
constexpr int kZlibLevel = 1;
constexpr int kZstdLevel = 1;
constexpr int kBrotliQuality = 3;
// No deflate stream is denser than 1032 to 1, so no header can make us reserve more than that.
constexpr std::uint64_t kMaxDeflateRatio = 1032;

struct FreeCompressor {
  void operator()(libdeflate_compressor* p) const { libdeflate_free_compressor(p); }
};
struct FreeDecompressor {
  void operator()(libdeflate_decompressor* p) const { libdeflate_free_decompressor(p); }
};

class ZlibEncoder : public Encoder {
 public:
  explicit ZlibEncoder(bool gzip) {
    deflateInit2(&stream_, kZlibLevel, Z_DEFLATED, gzip ? 15 + 16 : 15, 8, Z_DEFAULT_STRATEGY);
  }
  ~ZlibEncoder() override { deflateEnd(&stream_); }

  void Add(std::string_view piece, bool last, std::string& out) override {
    std::array<unsigned char, 16384> room;
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
    stream_.avail_in = static_cast<uInt>(piece.size());
    do {
      stream_.next_out = room.data();
      stream_.avail_out = static_cast<uInt>(room.size());
      deflate(&stream_, last ? Z_FINISH : Z_SYNC_FLUSH);
      out.append(reinterpret_cast<char*>(room.data()), room.size() - stream_.avail_out);
    } while (stream_.avail_out == 0);
  }

 private:
  z_stream stream_{};
};

class ZstdEncoder : public Encoder {
 public:
  ZstdEncoder() : context_(ZSTD_createCCtx()) {
    ZSTD_CCtx_setParameter(context_, ZSTD_c_compressionLevel, kZstdLevel);
  }
  ~ZstdEncoder() override { ZSTD_freeCCtx(context_); }

  void Add(std::string_view piece, bool last, std::string& out) override {
    std::array<char, 16384> room;
    ZSTD_inBuffer in{piece.data(), piece.size(), 0};
    std::size_t left = 0;
    do {
      ZSTD_outBuffer to{room.data(), room.size(), 0};
      left = ZSTD_compressStream2(context_, &to, &in, last ? ZSTD_e_end : ZSTD_e_flush);
      out.append(room.data(), to.pos);
    } while (left != 0 && ZSTD_isError(left) == 0);
  }

 private:
  ZSTD_CCtx* context_;
};

class BrotliEncoder : public Encoder {
 public:
  BrotliEncoder() : state_(BrotliEncoderCreateInstance(nullptr, nullptr, nullptr)) {
    BrotliEncoderSetParameter(state_, BROTLI_PARAM_QUALITY, kBrotliQuality);
  }
  ~BrotliEncoder() override { BrotliEncoderDestroyInstance(state_); }

  void Add(std::string_view piece, bool last, std::string& out) override {
    std::size_t left = piece.size();
    const auto* next = reinterpret_cast<const std::uint8_t*>(piece.data());
    const auto operation = last ? BROTLI_OPERATION_FINISH : BROTLI_OPERATION_FLUSH;
    do {
      std::size_t none = 0;
      if (BrotliEncoderCompressStream(state_, operation, &left, &next, &none, nullptr, nullptr) ==
          BROTLI_FALSE) {
        return;
      }
      std::size_t size = 0;
      const std::uint8_t* made = BrotliEncoderTakeOutput(state_, &size);
      out.append(reinterpret_cast<const char*>(made), size);
    } while (left != 0 || BrotliEncoderHasMoreOutput(state_) == BROTLI_TRUE);
  }

 private:
  BrotliEncoderState* state_;
};

// The q of `encoding` in an Accept-Encoding header; 0 when it is not taken.
double QualityOf(std::string_view header, std::string_view name) {
  double star = 0;
  while (!header.empty()) {
    const auto comma = header.find(',');
    std::string_view item = header.substr(0, comma);
    header = comma == std::string_view::npos ? std::string_view() : header.substr(comma + 1);
    double quality = 1;
    if (const auto semicolon = item.find(';'); semicolon != std::string_view::npos) {
      const std::string_view parameter = Trim(item.substr(semicolon + 1));
      if (parameter.starts_with("q=") || parameter.starts_with("Q=")) {
        quality = std::strtod(std::string(parameter.substr(2)).c_str(), nullptr);
      }
      item = item.substr(0, semicolon);
    }
    item = Trim(item);
    if (EqualsIgnoreCase(item, name)) return quality;
    if (item == "*") star = quality;
  }
  // A bare '*' promises nothing about a special coding; only gzip is taken for granted.
  return name == "gzip" ? star : 0;
}

Error TooLarge() {
  return Error(Code::kInvalid, "body size limit exceeded");
}

Result<std::string> InflateAll(std::string_view data, bool gzip, std::uint64_t max_bytes,
                               std::string out) {
  thread_local const std::unique_ptr<libdeflate_decompressor, FreeDecompressor> decompressor(
      libdeflate_alloc_decompressor());
  out.clear();
  const std::uint64_t densest = data.size() * kMaxDeflateRatio + 64;
  const std::uint64_t ceiling = std::min(max_bytes + 1, densest);
  std::uint64_t room = std::min<std::uint64_t>(ceiling, data.size() * 8 + 1024);
  if (gzip && data.size() >= 4) {
    std::uint32_t promised = 0;  // ISIZE, little endian: right for all but giants
    std::memcpy(&promised, data.data() + data.size() - 4, 4);
    // Believed up to 16 times the input; what is denser grows step by step.
    if (promised <= data.size() * 16) room = std::min<std::uint64_t>(ceiling, promised + 1ULL);
  }
  std::size_t done = 0;
  bool raw = false;
  for (;;) {
    out.resize(done + room);
    std::size_t taken = 0;
    std::size_t made = 0;
    const auto result =
        gzip  ? libdeflate_gzip_decompress_ex(decompressor.get(), data.data(), data.size(),
                                              out.data() + done, room, &taken, &made)
        : raw ? libdeflate_deflate_decompress_ex(decompressor.get(), data.data(), data.size(),
                                                 out.data() + done, room, &taken, &made)
              : libdeflate_zlib_decompress_ex(decompressor.get(), data.data(), data.size(),
                                              out.data() + done, room, &taken, &made);
    if (result == LIBDEFLATE_INSUFFICIENT_SPACE) {
      if (done + room > max_bytes) return TooLarge();
      const std::uint64_t larger = std::min<std::uint64_t>(room * 2, max_bytes + 1 - done);
      if (larger <= room) return TooLarge();
      room = larger;
      continue;
    }
    if (result != LIBDEFLATE_SUCCESS) {
      if (!gzip && !raw) {  // some servers mean bare deflate
        raw = true;
        continue;
      }
      return Error(Code::kUnavailable,
                   gzip ? "gzip: invalid header or checksum" : "flate: corrupt input");
    }
    done += made;
    if (done > max_bytes) return TooLarge();
    data.remove_prefix(taken);
    if (!gzip || data.empty()) break;  // gzip members may follow one another
    room = std::min<std::uint64_t>(max_bytes + 1 - done, data.size() * 8 + 1024);
  }
  out.resize(done);
  return out;
}

Result<std::string> UnzstdAll(std::string_view data, std::uint64_t max_bytes, std::string out) {
  struct Free {
    void operator()(ZSTD_DCtx* p) const { ZSTD_freeDCtx(p); }
  };
  const std::unique_ptr<ZSTD_DCtx, Free> context(ZSTD_createDCtx());
  // A window of 8 MiB is what RFC 9659 lets an HTTP sender ask for.
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, 23);
  out.clear();
  ZSTD_inBuffer in{data.data(), data.size(), 0};
  std::array<char, 65536> room;
  std::size_t state = 1;
  while (in.pos < in.size || state != 0) {
    ZSTD_outBuffer to{room.data(), room.size(), 0};
    const std::size_t before = in.pos;
    state = ZSTD_decompressStream(context.get(), &to, &in);
    if (ZSTD_isError(state) != 0) {
      return Error(Code::kUnavailable, std::string("zstd: ") + ZSTD_getErrorName(state));
    }
    if (out.size() + to.pos > max_bytes) return TooLarge();
    out.append(room.data(), to.pos);
    if (in.pos == before && to.pos == 0) break;
  }
  if (state != 0) return Error(Code::kUnavailable, "unexpected EOF");
  return out;
}

}  // namespace

std::string_view NameOf(Encoding encoding) {
  switch (encoding) {
    case Encoding::kGzip:
      return "gzip";
    case Encoding::kDeflate:
      return "deflate";
    case Encoding::kZstd:
      return "zstd";
    case Encoding::kBrotli:
      return "br";
    case Encoding::kIdentity:
      break;
  }
  return "";
}

Encoding ChooseEncoding(std::string_view accept_encoding) {
  Encoding best = Encoding::kIdentity;
  if (accept_encoding.empty()) return best;
  double best_quality = 0;
  for (const Encoding candidate :
       {Encoding::kZstd, Encoding::kGzip, Encoding::kBrotli, Encoding::kDeflate}) {
    const double quality = QualityOf(accept_encoding, NameOf(candidate));
    if (quality > best_quality) {
      best = candidate;
      best_quality = quality;
    }
  }
  return best;
}

bool Accepts(std::string_view accept_encoding, Encoding encoding) {
  return QualityOf(accept_encoding, NameOf(encoding)) > 0;
}

std::string Compress(Encoding encoding, std::string_view data) {
  std::string out;
  if (encoding == Encoding::kGzip || encoding == Encoding::kDeflate) {
    thread_local const std::unique_ptr<libdeflate_compressor, FreeCompressor> compressor(
        libdeflate_alloc_compressor(kDeflateLevel));
    const bool gzip = encoding == Encoding::kGzip;
    out.resize(gzip ? libdeflate_gzip_compress_bound(compressor.get(), data.size())
                    : libdeflate_zlib_compress_bound(compressor.get(), data.size()));
    out.resize(gzip ? libdeflate_gzip_compress(compressor.get(), data.data(), data.size(),
                                               out.data(), out.size())
                    : libdeflate_zlib_compress(compressor.get(), data.data(), data.size(),
                                               out.data(), out.size()));
    return out;
  }
  if (encoding == Encoding::kIdentity) return std::string(data);
  Encoder::Make(encoding)->Add(data, true, out);
  return out;
}

std::unique_ptr<Encoder> Encoder::Make(Encoding encoding) {
  switch (encoding) {
    case Encoding::kGzip:
      return std::make_unique<ZlibEncoder>(true);
    case Encoding::kDeflate:
      return std::make_unique<ZlibEncoder>(false);
    case Encoding::kZstd:
      return std::make_unique<ZstdEncoder>();
    case Encoding::kBrotli:
      return std::make_unique<BrotliEncoder>();
    case Encoding::kIdentity:
      break;
  }
  return nullptr;
}

Result<std::string> Decompress(std::string_view content_encoding, std::string_view data,
                               std::uint64_t max_bytes, std::string buffer) {
  if (content_encoding.empty() || EqualsIgnoreCase(content_encoding, "identity")) {
    if (data.size() > max_bytes) return TooLarge();
    buffer.assign(data);
    return buffer;
  }
  if (EqualsIgnoreCase(content_encoding, "gzip") || EqualsIgnoreCase(content_encoding, "x-gzip")) {
    return InflateAll(data, true, max_bytes, std::move(buffer));
  }
  if (EqualsIgnoreCase(content_encoding, "deflate")) {
    return InflateAll(data, false, max_bytes, std::move(buffer));
  }
  if (EqualsIgnoreCase(content_encoding, "zstd")) {
    return UnzstdAll(data, max_bytes, std::move(buffer));
  }
  return Error(Code::kInvalid, "unsupported content encoding " + Quote(content_encoding));
}

}  // namespace meerkat::net
