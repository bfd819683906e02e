#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "tsdb/attic/attic.h"
#include "tsdb/compact/shelf.h"
#include "tsdb/database.h"
#include "tsdb/engine/figures.h"
#include "tsdb/engine/state.h"
#include "tsdb/head/head.h"
#include "tsdb/rocks/directory_lock.h"
#include "tsdb/rocks/store.h"

namespace meerkat::tsdb {

// The Database: wires store, index, head and shelf together, and keeps them in shape on a thread of
// its own. Nothing here knows how samples look.
class Engine : public Database {
 public:
  Engine(const Options& options, const Clock& clock, Registry& registry, Logger log,
         DirectoryLock lock, Store::Opened opened);
  ~Engine() override;

  // Loads what is on disk, replays the journal, starts the upkeep thread. Once, before all else.
  Result<> Start();

  std::unique_ptr<Source> NewSource() override;
  std::unique_ptr<Appender> NewAppender(Source* source) override;
  std::unique_ptr<Appender> NewBackfillAppender() override;
  Result<std::unique_ptr<Querier>> NewQuerier(TimeRange range) const override;
  Result<std::vector<SeriesExemplars>> Exemplars(
      TimeRange range, std::span<const std::vector<Matcher>> selectors) const override;
  std::vector<std::pair<std::string, Metadata>> MetricMetadata(
      std::string_view metric) const override;

  StateStore& state() override { return state_; }
  void Apply(const LiveOptions& live) override;
  CardinalityStats Cardinality(std::size_t limit) const override;
  TimeRange LabelRange(TimeRange range) const override;
  Result<> DeleteSeries(TimeRange range, std::span<const std::vector<Matcher>> selectors) override;
  Result<> CleanTombstones() override;
  Result<> Seal() override;
  Result<> Compact() override;
  Result<> Snapshot(const std::filesystem::path& target, bool skip_head) override;
  std::vector<BlockInfo> Blocks() const override;
  std::uint64_t DiskBytes() const override;
  Result<> Close() override;

 private:
  Result<> CheckFormat();
  Result<> LoadSeries();  // sets series_lost_
  std::vector<SeriesId> SelectAny(std::span<const std::vector<Matcher>> selectors) const;
  TimeRange HeadRange() const;  // min > max when the head is empty
  Timestamp Lowest() const;     // of all samples; kMaxTime: there is none
  void RegisterFigures();

  // On the committing thread: only decides whether the upkeep thread has something to do.
  void OnCommitted(const Head::Filling& filling);
  void SealSoon();
  void Wake();
  // The upkeep thread's loop, and its parts.
  void Upkeep();
  Result<> Merge();
  Result<> Retain();
  Result<> ForgetSeries();
  Result<> CoolSeries(std::span<const SeriesId> series, std::uint32_t begun);
  // The time that ages are counted from. A sample from the future must not make the past look too
  // old.
  Timestamp Newest() const;
  Millis LongestPart() const;
  LiveOptions live_options() const;

  const Options options_;
  const Clock& clock_;
  Registry& registry_;
  Logger log_;
  DirectoryLock lock_;
  std::unique_ptr<Store> store_;
  HeadMetrics metrics_;
  Index index_;
  LiveView live_;
  Shelf shelf_;
  Attic attic_;
  bool records_lost_ = false;  // what of the directory could not be read at the start
  bool series_lost_ = false;
  double replay_seconds_ = 0;  // of the start
  Summary& gc_seconds_;
  std::unique_ptr<Head> head_;
  State state_;
  mutable Mutex live_options_mu_;
  LiveOptions live_options_ GUARDED_BY(live_options_mu_);

  std::thread upkeep_;
  Mutex upkeep_mu_;
  std::condition_variable_any upkeep_due_;
  bool due_ GUARDED_BY(upkeep_mu_) = false;
  bool closed_ GUARDED_BY(upkeep_mu_) = false;
  std::atomic<bool> seal_due_{false};
  std::atomic<std::int64_t> opened_at_{0};  // when the open generation began, by the clock
  Figures figures_;                         // last: its functions look at all the others
};

}  // namespace meerkat::tsdb
