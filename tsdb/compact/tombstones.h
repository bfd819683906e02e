#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "tsdb/index/index.h"

namespace meerkat::tsdb {

// What has been deleted but still stands in closed generations and parts. A deletion concerns data
// up to the generation that was open when it came: what is appended later, even at the same time,
// is not touched. Immutable once shared.
class Tombstones {
 public:
  struct Stone {
    TimeRange range;
    std::uint64_t generation;  // concerns generations up to this one
    bool operator==(const Stone&) const = default;
  };

  void Add(SeriesId series, Stone stone) { by_series_[series].push_back(stone); }
  bool empty() const { return by_series_.empty(); }
  std::size_t series_count() const { return by_series_.size(); }

  // The ranges deleted from `series` in data of `generation`; most have none.
  void RangesFor(SeriesId series, std::uint64_t generation, std::vector<TimeRange>& out) const {
    if (by_series_.empty()) return;
    const auto it = by_series_.find(series);
    if (it == by_series_.end()) return;
    for (const Stone& stone : it->second) {
      if (generation <= stone.generation) out.push_back(stone.range);
    }
  }
  const std::map<SeriesId, std::vector<Stone>>& by_series() const { return by_series_; }
  // The newest generation that any of them concerns; 0: none.
  std::uint64_t newest_generation() const;
  // Forgets stones that `done` held already.
  void Subtract(const Tombstones& done);

  std::string Encode() const;
  static Result<Tombstones> Decode(std::string_view bytes);

 private:
  std::map<SeriesId, std::vector<Stone>> by_series_;
};

}  // namespace meerkat::tsdb
