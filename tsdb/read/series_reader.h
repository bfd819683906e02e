#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "tsdb/chunk/block.h"
#include "tsdb/head/view.h"
#include "tsdb/storage.h"

namespace meerkat::tsdb {

// Where one series has samples: blocks of parts, tails of generations, loose samples.
struct SeriesPlaces {
  SeriesId series = 0;
  struct InPart {
    std::uint32_t part;  // index into the view's parts
    std::uint32_t block;
  };
  struct InHead {
    const Generation* generation;
    std::vector<TailCopy> tails;
    std::vector<Generation::Loose> loose;
  };
  std::vector<InPart> parts;
  std::vector<InHead> head;

  bool empty() const { return parts.empty() && head.empty(); }
};

// Finds the places of `ids` (ascending) that may overlap `range`; parallel to `ids`. Parts that
// cannot be read at all are reported by themselves and passed over. `head_slot` gives the slot of a
// series, or null.
using SlotOf = std::function<const Slot*(SeriesId)>;
std::vector<SeriesPlaces> FindPlaces(const LiveView& live, const View& view,
                                     std::span<const SeriesId> ids, TimeRange range,
                                     const SlotOf& slot_of);

// Decodes series from their places. Keeps what neighbours share: opened blocks, time columns.
// Threads: one at a time. The view must outlive it.
class SeriesReader {
 public:
  SeriesReader(const LiveView& live, const View& view, TimeRange range);
  ~SeriesReader();

  // All samples of the series within the range, deleted ones left out. kCorruption: some block is
  // unreadable; `out` holds the rest.
  Result<> Read(const SeriesPlaces& places, SeriesColumns& out);

 private:
  using Times = SeriesColumns::Times;
  // One decoded stretch: samples at rows of a time column.
  struct Piece {
    std::shared_ptr<const Times> times;
    std::uint64_t generation = 0;
    bool contiguous = true;       // rows first_row, first_row + 1, …
    std::uint32_t first_row = 0;  // when contiguous
    std::vector<std::uint32_t> rows;
    std::vector<double> values;
    std::vector<SeriesColumns::HistogramAt> histograms;
    std::vector<Timestamp> starts;
    // Of the samples: those within the range.
    std::size_t begin = 0;
    std::size_t end = 0;

    Timestamp TimeOf(std::size_t sample) const {
      return (*times)[contiguous ? first_row + sample : rows[sample]];
    }
  };
  struct OpenBlock {
    std::shared_ptr<const CachedBlock> block;
    Block::Scratch scratch;
  };
  struct Clip {
    std::shared_ptr<const Times> times;  // keeps the address taken
    std::size_t begin;
    std::size_t end;
  };

  Piece& NextPiece();
  Result<> ReadBlockPiece(const SeriesPlaces& places, SeriesPlaces::InPart in);
  Result<> ReadTailPiece(const Generation& generation, const TailCopy& tail);
  void ReadLoose(const SeriesPlaces::InHead& head);
  void ClipPiece(Piece& piece);
  const Clip& ClipOf(const std::shared_ptr<const Times>& times);
  bool Ordered() const;
  void Concatenate(SeriesColumns& out);
  std::shared_ptr<const Times> SharedTimes();
  void Merge(SeriesId series, SeriesColumns& out);

  const LiveView& live_;
  const View& view_;
  const TimeRange range_;
  std::unordered_map<std::uint64_t, OpenBlock> blocks_;
  std::size_t blocks_bytes_ = 0;
  std::map<std::pair<const Generation*, std::uint32_t>, std::shared_ptr<const Times>> columns_;
  std::unordered_map<const Times*, Clip> clips_;
  // Time columns glued from several, by what they were glued from.
  struct Glued {
    std::vector<std::shared_ptr<const Times>> from;  // keeps the addresses taken
    std::shared_ptr<const Times> times;
  };
  std::map<std::vector<std::uint64_t>, Glued> glued_;
  std::vector<Piece> pieces_;  // kept for their buffers
  std::size_t piece_count_ = 0;
  Column column_;
  TailData tail_;
  std::vector<TimeRange> deleted_;
};

}  // namespace meerkat::tsdb
