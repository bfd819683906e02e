#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/histogram.h"
#include "base/result.h"
#include "tsdb/head/arena.h"
#include "tsdb/head/series_table.h"
#include "tsdb/storage.h"

namespace meerkat::tsdb {

// One sample on its way into a generation.
struct HeadSample {
  SeriesId series = 0;
  std::int64_t time = 0;
  std::uint64_t value = 0;   // bits; of a histogram sample: unused
  std::uint64_t before = 0;  // bits of the newest float of this generation, 0.0 before the first
  std::string_view token;    // `value` against `before`; empty: the same, or a histogram
  HistogramPtr histogram;    // null: a float
  std::int64_t start = kNoStart;
  bool loose = false;  // out of order: kept apart, merged when read
  bool anew = false;   // `before` is not what the series' tail ends with

  static constexpr std::int64_t kNoStart = std::numeric_limits<std::int64_t>::min();
};

// What a reader takes of one series of a generation: good for ever, whatever is appended later.
struct TailCopy {
  std::uint32_t column = 0;
  std::uint32_t first_row = 0;
  std::uint32_t rows = 0;  // absent ones included
  Arena::Chain chain;
  std::uint64_t same = 0;  // repetitions of the last value behind the chain's end
  std::vector<HistogramPtr> histograms;
};

// A decoded tail: which rows of its column it has samples on, and these samples.
struct TailData {
  std::uint32_t first_row = 0;
  bool contiguous = false;          // rows first_row, first_row + 1, …; else as `rows` says
  std::vector<std::uint32_t> rows;  // filled only when not contiguous
  std::vector<double> values;
  std::vector<SeriesColumns::HistogramAt> histograms;
  std::vector<Timestamp> starts;  // empty when there is none at all
};

// All that was appended since the last generation was closed: the part of the head that a part file
// will replace. Series that get samples at the same times share a column of timestamps, whether
// they come from one scrape or from equal remote writes: a series stays on its column as long as
// its next sample is the column's next time (or one soon after it: rows between are absent), and
// leaves it for another one when not.
//
// Threads: one writer under the head's lock held alone; readers take copies under that lock held
// shared and decode them without it. A closed generation never changes.
class Generation {
 public:
  using Times = SeriesColumns::Times;

  // `number` orders generations over the life of the directory: the journal's sequence at its
  // start.
  explicit Generation(std::uint64_t number) : number_(number) {}

  std::uint64_t number() const { return number_; }
  std::uint64_t samples() const { return samples_; }
  TimeRange range() const { return {FromMillis(min_time_), FromMillis(max_time_)}; }
  bool empty() const { return samples_ == 0; }
  std::size_t series_count() const { return series_; }
  std::size_t tail_count() const { return tails_; }
  std::uint64_t MemoryBytes() const;

  // Remembers, from one sample of a batch to the next, where new series may join.
  struct Hint {
    std::uint32_t column = 0xffffffff;
  };
  void Append(Slot& slot, const HeadSample& sample, Hint& hint);
  // The usual sample: a float without a start timestamp, on the next row of its series' column.
  // False, and nothing done, when it is not that: Append takes it.
  bool AppendNext(const Slot& slot, SeriesId series, std::int64_t time, std::string_view token,
                  Hint& hint) {
    if (slot.tail >= tails_) return false;
    Tail& tail = At(slot.tail);
    if (tail.series != series || tail.has_extra) return false;
    const std::vector<std::int64_t>& column = columns_[tail.column];
    const std::size_t row = std::size_t{tail.first_row} + tail.rows;
    if (row == column.size()) {
      AddRow(tail.column, time);
    } else if (column[row] != time) {
      return false;
    }
    hint.column = tail.column;
    ++samples_;
    ++tail.rows;
    if (token.empty()) {
      ++tail.same;
    } else {
      WriteToken(tail, token);
    }
    return true;
  }

  // Fetch what AppendNext will look at, without waiting for it: first the one, some samples later
  // the other, for which the first must have come.
  void PrefetchTail(const Slot& slot) const {
    if (slot.tail < tails_) __builtin_prefetch(&At(slot.tail), 1);
  }
  void PrefetchEnd(const Slot& slot) const {
    if (slot.tail < tails_) arena_.Prefetch(At(slot.tail).chain);
  }

  // Rows of the tail that takes the series' next sample.
  std::uint32_t RowsOf(const Slot& slot, SeriesId series) const {
    return slot.tail < tails_ && At(slot.tail).series == series ? At(slot.tail).rows : 0;
  }

  // Series whose labels stand in this generation's part of the journal alone.
  void Define(SeriesId series) { defined_.push_back(series); }
  std::span<const SeriesId> defined() const { return defined_; }

