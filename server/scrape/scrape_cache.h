#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "tsdb/storage.h"

namespace meerkat::scrape {

// What a target said before: the text of each series and where its samples go, metadata by family,
// and the order of the lines. A scrape that looks like the one before is recognised line by line
// without a lookup (13 to 24 ns a sample; a hash lookup and label parsing cost 60).
// Threads: one at a time.
class ScrapeCache {
 public:
  struct Series {
    std::unique_ptr<char[]> text;
    std::uint32_t length = 0;
    std::uint32_t position = 0;        // in the order of the last scrape
    std::uint64_t last_scrape = 0;     // in which it was seen
    std::uint64_t tracked_scrape = 0;  // in which it had a sample whose absence is to be marked
    tsdb::SeriesRef ref = tsdb::SeriesRef::kNone;
    bool used = false;
    bool dropped = false;  // by metric relabeling

    std::string_view key() const { return {text.get(), length}; }
  };
  struct Family {
    tsdb::Metadata metadata;
    std::uint64_t last_scrape = 0;
    bool changed = true;  // since it was last stored
  };
  // A line of the last scrape: a series, or a metadata line kept whole.
  struct Line {
    std::uint32_t series = kNoSeries;
    std::uint32_t metadata = 0;
  };
  struct MetadataLine {
    std::string raw;
    bool is_type = false;
    Family* family = nullptr;
  };
  static constexpr std::uint32_t kNoSeries = 0xFFFFFFFF;

  std::uint64_t scrape() const { return scrape_; }

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
  const MetadataLine& metadata_line(std::uint32_t index) const { return metadata_lines_[index]; }
  void SawSeries(std::uint32_t index) {
    LeaveStep();
    next_order_.push_back({index, 0});
  }
  void SawMetadata(std::string_view raw, bool is_type, Family* family);

  // The next line in order() came, and all before it: nothing is written down as long as a page
  // stays in step with the last one, which is nearly always to its end.
  void StepMetadata(Line line) {
    if (Family* const family = metadata_lines_[line.metadata].family) {
      family->last_scrape = scrape_;
    }
    if (in_step_) {
      ++steps_;
    } else {
      RepeatMetadata(line.metadata);
    }
  }
  void StepSeries(Line line, bool track) {
    Series& entry = series_[line.series];
    const bool was_tracked = entry.tracked_scrape + 1 == scrape_;
    if (in_step_ && was_tracked == track) {
      ++steps_;
      if (track) entry.tracked_scrape = scrape_;
      return;
    }
    SawSeries(line.series);
    if (track) Track(line.series);
  }

  // Marks a series as one whose absence from the next scrape ends it.
  void Track(std::uint32_t index) {
    LeaveStep();
    series_[index].tracked_scrape = scrape_;
    tracked_.push_back(index);
  }
  // Tracked in the scrape before and not in this one.
  template <typename Visit>
  void ForEachVanished(Visit visit) {
    if (in_step_ && steps_ == order_.size() && steps_ > 0) return;
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
  void RepeatMetadata(std::uint32_t known);
  void Forget();
  void ForgetFamilies();
  void Insert(std::uint32_t index);
  void Rehash(std::size_t slots);

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
  bool aging_families_ = false;  // some were not in the last scrape
  // While every line so far was the next one of order_: how many.
  bool in_step_ = true;
  std::size_t steps_ = 0;
  std::uint64_t scrape_ = 1;
  std::size_t successful_count_ = 0;
};

}  // namespace meerkat::scrape
