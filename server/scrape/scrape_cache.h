#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "server/scrape/exposition/line_key.h"
#include "tsdb/storage.h"

namespace meerkat::scrape {

// What a target said before: which series each text names and where its samples go, metadata by
// family, and the order of the lines. A scrape that looks like the one before is recognised line by
// line without a lookup, and nothing is written down about it.
// Threads: one at a time.
class ScrapeCache {
 public:
  // 32 bytes, two to a cache line: a page reads all of them, in order.
  struct Series {
    std::uint64_t hash = 0;  // of the text that names it
    tsdb::SeriesRef ref = tsdb::SeriesRef::kNone;
    std::uint32_t length : 30 = 0;  // of the text
    std::uint32_t used : 1 = 0;
    std::uint32_t dropped : 1 = 0;     // by metric relabeling
    std::uint32_t position = 0;        // in the order of the last scrape
    std::uint32_t last_scrape = 0;     // in which it was seen
    std::uint32_t tracked_scrape = 0;  // in which it had a sample whose absence is to be marked

    LineKey key() const { return {hash, length}; }
  };
  struct Family {
    tsdb::Metadata metadata;
    std::uint32_t last_scrape = 0;
    bool changed = true;  // since it was last stored
  };
  // A line of the last scrape: a series, or a metadata line kept whole.
  class Line {
   public:
    static Line OfSeries(std::uint32_t index) { return Line(index); }
    static Line OfMetadata(std::size_t index) {
      return Line(static_cast<std::uint32_t>(index) | kMetadata);
    }
    bool is_series() const { return (value_ & kMetadata) == 0; }
    std::uint32_t index() const { return value_ & ~kMetadata; }

   private:
    static constexpr std::uint32_t kMetadata = 1U << 31;
    explicit Line(std::uint32_t value) : value_(value) {}
    std::uint32_t value_;
  };
  struct MetadataLine {
    LineKey raw;  // of no length: never expected again
    bool is_type = false;
    Family* family = nullptr;
  };
  static constexpr std::uint32_t kNoSeries = 0xFFFFFFFF;

  const LineHash& hash() const { return hash_; }

  // The series of exactly this text; kNoSeries when it is new.
  std::uint32_t Find(std::string_view text) const;
  std::uint32_t Add(std::string_view text, tsdb::SeriesRef ref, bool dropped);
  Series& series(std::uint32_t index) { return series_[index]; }
  Family& family(std::string_view name);
  const std::map<std::string, Family, std::less<>>& families() const { return families_; }

  template <typename Visit>
  void TakeChangedFamilies(Visit visit) {
    for (auto& [name, family] : families_) {
      if (std::exchange(family.changed, false)) visit(name, family.metadata);
    }
  }

  // The order of the last scrape, to predict this one by.
  const std::vector<Line>& order() const { return order_; }
  const MetadataLine& metadata_line(Line line) const { return metadata_lines_[line.index()]; }

  // The series of a line of order(); null when it is none.
  const Series* SeriesAt(std::size_t position) const {
    if (position >= order_.size() || !order_[position].is_series()) return nullptr;
    return &series_[order_[position].index()];
  }

  // The next line in order() came. Nothing is written down as long as a page stays in step with the
  // last one, which is nearly always to its end.
  void StepMetadata(Line line) {
    if (in_step_) {
      ++steps_;
    } else {
      RepeatMetadata(line);
    }
  }
  // `track`: it has a sample whose absence from the next scrape ends it.
  void StepSeries(Line line, bool track) {
    const Series& entry = series_[line.index()];
    if (in_step_ && (entry.tracked_scrape + 1 == scrape_) == track) [[likely]] {
      ++steps_;
      return;
    }
    RepeatSeries(line, track);
  }
  // Whether the next line in order() may come by itself: each series comes once in a scrape, and
  // one that was seen already is the caller's to judge.
  bool MayStep(Line line) const { return in_step_ || series_[line.index()].last_scrape != scrape_; }

  // A series that came out of order. False: not for the first time in this scrape.
  bool See(std::uint32_t index) {
    LeaveStep();
    next_order_.push_back(Line::OfSeries(index));
    ++next_series_;
    if (series_[index].last_scrape == scrape_) return false;
    series_[index].last_scrape = scrape_;
    ++seen_;
    return true;
  }
  // Marks a series that was seen as one whose absence from the next scrape ends it.
  void Track(std::uint32_t index) {
    if (series_[index].tracked_scrape == scrape_) return;
    series_[index].tracked_scrape = scrape_;
    tracked_.push_back(index);
  }
  void SawMetadata(std::string_view raw, bool is_type, Family* family);

  // Tracked in the scrape before and not in this one.
  template <typename Visit>
  void ForEachVanished(Visit visit) {
    if (in_step_ && steps_ == order_.size() && steps_ > 0) return;
    LeaveStep();
    for (const std::uint32_t index : tracked_before_) {
      if (series_[index].tracked_scrape != scrape_) visit(series_[index]);
    }
  }

  // Ends a scrape. `complete`: a whole body was read, so what was not in it is forgotten (metadata
  // after ten scrapes). True when a flush was forced because failing scrapes piled up series.
  bool EndScrape(bool complete);
  // Begins anew after a body that turned out bad: its series stay known, its order does not count.
  void AbandonScrape();

  // Bytes for prometheus_target_metadata_cache_bytes.
  std::size_t metadata_bytes() const;

 private:
  void LeaveStep() {
    if (in_step_) WriteDownSteps();
  }
  void WriteDownSteps();
  void RepeatMetadata(Line line);
  void RepeatSeries(Line line, bool track);
  void NextScrape();
  void Forget();
  void ForgetFamilies();
  void Insert(std::uint32_t index);
  void Erase(std::uint32_t index);
  void Rehash(std::size_t slots);

  LineHash hash_;
  std::vector<Series> series_;
  std::vector<std::uint32_t> free_;
  std::vector<std::uint32_t> slots_;  // open addressing, index + 1; 0: empty
  std::size_t used_ = 0;
  std::map<std::string, Family, std::less<>> families_;
  std::vector<Line> order_;
  std::vector<Line> next_order_;
  std::vector<MetadataLine> metadata_lines_;
  std::vector<MetadataLine> next_metadata_lines_;
  std::vector<std::uint32_t> tracked_;
  std::vector<std::uint32_t> tracked_before_;
  std::size_t next_series_ = 0;  // lines of series in next_order_
  std::size_t seen_ = 0;         // different ones among them
  bool aging_families_ = false;  // some were not in the last scrape
  bool repeats_ = false;         // a series stands twice in order_: each line is looked at
  // While every line so far was the next one of order_: how many. Scrapes that end so are not
  // counted.
  bool in_step_ = true;
  std::size_t steps_ = 0;
  std::uint32_t scrape_ = 1;
  std::size_t successful_count_ = 0;
};

}  // namespace meerkat::scrape
