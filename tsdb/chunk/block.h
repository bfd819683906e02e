#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "tsdb/chunk/column.h"
#include "tsdb/chunk/frame.h"

// A target block: many series that share one timestamp column, in one run of bytes with a version,
// a directory and checksums. The unit that is sealed, stored under one key, and read.
namespace meerkat::tsdb {

struct BlockOptions {
  int zstd_level = 1;  // 0: not compressed
  // Columns are packed into sections of about this many bytes, compressed and checked each by
  // itself: reading one series costs one section.
  std::size_t section_bytes = 64 << 10;
};

// Collects columns and writes the block. Meant to be used again: its buffers stay. Threads: one at
// a time.
class BlockBuilder {
 public:
  static constexpr std::size_t kMaxRows = 1 << 20;
  static constexpr std::size_t kMaxSeries = 1 << 20;

  explicit BlockBuilder(const BlockOptions& options = {}) : options_(options) {}
  // `times`: one per row, ascending, at most kMaxRows. Copied.
  explicit BlockBuilder(std::span<const Timestamp> times, const BlockOptions& options = {})
      : options_(options) {
    Begin(times);
  }

  // Starts a new block; what was not finished is dropped.
  void Begin(std::span<const Timestamp> times);
  // Ids must ascend strictly; they are the caller's. At most kMaxSeries.
  void Add(std::uint64_t id, const ColumnView& column);
  // A column that EncodeColumn wrote for just as many rows.
  void AddEncoded(std::uint64_t id, std::string_view column);
  std::size_t series_count() const { return series_.size(); }
  // Bytes of columns so far, before compression.
  std::size_t raw_bytes() const { return raw_bytes_; }

  // The finished block; Begin starts the next one.
  std::string Finish();

 private:
  void CloseColumn(std::uint64_t id, std::size_t begin);
  void CloseSection();

  struct Series {
    std::uint64_t id;
    std::uint32_t bytes;
  };
  struct Section {
    std::uint32_t series;
    std::uint32_t stored_bytes;
    std::uint32_t checksum;
    bool compressed;
  };
  BlockOptions options_;
  Compressor compressor_;
  std::vector<Timestamp> times_;
  std::vector<Series> series_;
  std::vector<Section> sections_;
  std::string stored_;  // finished sections, one after the other
  std::string open_;    // columns of the section being filled
  std::uint32_t open_series_ = 0;
  std::size_t raw_bytes_ = 0;
};

// An opened block: the header and directory checked and parsed, columns not touched yet. Immutable.
// Threads: any; each reading thread brings its own Scratch.
class Block {
 public:
  using Times = SeriesColumns::Times;

  struct Identity {};

  // Keeps the last section it inflated, so that reading neighbours inflates once. Scratches of one
  // thread may share the decompressor, which is dear to make.
  class Scratch {
   public:
    explicit Scratch(std::shared_ptr<Decompressor> decompressor = std::make_shared<Decompressor>())
        : decompressor_(std::move(decompressor)) {}

   private:
    friend class Block;
    std::shared_ptr<const Identity> owner_;
    std::size_t section_ = 0;
    std::string bytes_;
    std::shared_ptr<Decompressor> decompressor_;
  };

  // Takes the bytes over. kCorruption: not a block, damaged, or of a newer version.
  static Result<std::shared_ptr<const Block>> Open(std::string bytes);

  const std::shared_ptr<const Times>& times() const { return times_; }
  std::size_t row_count() const { return times_->size(); }
  std::size_t series_count() const { return ids_.size(); }
  std::uint64_t id(std::size_t index) const { return ids_[index]; }
  std::optional<std::size_t> Find(std::uint64_t id) const;

  // Column `index` in id order. kCorruption when its section fails its checksum or does not decode.
  Result<> Read(std::size_t index, Scratch& scratch, Column& column) const;
  // Checks every checksum and decodes every column.
  Result<> Verify() const;

  // The same block with every section inflated and checked, for readers who come again and again;
  // null when it is that already. kCorruption: some section is damaged.
  Result<std::shared_ptr<const Block>> Inflated() const;

  std::size_t MemoryBytes() const;  // what a cache should charge
  std::size_t size_bytes() const { return bytes_.size(); }

 private:
  struct Section {
    std::uint32_t first_series;
    std::uint32_t raw_bytes;
    std::size_t offset;  // into bytes_
    std::uint32_t stored_bytes;
    std::uint32_t checksum;
    bool compressed;
    bool checked = false;
  };
  Block();
  bool Parse(std::string& reason);
  bool ParseHead(std::string_view head, std::size_t sections_begin);
  Result<std::string_view> SectionBytes(std::size_t section, Scratch& scratch) const;

  std::string bytes_;
  std::shared_ptr<const Identity> identity_;  // tells scratches whose section they hold
  std::shared_ptr<const Times> times_;
  std::vector<std::uint64_t> ids_;
  std::vector<std::uint32_t> ends_;  // of each column within its section
  std::vector<Section> sections_;
};

}  // namespace meerkat::tsdb
