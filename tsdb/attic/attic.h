#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/matcher.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "base/result.h"
#include "tsdb/attic/segment.h"
#include "tsdb/index/postings.h"
#include "tsdb/rocks/store.h"

namespace meerkat::tsdb {

// A segment as it is known without looking into it; kept in the meta family. Immutable.
struct AtticEntry {
  std::shared_ptr<const Segment> segment;
  TimeRange range;                            // all samples of its series lie within
  std::shared_ptr<const Postings> gone;       // forgotten series; never null
  std::shared_ptr<const Postings> ids;        // of all rows
  std::shared_ptr<const LabelFilter> filter;  // null: nobody has asked for labels lately
};

// What lay in the attic at one moment and may have samples in a range. Series that came back to
// life are among it, too. Threads: one at a time.
class AtticView {
 public:
  struct Found {
    SeriesId id;
    std::uint32_t segment;  // index into the view's segments
    std::uint32_t row;
  };
  explicit AtticView(std::vector<AtticEntry> entries) : entries_(std::move(entries)) {}

  bool empty() const { return entries_.empty(); }
  const std::vector<AtticEntry>& entries() const& { return entries_; }
  // `for (… : View(range).entries())` would outlive its view.
  const std::vector<AtticEntry>& entries() && = delete;
  // By id. What cannot be read has been told and is left out.
  Result<std::vector<Found>> Select(std::span<const Matcher> matchers, Interrupt& interrupt) const;
  // The same of one segment.
  Result<std::vector<Found>> SelectIn(std::uint32_t segment, std::span<const Matcher> matchers,
                                      Interrupt& interrupt) const;
  // Calls visit(index into `found`, labels), in no order; not for unreadable ones.
  using Visit = std::function<void(std::size_t, const LabelRows&)>;
  void ForEach(std::span<const Found> found, const Visit& visit) const;

 private:
  std::vector<AtticEntry> entries_;
};

// The home of cold series: those that have samples in parts, but none in the head and got none for
// a while. Their labels and postings lie in segments on disk; memory keeps one or two bits of their
// ids for each and, while new series come, ten bits of filter. A series that gets a sample again
// keeps its id: it enters the index in memory anew, and its row stays here for the next time.
//
// Threads: any; the changing functions exclude each other.
class Attic {
 public:
  Attic(std::filesystem::path scratch, Store& store, Registry& registry, Logger log,
        std::function<std::uint64_t()> next_number);

  // Before all else; what is damaged is named and left out. `lost`: records may be missing, files
  // that nobody knows of are taken in when they are segments. Tells whether it found records lost.
  Result<bool> Load(bool lost);
  std::vector<std::uint64_t> Numbers() const;  // of segments, which share them with the parts
  SeriesId next_id() const { return next_id_.load(); }  // one more than the greatest id
  std::size_t size() const;                             // series, revived ones included
  std::uint64_t bytes() const;                          // on disk
  std::size_t MemoryBytes() const;                      // but for the cache of opened sheets

  // False: surely not here. Cheap, but for the first time after Rest(), which reads the filters.
  bool MayHold(const Labels& labels) const;
  // To be called now and then: gives the filters' memory back when nobody asked since the last
  // call.
  void Rest();
  struct Known {
    SeriesId id;
    Timestamp newest;  // no sample of it in parts is newer
  };
  std::optional<Known> Find(const Labels& labels) const;

  // Takes series in, of which all samples lie within `range`, and deletes their records in the
  // series family, in one write. Those that were here before only widen their segment's range. The
  // series stand in label order; `labels_of` is asked for some at a time.
  using LabelsOf = std::function<std::vector<Labels>(std::span<const SeriesId>)>;
  Result<> Put(std::vector<SeriesId> series, const LabelsOf& labels_of, TimeRange range);
  // Forgets the series that are not in `held`.
  Result<> Keep(const std::vector<bool>& held);
  // Rewrites small or thinned out segments; false when there is nothing to do.
  Result<bool> MergeOne();

  // Series enter here before they leave the index, and stay here when they enter it again: whoever
  // looks into the index first and then takes a view misses none.
  AtticView View(TimeRange range) const;

 private:
  using Entries = std::vector<AtticEntry>;
  AtticEntry MakeEntry(std::uint64_t number, std::uint32_t rows, std::uint64_t bytes,
                       TimeRange range);
  Entries Snapshot() const;
  std::shared_ptr<const LabelFilter> FilterOf(const AtticEntry& entry) const;
  Result<> Adopt(Entries& entries);
  Result<AtticEntry> Write(const std::function<Result<>(SegmentWriter&)>& fill, TimeRange range);
  void Publish(Entries entries);

  const std::filesystem::path scratch_;
  Store& store_;
  Logger log_;
  const std::function<std::uint64_t()> next_number_;
  Counter& corruptions_;
  mutable SheetCache cache_;
  Mutex change_mu_;
  std::set<std::uint64_t> damaged_ GUARDED_BY(change_mu_);  // read as far as possible, not merged
  mutable SharedMutex mu_;
  mutable Entries entries_ GUARDED_BY(mu_);  // oldest first; mutable for their filters
  mutable std::atomic<bool> asked_{false};   // for labels, since the last Rest()
  std::atomic<SeriesId> next_id_{0};
};

}  // namespace meerkat::tsdb
