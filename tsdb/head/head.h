#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/mutex.h"
#include "tsdb/attic/attic.h"
#include "tsdb/database.h"
#include "tsdb/head/batch.h"
#include "tsdb/head/definitions.h"
#include "tsdb/head/exemplars.h"
#include "tsdb/head/head_metrics.h"
#include "tsdb/head/series_table.h"
#include "tsdb/head/view.h"
#include "tsdb/index/index.h"
#include "tsdb/rocks/store.h"
#include "tsdb/storage.h"

namespace meerkat::tsdb {

struct HeadOptions {
  bool sync_journal = false;
  Millis journal_window{0};                    // how long a leader waits for others to join
  Millis chunk_range = std::chrono::hours(2);  // half of it is how far behind the newest sample
                                               // a sample may be
  std::uint64_t series_limit = 0;
  SeriesId first_series = 1;               // no smaller id is given to a new series
  std::shared_ptr<ReplayProgress> replay;  // null: nobody asks
};

// Takes samples in: judges their order, journals them, makes them visible.
//
// Commits wait in a queue; the first in it leads. The leader stages all waiting batches (judges
// them again, writes their bytes, remembers how to undo), writes one entry to the journal, and only
// then applies them to the open generation. So a commit that returns success is in the journal,
// readers see whole batches, and a failed write leaves no trace.
//
// Threads: any. Lock order: commit_mu_, then the view's or the newest histograms'.
class Head {
 public:
  // The newest sample of a series in the parts, for a series that the head has not seen since the
  // start; nothing when there is none.
  struct Newest {
    std::int64_t time = 0;
    std::uint64_t value = 0;
    HistogramPtr histogram;
  };
  using LookUp = std::function<std::optional<Newest>(SeriesId)>;
  // Called by the committing thread after each group, with the open generation's figures.
  struct Filling {
    std::uint64_t samples;
    std::size_t series;
    TimeRange range;
  };
  using Committed = std::function<void(const Filling&)>;

  Head(const HeadOptions& options, const Clock& clock, Store& store, Index& index, Attic& attic,
       LiveView& live, HeadMetrics& metrics, LookUp look_up, Committed committed);
  ~Head();  // its appenders are gone

  // Applies the journal from `first` on. Entries that do not decode are counted, named in the log
  // and passed over. `parts_max`: the newest time in the parts; `deleted`: the newest generation
  // that a deletion concerns, which what comes now must not belong to.
  Result<> Replay(std::uint64_t first, Timestamp parts_max, std::uint64_t deleted,
                  const Logger& log);

  // `backfill`: takes samples of any age.
  std::unique_ptr<Appender> NewAppender(bool backfill = false);

  // Writes the labels that only the generation's journal holds to the series family.
  Result<> RecordSeries(const Generation& generation);

  // Ends the open generation and begins another. Null when the open one is empty.
  std::shared_ptr<const Generation> CloseGeneration();

  void set_out_of_order_window(Millis window) { out_of_order_window_.store(window.count()); }
  void Refuse() { refusing_.store(true); }  // from here on commits fail

  ExemplarRing& exemplars() { return exemplars_; }
  const ExemplarRing& exemplars() const { return exemplars_; }
  std::vector<std::pair<std::string, Metadata>> MetricMetadata(std::string_view metric) const;

  Slot* FindSlot(SeriesId series) const {  // null when it is not there
    Slot* slot = slots_.Find(series);
    if (slot == nullptr) return nullptr;
    const std::uint32_t state = slot->state.load(std::memory_order_acquire);
    return state == Slot::kUnused || state == Slot::kDead ? nullptr : slot;
  }
  // Of all samples ever, kMinTime when there is none; refusals start behind it.
  Timestamp max_time() const { return FromMillis(max_time_.load(std::memory_order_relaxed)); }

