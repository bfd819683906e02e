#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "base/histogram.h"
#include "base/labels.h"
#include "tsdb/head/generation.h"
#include "tsdb/head/series_table.h"
#include "tsdb/storage.h"

namespace meerkat::tsdb {

// What an appender has collected.
struct Batch {
  struct Sample {
    Slot* slot;  // there as long as the batch's appender, which has touched it
    std::int64_t time;
    std::uint64_t value;
    SeriesId series;
    std::uint32_t extra;  // index + 1 into extras; 0: a float without start timestamp
  };
  struct Extra {
    HistogramPtr histogram;
    std::int64_t start = HeadSample::kNoStart;
  };
  struct ExemplarOf {
    SeriesId series;
    Exemplar exemplar;
  };
  std::vector<Sample> samples;
  std::vector<Extra> extras;
  std::vector<ExemplarOf> exemplars;
  std::vector<std::pair<std::string, Metadata>> metadata;
  std::vector<std::pair<SeriesId, Labels>> made;  // series its appender made, by ascending id
  bool backfill = false;  // history: however old, nothing is refused for its age

  bool empty() const { return samples.empty() && exemplars.empty() && metadata.empty(); }
  // Keeps the memory, for the next batch.
  void Clear() {
    samples.clear();
    extras.clear();
    exemplars.clear();
    metadata.clear();
    made.clear();
    backfill = false;
  }
};

// Where in a batch the newest sample of a series is: a flat table, because a batch in mixed order
// asks it for every sample.
class NewestInBatch {
 public:
  static constexpr std::uint32_t kNone = 0xffffffff;

  std::uint32_t Find(SeriesId series) const {
    if (places_.empty()) return kNone;
    for (std::size_t i = Start(series);; i = (i + 1) & (places_.size() - 1)) {
      if (places_[i].sample == kNone) return kNone;
      if (places_[i].series == series) return places_[i].sample;
    }
  }
  void Set(SeriesId series, std::uint32_t sample) {
    if ((used_ + 1) * 2 > places_.size()) Grow();
    std::size_t i = Start(series);
    while (places_[i].sample != kNone && places_[i].series != series) {
      i = (i + 1) & (places_.size() - 1);
    }
    if (places_[i].sample == kNone) ++used_;
    places_[i] = {series, sample};
  }
  void Clear() {
    if (used_ != 0) std::fill(places_.begin(), places_.end(), Place{});
    used_ = 0;
  }

 private:
  struct Place {
    SeriesId series = 0;
    std::uint32_t sample = kNone;
  };
  std::size_t Start(SeriesId series) const {
    return static_cast<std::size_t>(series * 0x9e3779b97f4a7c15ULL >> 32) & (places_.size() - 1);
  }
  void Grow() {
    std::vector<Place> old(std::max<std::size_t>(64, places_.size() * 2));
    old.swap(places_);
    used_ = 0;
    for (const Place& place : old) {
      if (place.sample != kNone) Set(place.series, place.sample);
    }
  }

  std::vector<Place> places_;  // a power of two
  std::size_t used_ = 0;
};

// A sample that was taken, between the journal's bytes and the head: everything to apply it, and
// everything to take it back when the journal cannot be written. One cache line: a batch of them is
// gone through three times.
struct alignas(64) StagedSample {
  Slot* slot;
  std::int64_t time;
  std::uint64_t value;
  // Of the slot, before:
  std::int64_t old_time;
  std::uint64_t old_value;
  std::uint32_t old_base;
  SeriesId series;
  std::uint32_t extra;  // as in Batch::Sample
  std::uint32_t token;  // offset into the staged tokens
  std::uint8_t token_bytes;
  std::uint8_t old_scale;
  std::uint8_t old_flags;
  bool loose;
};

}  // namespace meerkat::tsdb
