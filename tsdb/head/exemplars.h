#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "tsdb/index/index.h"
#include "tsdb/storage.h"

namespace meerkat::tsdb {

// The newest exemplars of all series, a bounded number of them. Threads: any.
class ExemplarRing {
 public:
  enum class Taken : std::uint8_t { kYes, kSame, kOutOfOrder, kOff };

  // 0 or less: off. Keeps the newest when it shrinks.
  void Resize(std::int64_t capacity);
  // Whether Add would take it. The same exemplar again is no error and is not kept twice.
  Taken Check(SeriesId series, const Exemplar& exemplar) const;
  Taken Add(SeriesId series, const Exemplar& exemplar);

  struct Kept {
    SeriesId series;
    Exemplar exemplar;
  };
  // Of these series (ascending ids) within the range; in order of series, then of time.
  std::vector<Kept> Select(TimeRange range, std::span<const SeriesId> series) const;

  std::vector<SeriesId> Series() const;  // that have any, in no order
  std::size_t size() const;
  std::size_t series_count() const;
  std::int64_t capacity() const;
  Timestamp oldest() const;  // kMinTime when empty

 private:
  Taken CheckLocked(SeriesId series, const Exemplar& exemplar) const REQUIRES(mu_);

  mutable Mutex mu_;
  std::size_t capacity_ GUARDED_BY(mu_) = 0;
  std::size_t next_ GUARDED_BY(mu_) = 0;  // the oldest once the ring is full
  std::vector<Kept> ring_ GUARDED_BY(mu_);
  struct Newest {
    std::size_t place;
    std::size_t count;
  };
  std::unordered_map<SeriesId, Newest> newest_ GUARDED_BY(mu_);
};

}  // namespace meerkat::tsdb