  // The time of the series' newest sample here if that is a plain one: a float without a start
  // timestamp in an open generation, and none of the series came out of order.
  std::optional<std::int64_t> PlainEnd(const Slot& slot, SeriesId series) const {
    if (closed_ || slot.tail >= tails_) return std::nullopt;
    const Tail& tail = At(slot.tail);
    if (tail.series != series || tail.has_extra) return std::nullopt;
    if (!loose_.empty() && loose_.contains(series)) return std::nullopt;
    return columns_[tail.column][tail.first_row + tail.rows - 1];
  }

  // Whether a tail of the series, from its first to its last sample, touches the range, or one of
  // its loose samples lies there. `slot` as for Copy.
  bool Touches(SeriesId series, const Slot* slot, TimeRange range) const;
  // Its samples in pieces of ascending time, appended to `out`. False: it has none here.
  bool Copy(SeriesId series, const Slot* slot, std::vector<TailCopy>& out) const;
  // Out-of-order samples: by time, the first of equal times; nothing for most.
  struct Loose {
    std::int64_t time;
    std::uint64_t value;
    HistogramPtr histogram;
    std::int64_t start;
  };
  std::vector<Loose> CopyLoose(SeriesId series) const;
  bool has_loose() const { return !loose_.empty(); }
  std::shared_ptr<const Times> CopyColumn(std::uint32_t column) const;

  // Without the lock. kCorruption cannot happen for a copy of this generation's own.
  Result<> Decode(const TailCopy& tail, const Times& column, TailData& out) const;

  // After this nothing may be appended. Series in ascending order, with their newest tail.
  void Close() { closed_ = true; }
  bool closed() const { return closed_; }
  struct Entry {
    SeriesId series;
    std::uint32_t tail;  // kNoTail: only loose samples
  };
  static constexpr std::uint32_t kNoTail = 0xffffffff;
  const std::vector<Entry>& Entries() const;  // of a closed generation
  std::size_t column_count() const { return columns_.size(); }
  // Calls visit(series, tail copy) for every tail, oldest first. Closed or under the lock.
  template <typename Visit>
  void ForEachTail(Visit&& visit) const {
    for (std::uint32_t i = 0; i < tails_; ++i) visit(At(i).series, CopyOf(i));
  }

  template <typename Visit>
  void ForEachSeries(Visit&& visit) const {
    for (std::uint32_t i = 0; i < tails_; ++i) visit(At(i).series);
    for (const auto& [series, samples] : loose_) visit(series);
  }

 private:
  struct Tail {
    SeriesId series;
    std::uint32_t previous;  // the series' tail before this one, or kNoTail
    std::uint32_t column;
    std::uint32_t first_row;
    std::uint32_t rows;
    std::uint32_t absent;
    std::uint32_t same;
    bool has_extra;
    Arena::Chain chain;
  };
  struct Extra {  // what few tails have
    std::vector<HistogramPtr> histograms;
    std::int64_t start = HeadSample::kNoStart;  // as last written
  };
  // Tails in pages, so that a million of them grow without a copy.
  static constexpr std::size_t kPageTails = 1024;
  // The series' newest tail, or kNoTail; nothing: it has no samples here.
  std::optional<std::uint32_t> NewestTail(SeriesId series, const Slot* slot) const;
  // Of a closed generation's series, or null.
  const Entry* FindEntry(SeriesId series) const;
  Tail& At(std::uint32_t tail) const { return pages_[tail / kPageTails][tail % kPageTails]; }

  std::optional<std::uint32_t> PlaceRow(Tail& tail, std::int64_t time);
  void AddRow(std::uint32_t column, std::int64_t time);
  void WriteToken(Tail& tail, std::string_view token);
  Tail& NewTail(Slot& slot, const HeadSample& sample, Hint& hint);
  void Write(Tail& tail, std::uint32_t index, const HeadSample& sample, std::uint32_t gap);
  void WriteSame(Tail& tail);  // its pending repetitions, one or more
  TailCopy CopyOf(std::uint32_t index) const;

  const std::uint64_t number_;
  bool closed_ = false;
  std::uint64_t samples_ = 0;
  std::size_t series_ = 0;
  std::int64_t min_time_ = std::numeric_limits<std::int64_t>::max();
  std::int64_t max_time_ = std::numeric_limits<std::int64_t>::min();
  std::uint32_t tails_ = 0;
  std::vector<std::unique_ptr<Tail[]>> pages_;
  std::vector<std::vector<std::int64_t>> columns_;
  std::uint64_t column_rows_ = 0;
  Arena arena_;
  std::vector<SeriesId> defined_;
  std::unordered_map<std::uint32_t, Extra> extras_;  // by tail
  std::unordered_map<SeriesId, std::vector<Loose>> loose_;
  mutable std::once_flag entries_once_;
  mutable std::vector<Entry> entries_;
};

}  // namespace meerkat::tsdb
