#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

namespace meerkat::tsdb {

// Bytes of many growing strings, in chains of small pieces that never move: what was written once
// may be read without a lock while more is appended behind it.
// Threads: one writer; readers of what was written before they came by their Chain.
class Arena {
 public:
  static constexpr std::uint32_t kNone = 0xffffffff;

  struct Chain {
    std::uint32_t first = kNone;
    std::uint32_t last = kNone;
    std::uint32_t bytes = 0;
  };

  Arena() : slabs_(new std::unique_ptr<Piece[]>[kMaxSlabs]) {}

  // False when the arena is full (32 GB).
  bool Append(Chain& chain, const char* data, std::size_t size) {
    while (size > 0) {
      const std::uint32_t used = chain.bytes % kPayload;
      if (used == 0 && !Extend(chain)) return false;
      if (size <= kPayload - used) {
        // Tokens are a few bytes: a call costs more than copying them one by one.
        char* to = At(chain.last).bytes.data() + used;
        for (std::size_t i = 0; i < size; ++i) to[i] = data[i];
        chain.bytes += static_cast<std::uint32_t>(size);
        return true;
      }
      const std::size_t take = kPayload - used;
      std::memcpy(At(chain.last).bytes.data() + used, data, take);
      chain.bytes += static_cast<std::uint32_t>(take);
      data += take;
      size -= take;
    }
    return true;
  }

  // Fetches the chain's end without waiting for it.
  void Prefetch(const Chain& chain) const {
    if (chain.last != kNone) __builtin_prefetch(&At(chain.last), 1);
  }

  // The chain's bytes in one run.
  void Read(const Chain& chain, std::string& out) const {
    out.resize(chain.bytes);
    std::uint32_t piece = chain.first;
    for (std::size_t done = 0; done < chain.bytes;) {
      const Piece& at = At(piece);
      const std::size_t take = std::min<std::size_t>(kPayload, chain.bytes - done);
      std::memcpy(out.data() + done, at.bytes.data(), take);
      done += take;
      if (done < chain.bytes) piece = at.next;
    }
  }

  std::uint64_t MemoryBytes() const {
    return std::uint64_t{(next_ + kSlabPieces - 1) / kSlabPieces} * kSlabPieces * sizeof(Piece);
  }

 private:
  // 28 bytes: a constant series takes one piece, a busy one wastes 14 bytes on average.
  static constexpr std::uint32_t kPayload = 28;
  static constexpr std::uint32_t kSlabPieces = 4096;
  static constexpr std::uint32_t kMaxSlabs = 1 << 18;
  struct Piece {
    std::array<char, kPayload> bytes;
    std::uint32_t next;
  };

  Piece& At(std::uint32_t piece) const { return slabs_[piece / kSlabPieces][piece % kSlabPieces]; }

  bool Extend(Chain& chain) {
    if (next_ == kMaxSlabs * kSlabPieces) return false;
    if (next_ % kSlabPieces == 0) {
      slabs_[next_ / kSlabPieces].reset(new Piece[kSlabPieces]);  // not cleared: written first
    }
    if (chain.last == kNone) {
      chain.first = next_;
    } else {
      At(chain.last).next = next_;
    }
    chain.last = next_++;
    return true;
  }

  // The table of slabs never moves either; its untouched part costs nothing.
  std::unique_ptr<std::unique_ptr<Piece[]>[]> slabs_;
  std::uint32_t next_ = 0;
};

}  // namespace meerkat::tsdb
