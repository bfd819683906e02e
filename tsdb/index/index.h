#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/labels.h"
#include "base/matcher.h"
#include "base/mutex.h"
#include "base/result.h"
#include "tsdb/storage.h"

namespace meerkat::tsdb {

// A series within the index. Dense is cheap: memory is kept in pages of neighbouring ids.
using SeriesId = std::uint32_t;

struct IndexState;

// Which series there are and which labels they carry, in memory, about 60 bytes a series. Ids are
// the caller's: he hands out new ones (next_id() helps) and alone decides whether an id of a
// removed series is used again.
//
// Threads: every method, from any thread. Readers share the lock, writers are alone; what a reader
// gets is a copy and stays true to the moment it was made. Add in batches when there are many.
class Index {
 public:
  Index();
  ~Index();
  Index(const Index&) = delete;
  Index& operator=(const Index&) = delete;

  std::optional<SeriesId> Find(const Labels& labels) const;
  // The id of `labels` when they are known, else they are added as `id`, which must be free.
  struct Added {
    SeriesId id;
    bool created;
  };
  Added Add(const Labels& labels, SeriesId id);
  // As many calls of Add under one lock, for a start with a million series.
  void AddAll(std::span<const std::pair<Labels, SeriesId>> series);
  // Forgets series; ids that are not there are passed over.
  void Remove(std::span<const SeriesId> ids);
  // Gives back what removed series left behind: values that no series has, empty room. Some
  // nanoseconds a series that is there.
  void Shrink();

  // Series now, and one more than the greatest id ever added.
  std::size_t size() const;
  SeriesId next_id() const;

  bool Has(SeriesId id) const;
  Labels LabelsOf(SeriesId id) const;  // {} for an id that is not there
  // Many at once, cheaper; parallel to `ids`.
  std::vector<Labels> LabelsOf(std::span<const SeriesId> ids) const;

  // Ids of the series that match all matchers, ascending. No matchers: all series. A missing label
  // counts as "". `limit` 0: no limit, else the smallest ids are given.
  std::vector<SeriesId> Select(std::span<const Matcher> matchers, std::size_t limit = 0) const;
  // The same for who may give up. Regular expressions that take long do not run under the lock.
  Result<std::vector<SeriesId>> Select(std::span<const Matcher> matchers,
                                       Interrupt& interrupt) const;

  // Sorted, unique; `limit` 0: no limit. Those with `ids` look only at these series (in any order).
  std::vector<std::string> LabelNames(std::size_t limit = 0) const;
  std::vector<std::string> LabelNames(std::span<const SeriesId> ids, std::size_t limit = 0) const;
  std::vector<std::string> LabelValues(std::string_view name, std::size_t limit = 0) const;
  std::vector<std::string> LabelValues(std::string_view name, std::span<const SeriesId> ids,
                                       std::size_t limit = 0) const;

  // As above, each with the least and the greatest id of its series: who asks what lives within a
  // range of time nearly always learns it from one of the two.
  struct Witnessed {
    std::string text;
    SeriesId least;
    SeriesId greatest;
  };
  std::vector<Witnessed> LabelNamesWitnessed() const;
  std::vector<Witnessed> LabelValuesWitnessed(std::string_view name) const;

  // Puts ids in the order of their series' labels.
  void SortByLabels(std::vector<SeriesId>& ids) const;

  // Fills series, label_pairs and the four lists; chunks and times are the caller's to fill.
  CardinalityStats Cardinality(std::size_t limit) const;
  std::size_t MemoryBytes() const;  // estimate of everything held

 private:
  mutable SharedMutex mu_;
  const std::unique_ptr<IndexState> state_;  // changed under mu_ held alone, read under mu_ shared
};

}  // namespace meerkat::tsdb
