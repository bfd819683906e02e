#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <unordered_map>

#include "base/mutex.h"
#include "tsdb/chunk/block.h"

namespace meerkat::tsdb {

struct CachedBlock {
  std::shared_ptr<const Block> block;
  // The block's time column; equal columns of one part are one object.
  std::shared_ptr<const Block::Times> times;
};

// Opened blocks, the least recently used ones leave when the budget is spent. A block that is asked
// for again is kept inflated from then on: reading 14 M samples by six queries inflated the same
// sections over and over for a seventh of their CPU time, to save a third of the cache. Threads:
// any.
class BlockCache {
 public:
  explicit BlockCache(std::uint64_t budget_bytes) : budget_(budget_bytes) {}

  std::shared_ptr<const CachedBlock> Find(std::uint64_t part, std::uint32_t block);
  // Puts it in and shares its time column with an equal one of the same part.
  std::shared_ptr<const CachedBlock> Insert(std::uint64_t part, std::uint32_t block,
                                            std::shared_ptr<const Block> opened);
  void Forget(std::uint64_t part);
  std::uint64_t bytes() const;

 private:
  struct Key {
    std::uint64_t part;
    std::uint32_t block;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const {
      return (key.part * 0x9e3779b97f4a7c15ULL + key.block) * 0xff51afd7ed558ccdULL;
    }
  };
  struct Entry {
    Key key;
    std::shared_ptr<const CachedBlock> block;
    std::uint64_t bytes;
    std::uint32_t uses = 0;
  };
  static std::uint64_t BytesOf(const Block& block) {
    return block.MemoryBytes() + sizeof(Entry) + sizeof(CachedBlock);
  }
  std::shared_ptr<const CachedBlock> Inflate(const Key& key,
                                             const std::shared_ptr<const CachedBlock>& found);
  void Evict() REQUIRES(mu_);

  const std::uint64_t budget_;
  mutable Mutex mu_;
  std::uint64_t bytes_ GUARDED_BY(mu_) = 0;
  std::list<Entry> entries_ GUARDED_BY(mu_);  // newest first
  std::unordered_map<Key, std::list<Entry>::iterator, KeyHash> by_key_ GUARDED_BY(mu_);
  // Time columns alive, by part and content.
  std::unordered_multimap<std::uint64_t, std::weak_ptr<const Block::Times>> times_ GUARDED_BY(mu_);
};

}  // namespace meerkat::tsdb
