#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/labels.h"
#include "base/result.h"
#include "base/mapped_file.h"
#include "tsdb/import/prometheus_chunk.h"

namespace meerkat::tsdb {

// A block of Prometheus's on disk: index (formats 1 and 2), chunk segments and tombstones.
// Immutable after Open. Threads: any.
class PrometheusBlock {
 public:
  static Result<std::unique_ptr<PrometheusBlock>> Open(const std::filesystem::path& directory);

  // Series in label order.
  std::size_t series_count() const { return series_.size(); }
  // Of its chunks; empty (min > max) for a block without any.
  TimeRange range() const { return range_; }

  struct Chunk {
    TimeRange range;
    std::uint64_t place = 0;  // segment << 32 | offset
  };
  struct Series {
    Labels labels;
    std::vector<Chunk> chunks;  // in time order
    std::uint64_t id = 0;       // for tombstones
  };
  Result<> ReadSeries(std::size_t index, Series& series) const;
  // Appends the samples of `series` within `range`, without the deleted ones. On an error what
  // could be read is there: a damaged chunk does not take its neighbours along.
  Result<> ReadSamples(const Series& series, TimeRange range,
                       std::vector<PlainSample>& samples) const;

 private:
  PrometheusBlock() = default;
  Result<> ParseIndex();
  Result<> ParseTombstones(std::string_view bytes);
  bool ReadPostings(std::uint64_t postings_table);
  bool ReadSymbols(std::uint64_t offset);
  bool Symbol(std::uint64_t reference, std::string_view& text) const;
  Result<std::string_view> ChunkBytes(std::uint64_t place, std::uint8_t& encoding) const;

  MappedFile index_;
  std::vector<MappedFile> segments_;
  unsigned version_ = 0;
  std::size_t symbols_begin_ = 0;       // where the symbol table's body is in the index
  std::vector<std::uint32_t> symbols_;  // from there (format 2)
  std::vector<std::uint64_t> series_;   // references
  std::unordered_map<std::uint64_t, std::vector<TimeRange>> tombstones_;
  TimeRange range_{kMaxTime, kMinTime};
};

}  // namespace meerkat::tsdb
