#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "tsdb/chunk/block.h"
#include "tsdb/compact/block_cache.h"
#include "tsdb/index/index.h"
#include "tsdb/rocks/store.h"

namespace meerkat::tsdb {

// What is known of a part without reading it; kept in the meta family.
struct PartInfo {
  std::uint64_t number = 0;  // never used twice; the prefix of its keys
  TimeRange range;
  std::uint64_t first_generation = 0;  // of the data in it
  std::uint64_t last_generation = 0;
  std::uint32_t level = 0;  // 0: a sealed generation; merged ones are higher
  std::uint64_t series = 0;
  std::uint64_t samples = 0;
  std::uint64_t blocks = 0;
  std::uint64_t bytes = 0;  // of its file

  std::string Encode() const;
  static Result<PartInfo> Decode(std::string_view bytes);
};

// Which block holds which series. Ids of neighbours are one run.
struct PartRun {
  SeriesId first;
  std::uint32_t count;
  std::uint32_t block;
};
// Time bounds of each block, and all runs by (block, first). Blocks of one column have the very
// same timestamps.
struct PartDirectory {
  struct InBlock {
    TimeRange range;
    std::uint32_t column;  // ascending from block to block
  };
  std::vector<InBlock> blocks;
  std::vector<PartRun> runs;

  std::string Encode() const;
  static Result<PartDirectory> Decode(std::string_view bytes);
};

// What the meta family says of a part, as far as its blocks tell it: of all generations the first,
// so that every deletion holds for it. For records that are lost.
struct RebuiltPart {
  PartInfo info;
  PartDirectory directory;
};
Result<RebuiltPart> RebuildPart(Store& store, std::uint64_t number);

std::string PartKey(std::uint64_t part, std::uint32_t block);
inline constexpr std::uint32_t kDirectoryBlock = 0xffffffff;  // no block: names the directory
std::string PartDirectoryKey(std::uint64_t part);             // in the meta family

// A sealed stretch of samples: blocks in one sorted file, immutable. When the last reader lets go
// of a dropped part, its keys are deleted. Threads: any.
class Part {
 public:
  // `damaged` hears of each block that cannot be read, once.
  using Damaged = std::function<void(const PartInfo&, std::uint32_t block, const Error&)>;
  Part(PartInfo info, Store& store, BlockCache& cache, Damaged damaged);
  ~Part();

  const PartInfo& info() const { return info_; }
  // The blocks' keys go when this object does.
  void Drop() const { dropped_.store(true); }

  // kCorruption when the directory itself is damaged: the part is then unreadable as a whole.
  Result<const PartDirectory*> Directory() const;
  // `keep`: in the cache, for readers who come again; upkeep passes through once.
  Result<std::shared_ptr<const CachedBlock>> ReadBlock(std::uint32_t block, bool keep = true) const;

  // Reads and checks every byte.
  Result<> Verify() const;

  struct Place {
    std::uint32_t series;  // index into the asked ids
    std::uint32_t block;
  };
  // Where the asked series (ascending ids) have blocks that overlap `range`, by block.
  Result<std::vector<Place>> Find(std::span<const SeriesId> ids, TimeRange range) const;

 private:
  const PartInfo info_;
  Store& store_;
  BlockCache& cache_;
  const Damaged damaged_;
  mutable std::atomic<bool> dropped_{false};
  mutable Mutex mu_;
  mutable std::unique_ptr<const PartDirectory> directory_ GUARDED_BY(mu_);
  mutable std::vector<std::uint32_t> told_ GUARDED_BY(mu_);  // damaged blocks already named
};

}  // namespace meerkat::tsdb
