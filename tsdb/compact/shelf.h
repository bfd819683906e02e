#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "base/result.h"
#include "tsdb/compact/block_cache.h"
#include "tsdb/compact/seal.h"
#include "tsdb/head/head.h"
#include "tsdb/head/view.h"
#include "tsdb/rocks/store.h"

namespace meerkat::tsdb {

// The parts on disk and their changes. Each change is one write to the meta family, after the files
// are in place: a crash before it leaves orphans, which the next start deletes; a crash after it
// leaves nothing to do. Threads: Load first; the changing functions exclude each other.
class Shelf {
 public:
  struct Options {
    std::filesystem::path scratch;  // a directory of its own for files in the making
    Millis partition = std::chrono::hours(2);
    std::uint64_t block_cache_bytes = 64 << 20;
  };
  Shelf(Options options, Store& store, LiveView& live, Registry& registry, Logger log);

  // Reads the list of parts and the tombstones into the view, deletes orphans.
  Result<> Load();
  // Where the journal of what is not in parts begins.
  std::uint64_t journal_start() const { return journal_start_.load(); }
  Timestamp max_time() const;

  // Seals the oldest closed generation; false when there is none.
  Result<bool> SealOldest();
  // Adds deletions to what readers leave out.
  Result<> AddTombstones(const Tombstones& added);

  // The newest sample of a series in the parts.
  std::optional<Head::Newest> NewestOf(SeriesId series) const;

  std::uint64_t bytes() const;  // of all parts
  BlockCache& cache() { return cache_; }

 private:
  std::shared_ptr<const Part> MakePart(PartInfo info);
  Result<> Ingest(std::vector<SealedPart>& sealed);
  // Replaces parts (and a closed generation) in the view and on disk at once.
  Result<> Swap(const std::vector<std::shared_ptr<const Part>>& out,
                const std::vector<SealedPart>& in, const Generation* sealed) REQUIRES(change_mu_);

  const Options options_;
  Store& store_;
  LiveView& live_;
  Logger log_;
  mutable BlockCache cache_;
  Counter& corruptions_;
  Mutex change_mu_;
  std::atomic<std::uint64_t> next_part_{1};
  std::atomic<std::uint64_t> journal_start_{1};
};

}  // namespace meerkat::tsdb
