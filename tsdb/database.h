#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/result.h"
#include "base/state_store.h"
#include "tsdb/storage.h"

namespace meerkat::tsdb {

struct RetentionRule {  // beyond upstream: other retention for what a selector names
  std::vector<Matcher> matchers;
  Millis time{};
};

// What a reload may change.
struct LiveOptions {
  Millis retention_time = std::chrono::hours(24 * 15);  // 0: for ever
  std::uint64_t retention_bytes = 0;                    // 0: no limit
  double retention_percentage = 0;                      // of the disk; 0: no limit
  std::vector<RetentionRule> retention_rules;
  Millis out_of_order_window{0};
  std::int64_t max_exemplars = 100000;  // 0: exemplars off
};

// How far the journal is replayed, in entries: from `min` to `max`, `current` the newest that was.
// Threads: any.
struct ReplayProgress {
  std::atomic<std::int64_t> min{0}, max{0}, current{0};
};

struct Options {
  std::filesystem::path path = "data";
  bool lock_file = true;
  bool sync_journal = false;  // survive power loss, at the cost of an fsync per group
  Millis journal_window{0};   // 0: each commit is written at once
  Millis partition = std::chrono::hours(2);
  std::uint64_t block_cache_bytes = 64 << 20;
  std::uint64_t series_limit = 0;  // 0: no limit
  LiveOptions live;
  std::shared_ptr<ReplayProgress> replay;  // told while opening; null: nobody asks
};

// The database: a Storage, a StateStore, and the upkeep of both. One process per directory.
// Threads: every method, from any thread. Background work runs on a thread of its own.
class Database : public Storage {
 public:
  // Opens or makes the directory, replays the journal. One clear error for: locked by another
  // process, not writable, made by a newer version, corrupt beyond what can be set aside. `clock`
  // tells the time for retention and sealing; clock, registry and log outlive the database.
  static Result<std::unique_ptr<Database>> Open(const Options& options, const Clock& clock,
                                                Registry& registry, Logger log);

  // For history: samples of any age are taken, in any order. What is there already stays as it is.
  // Cheap when each series is given in time order and batches run over a stretch of time together.
  virtual std::unique_ptr<Appender> NewBackfillAppender() = 0;

  virtual StateStore& state() = 0;
  virtual void Apply(const LiveOptions& live) = 0;

  virtual CardinalityStats Cardinality(std::size_t limit) const = 0;
  // The stretches of time that a range touches, whole, as upstream lists label names and values:
  // of what it holds in memory (the last one to three hours) all when any of it is touched, and of
  // what is older two hours each.
  virtual TimeRange LabelRange(TimeRange range) const = 0;
  // Deletes samples of matching series within the range, at once for readers, on disk at the next
  // clean-up.
  virtual Result<> DeleteSeries(TimeRange range,
                                std::span<const std::vector<Matcher>> selectors) = 0;
  virtual Result<> CleanTombstones() = 0;
  // Writes what is in memory to blocks now; it happens by itself from time to time.
  virtual Result<> Seal() = 0;
  // Seals, and joins blocks to the form they would have in the long run.
  virtual Result<> Compact() = 0;
  // A directory that opens as a data directory. With skip_head, without what is not sealed yet.
  virtual Result<> Snapshot(const std::filesystem::path& target, bool skip_head) = 0;

  struct BlockInfo {
    std::string id;
    TimeRange range;
    std::uint64_t series = 0, samples = 0, chunks = 0, bytes = 0;
  };
  virtual std::vector<BlockInfo> Blocks() const = 0;
  virtual std::uint64_t DiskBytes() const = 0;

  // Flushes and stops background work; appends are refused from here on.
  virtual Result<> Close() = 0;
};

}  // namespace meerkat::tsdb
