#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "tsdb/chunk/block.h"
#include "tsdb/head/view.h"
#include "tsdb/storage.h"

namespace meerkat::tsdb {

// Where one series has samples: blocks of parts, tails of generations, loose samples.
struct SeriesPlaces {
  struct InPart {
    std::uint32_t part;  // index into the view's parts
    std::uint32_t block;
  };
  struct InHead {
    const Generation* generation;
    TailCopy tail;
  };
  struct InLoose {
    const Generation* generation;
    std::vector<Generation::Loose> samples;
  };
  // The newest sample within the range, where it lies ready and no other is asked for.
  struct Newest {
    Timestamp time{};
    double value = 0;
  };
  SeriesId series = 0;
  std::span<const InPart> parts;
  std::span<const InHead> tails;
  std::span<const InLoose> loose;
  const Newest* newest = nullptr;  // then there are no others

  bool empty() const {
    return parts.empty() && tails.empty() && loose.empty() && newest == nullptr;
  }
};

// The places of many series, in a few runs of memory.
class PlacesOfMany {
 public:
  std::size_t size() const { return ends_.size(); }
  // Points into this.
  SeriesPlaces operator[](std::size_t index) const;

 private:
  friend class Finder;
  struct Ends {
    SeriesId series;
    std::uint32_t parts, tails, loose, newest;
  };
  std::vector<Ends> ends_;
  std::vector<SeriesPlaces::InPart> parts_;
  std::vector<SeriesPlaces::InHead> tails_;
  std::vector<SeriesPlaces::InLoose> loose_;
  std::vector<SeriesPlaces::Newest> newest_;
};

// Looks for samples of series that may overlap a range. Parts that cannot be read at all are passed
// over and named. Threads: one at a time. What it is made with must outlive it.
class Finder {
 public:
  // `slot_of` gives the slot of a series, or null.
  using SlotOf = std::function<const Slot*(SeriesId)>;
  Finder(const LiveView& live, const View& view, TimeRange range, SlotOf slot_of,
         Interrupt& interrupt)
      : live_(live),
        view_(view),
        range_(range),
        slot_of_(std::move(slot_of)),
        interrupt_(interrupt) {}

  // The places of `ids` (ascending), parallel to them; with `newest` at least those of the newest
  // sample of each.
  Result<PlacesOfMany> Places(std::span<const SeriesId> ids, bool newest);
  // Which of `ids` (ascending) have such places, and do not end before or begin after the range
  // there: far cheaper than finding them.
  Result<std::vector<bool>> Present(std::span<const SeriesId> ids);
  // What could not be looked into so far, and why.
  const std::set<std::string>& damage() const { return damage_; }

 private:
  // What the head has. The positions of those that parts may have more of.
  std::vector<std::uint32_t> AddHeads(std::span<const SeriesId> ids, bool newest,
                                      PlacesOfMany& found) const;
  void AddTails(SeriesId series, std::span<const Generation* const> generations,
                std::vector<TailCopy>& tails, PlacesOfMany& found) const REQUIRES_SHARED(live_.mu);
  Result<> AddParts(std::span<const SeriesId> ids, std::span<const std::uint32_t> positions,
                    PlacesOfMany& found);
  // Where the newest sample of a series is that is not beyond the range: within, and given, or
  // before, if the open generation can tell. After `others` no other place has samples.
  enum class End : std::uint8_t { kUnknown, kBefore, kWithin };
  End EndOf(SeriesId series, Timestamp others, SeriesPlaces::Newest& newest) const
      REQUIRES_SHARED(live_.mu);

  const LiveView& live_;
  const View& view_;
  const TimeRange range_;
  const SlotOf slot_of_;
  Interrupt& interrupt_;
  std::set<std::string> damage_;
};

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
  void ReadLoose(const SeriesPlaces::InLoose& loose);
  void ReadNewest(const SeriesPlaces::Newest& newest, SeriesColumns& out);
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
  // What the series before was glued from, and the result: nearly always the same again.
  std::vector<std::uint64_t> key_, last_key_;
  std::shared_ptr<const Times> last_glued_;
  std::shared_ptr<Times> newest_times_;  // of one time
  std::shared_ptr<Decompressor> decompressor_;
  std::vector<Piece> pieces_;  // kept for their buffers
  std::size_t piece_count_ = 0;
  Column column_;
  TailData tail_;
  std::vector<TimeRange> deleted_;
};

}  // namespace meerkat::tsdb