  // Forgetting series that have no samples left, in two steps: after the first, find out which
  // series hold none in generations and parts; the second passes over those that an appender has
  // touched meanwhile, or may touch. Returns how many were forgotten.
  std::uint32_t BeginForgetting();
  std::uint32_t newest_epoch() const { return epoch_.load(); }
  std::uint32_t OldestEpoch() const;  // of the living appenders
  Result<std::size_t> Forget(std::span<const SeriesId> series, std::uint32_t begun);
  // Instead of forgetting: sends series to the attic that have samples in the parts alone, all
  // within `range`.
  Result<std::size_t> Cool(std::span<const SeriesId> series, std::uint32_t begun, TimeRange range);
  // Whether the newest sample of a series is older than that, as far as the head knows: what it has
  // not seen since the start counts as if it had come just then.
  bool IsQuiet(SeriesId series, Timestamp since) const;

 private:
  friend class HeadAppender;
  struct Waiter {
    Batch* batch;
    bool done = false;
    Result<> result;
  };
  class Replayer;

  Result<> Commit(Batch& batch);
  // What a batch's samples are measured by, fixed when the batch begins.
  struct Bounds {
    static constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::min();
    std::int64_t min_valid = kNone;
    std::int64_t head_max = kNone;  // kNone: any age is within the out-of-order window
    bool backfill = false;          // history: whatever age
  };
  // The order of one sample; kNone: goes in, `loose` says where; `drop`: it is there already.
  struct Verdict {
    Refusal refusal = Refusal::kNone;
    bool loose = false;
    bool drop = false;
  };
  // `newest`: of the series within the batch so far, or null.
  Verdict Judge(Slot& slot, SeriesId series, std::int64_t time, std::uint64_t value,
                const HistogramPtr& histogram, const Bounds& bounds, const Newest* newest);
  bool SameAsLast(const Slot& slot, SeriesId series, std::uint64_t value,
                  const HistogramPtr& histogram) const;
  // The newest sample of the series when it is a histogram, else null.
  HistogramPtr NewestHistogram(const Slot& slot, SeriesId series) const;
  void Count(Refusal refusal, bool histogram);
  // Series that had to be made are noted in `batch`.
  SeriesRef Resolve(const Labels& labels, std::uint32_t epoch, Batch& batch);
  // False: the series is dead.
  static bool Touch(Slot& slot, std::uint32_t epoch) {
    std::uint32_t state = slot.state.load(std::memory_order_acquire);
    while (state != Slot::kDead) {
      if (state >= epoch || slot.state.compare_exchange_weak(state, epoch)) return true;
    }
    return false;
  }
  // Lets a series come back from the attic with the id it had; nothing when it is not there.
  void Revive(const Labels& labels, std::uint32_t epoch);
  std::vector<SeriesId> Claim(std::span<const SeriesId> series, std::uint32_t begun)
      REQUIRES(forget_mu_);
  void GiveBack(std::span<const SeriesId> claimed);
  void LetGo(std::span<const SeriesId> claimed, std::uint32_t begun) REQUIRES(forget_mu_);
  // Whether the head knows nothing of the series' newest sample, and the parts may have one that is
  // not older than `time`.
  bool MustLookUp(const Slot& slot, std::int64_t time, const Bounds& bounds) const;
  void LookUpNewest(Slot& slot, SeriesId series) EXCLUDES(commit_mu_);
  std::int64_t MinValid() const;

  void Lead(std::vector<Waiter*>& group) REQUIRES(commit_mu_);
  void Stage(Batch& batch, StoreBatch& changes) REQUIRES(commit_mu_);
  void StageSample(const Batch& batch, const Batch::Sample& sample) REQUIRES(commit_mu_);
  void StageLoose(const Batch& batch, const Batch::Sample& sample) REQUIRES(commit_mu_);
  bool IsRestart(const StagedSample& first) const REQUIRES(commit_mu_);
  void DefineAgain(std::span<const StagedSample> staged) REQUIRES(commit_mu_);
  void Define(const Batch& batch, SeriesId series) REQUIRES(commit_mu_);
  void TakeBack() REQUIRES(commit_mu_);
  void ApplyStaged(std::span<Waiter*> group) REQUIRES(commit_mu_);

