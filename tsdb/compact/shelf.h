#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "base/result.h"
#include "tsdb/compact/block_cache.h"
#include "tsdb/compact/merge.h"
#include "tsdb/compact/plan.h"
#include "tsdb/compact/seal.h"
#include "tsdb/head/head.h"
#include "tsdb/head/view.h"
#include "tsdb/rocks/store.h"

namespace meerkat::tsdb {

struct ShelfMetrics {
  explicit ShelfMetrics(Registry& registry);
  Counter& corruptions;
  Counter& merges;
  Counter& merges_failed;
  Counter& merges_triggered;
  BucketHistogram& merge_seconds;
  BucketHistogram& cleanup_seconds;
  Counter& time_retentions;
  Counter& size_retentions;
  Counter& seals;
  Counter& seals_failed;
  Counter& chunks_removed;
  Counter& vertical_merges;
  Counter& truncations;
  Summary& truncate_seconds;
};

// The parts on disk and their changes. Each change is one write to the meta family, after the files
// are in place: a crash before it leaves orphans, which the next start deletes; a crash after it
// leaves nothing to do. Threads: Load first; the changing functions
// exclude each other.
class Shelf {
 public:
  struct Options {
    std::filesystem::path scratch;  // a directory of its own for files in the making
    Millis partition = std::chrono::hours(2);
    std::uint64_t block_cache_bytes = 64 << 20;
  };
  Shelf(Options options, Store& store, LiveView& live, Registry& registry, Logger log);

  // Reads the list of parts and the tombstones into the view. `others`: numbers in the parts family
  // that belong to someone else. Files that nobody knows of are deleted, or taken in when records
  // are `lost`.
  Result<> Load(const std::vector<std::uint64_t>& others, bool lost);
  // A number that no part has or will have.
  std::uint64_t TakeNumber() { return next_part_.fetch_add(1); }
  // Where the journal of what is not in parts begins.
  std::uint64_t journal_start() const { return journal_start_.load(); }
  Timestamp max_time() const;
  // The newest generation that a deletion concerns; 0: there is none.
  std::uint64_t newest_deletion() const { return Stones()->newest_generation(); }

  // Seals the oldest closed generation; false when there is none. `record` saves, before the
  // journal of the generation goes, what nothing else holds.
  using Record = std::function<Result<>(const Generation&)>;
  Result<bool> SealOldest(const Record& record);
  // Does one merge that is due; false when there is none.
  Result<bool> MergeOne(const PlanInput& plan);
  // Merges all parts of each stretch of `longest` into one: the long-term form.
  Result<> MergeAll(Millis longest);
  struct Retention {
    Timestamp limit = kMinTime;  // parts whose newest sample is before it are too old
    std::uint64_t bytes = 0;     // of log and parts; 0: no limit
    struct Rule {
      std::vector<SeriesId> series;  // ascending
      Timestamp limit;
    };
    std::vector<Rule> rules;  // the first that names a series holds for it
  };
  // Deletes parts that are too old, and then the oldest until the rest fits.
  Result<> Retain(const Retention& retention);
  // Adds deletions to what readers leave out.
  Result<> AddTombstones(const Tombstones& added);
  // Rewrites the parts that hold deleted samples and forgets the tombstones. All generations the
  // stones concern must be sealed.
  Result<> CleanTombstones();

  // Makes a merge that runs, and later ones, end early with kCanceled.
  void Stop() { stopped_.store(true); }

  // Marks the series that parts hold.
  Result<> MarkSeries(std::vector<bool>& held) const;
  // One more than the greatest id of a series that parts hold.
  SeriesId NextSeries() const;
  // A range that holds all their samples in the parts; min > max when there are none.
  Result<TimeRange> RangeOf(const std::vector<bool>& series) const;

  // The newest sample of a series in the parts.
  std::optional<Head::Newest> NewestOf(SeriesId series) const;

  std::uint64_t bytes() const;                                               // of all parts
  double truncations() const { return metrics_.truncations.value(); }        // of the journal
  double chunks_removed() const { return metrics_.chunks_removed.value(); }  // from the head
  BlockCache& cache() { return cache_; }

 private:
  std::shared_ptr<const Part> MakePart(PartInfo info);
  void TellLost(const char* what, const Error& error);
  // Puts a part whose record is lost on record again; null when it is none.
  std::shared_ptr<const Part> Adopt(std::uint64_t number);
  std::vector<std::shared_ptr<const Part>> Parts() const;
  std::shared_ptr<const Tombstones> Stones() const;
  Result<> Ingest(const std::vector<SealedPart>& sealed);
  // Rewrites `parts` as one and puts it in their place.
  Result<> Rewrite(const std::vector<std::shared_ptr<const Part>>& parts,
                   std::function<bool(SeriesId)> keep) REQUIRES(change_mu_);
  Result<> PutTombstones(std::shared_ptr<const Tombstones> all) REQUIRES(stones_mu_);
  Result<> Drop(const std::vector<std::shared_ptr<const Part>>& parts) REQUIRES(change_mu_);
  // Replaces parts (and a closed generation) in the view and on disk at once.
  Result<> Swap(const std::vector<std::shared_ptr<const Part>>& out,
                const std::vector<SealedPart>& in, const Generation* sealed) REQUIRES(change_mu_);

  const Options options_;
  Store& store_;
  LiveView& live_;
  Logger log_;
  mutable BlockCache cache_;
  ShelfMetrics metrics_;
  Mutex change_mu_;
  Mutex stones_mu_;  // so that a deletion need not wait for a long merge
  // Parts with unreadable blocks: they are read as far as possible and never rewritten.
  std::set<std::uint64_t> damaged_ GUARDED_BY(change_mu_);
  std::atomic<bool> stopped_{false};
  std::atomic<std::uint64_t> next_part_{1};
  std::atomic<std::uint64_t> journal_start_{1};
};

}  // namespace meerkat::tsdb
