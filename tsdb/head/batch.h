#pragma once

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
  bool backfill = false;  // history: however old, nothing is refused for its age

  bool empty() const { return samples.empty() && exemplars.empty() && metadata.empty(); }
};

// A sample that was taken, between the journal's bytes and the head: everything to apply it, and
// everything to take it back when the journal cannot be written.
struct StagedSample {
  Slot* slot;
  std::int64_t time;
  std::uint64_t value;
  std::uint64_t before;
  SeriesId series;
  std::uint32_t extra;  // as in Batch::Sample
  std::uint32_t token;  // offset into the staged tokens
  std::uint8_t token_bytes;
  bool loose;
  // Of the slot, before:
  std::uint8_t old_scale;
  std::uint8_t old_flags;
  std::uint32_t old_base;
  std::int64_t old_time;
  std::uint64_t old_value;
};

}  // namespace meerkat::tsdb