  const HeadOptions options_;
  const Clock& clock_;
  Store& store_;
  Index& index_;
  Attic& attic_;
  LiveView& live_;
  HeadMetrics& metrics_;
  const LookUp look_up_;
  const Committed committed_;
  SeriesTable slots_;
  ExemplarRing exemplars_;

  std::atomic<std::int64_t> max_time_{std::numeric_limits<std::int64_t>::min()};
  // What is newer is newer than all samples in parts of series that the head knows no time of.
  std::atomic<std::int64_t> parts_max_{std::numeric_limits<std::int64_t>::min()};
  std::int64_t max_at_start_ = std::numeric_limits<std::int64_t>::min();
  std::atomic<std::int64_t> out_of_order_window_{0};
  std::atomic<bool> refusing_{false};
  std::atomic<std::uint32_t> next_series_{1};
  SeriesId first_fresh_ = 1;  // smaller ids were in the series family at the start

  // Epochs: an appender stamps each series it touches with the epoch it was made in; a series can
  // be forgotten when its stamp is older than every living appender, and pages of forgotten series
  // are freed when the appenders of their time are gone.
  std::atomic<std::uint32_t> epoch_{1};
  mutable Mutex appenders_mu_;
  std::multiset<std::uint32_t> appender_epochs_ GUARDED_BY(appenders_mu_);
  std::uint16_t last_tag_ GUARDED_BY(appenders_mu_) = 0;
  // Of appenders that are done, for those to come: allocating them anew each scrape costs more than
  // filling them.
  struct Buffers {
    Batch batch;
    NewestInBatch newest;
  };
  std::vector<Buffers> spare_buffers_ GUARDED_BY(appenders_mu_);
  Mutex forget_mu_;
  // Ids below were given out by appenders that are gone.
  SeriesId settled_ GUARDED_BY(forget_mu_) = 0;
  std::pair<std::uint32_t, SeriesId> unsettled_ GUARDED_BY(forget_mu_);  // epoch, next id then
  std::vector<std::pair<std::uint32_t, std::unique_ptr<SeriesTable::Page>>> retired_
      GUARDED_BY(forget_mu_);

  Mutex queue_mu_;
  std::condition_variable_any queue_changed_;
  std::deque<Waiter*> queue_ GUARDED_BY(queue_mu_);

  Mutex commit_mu_;
  std::uint64_t next_sequence_ GUARDED_BY(commit_mu_) = 1;
  bool first_of_generation_ GUARDED_BY(commit_mu_) = true;
  std::uint64_t first_sequence_ GUARDED_BY(commit_mu_) = 1;  // of the open generation
  std::uint32_t base_ GUARDED_BY(commit_mu_) = 1;            // the open generation, for Slot::base
  // Of the group being committed; kept for their memory.
  std::vector<StagedSample> staged_ GUARDED_BY(commit_mu_);
  std::vector<std::size_t> batch_ends_ GUARDED_BY(commit_mu_);  // of each batch in staged_
  std::string tokens_ GUARDED_BY(commit_mu_);                   // longer than what is written to it
  std::size_t token_bytes_ GUARDED_BY(commit_mu_) = 0;
  std::string entry_ GUARDED_BY(commit_mu_);
  std::vector<Definition> definitions_ GUARDED_BY(commit_mu_);  // of the whole group
  std::unordered_map<SeriesId, HistogramPtr> last_histograms_ GUARDED_BY(histograms_mu_);
  mutable Mutex histograms_mu_;

  mutable Mutex metadata_mu_;
  std::map<std::string, Metadata, std::less<>> metadata_ GUARDED_BY(metadata_mu_);
};

}  // namespace meerkat::tsdb
