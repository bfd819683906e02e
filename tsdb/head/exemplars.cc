#include "tsdb/head/exemplars.h"

#include <algorithm>
#include <bit>

namespace meerkat::tsdb {

void ExemplarRing::Resize(std::int64_t capacity) {
  MutexLock lock(mu_);
  const std::size_t wanted = capacity <= 0 ? 0 : static_cast<std::size_t>(capacity);
  if (wanted == capacity_) return;
  // Oldest first, without the ones that no longer fit.
  std::rotate(ring_.begin(), ring_.begin() + static_cast<std::ptrdiff_t>(next_), ring_.end());
  if (ring_.size() > wanted) {
    ring_.erase(ring_.begin(), ring_.end() - static_cast<std::ptrdiff_t>(wanted));
  }
  ring_.shrink_to_fit();
  capacity_ = wanted;
  next_ = 0;
  newest_.clear();
  for (std::size_t i = 0; i < ring_.size(); ++i) {
    Newest& newest = newest_[ring_[i].series];
    newest.place = i;
    ++newest.count;
  }
}

ExemplarRing::Taken ExemplarRing::CheckLocked(SeriesId series, const Exemplar& exemplar) const {
  if (capacity_ == 0) return Taken::kOff;
  const auto it = newest_.find(series);
  if (it == newest_.end()) return Taken::kYes;
  const Exemplar& newest = ring_[it->second.place].exemplar;
  if (newest.time == exemplar.time && newest.labels == exemplar.labels &&
      std::bit_cast<std::uint64_t>(newest.value) == std::bit_cast<std::uint64_t>(exemplar.value)) {
    return Taken::kSame;
  }
  // Equal times are told apart by value: several exemplars of one histogram share a scrape.
  if (exemplar.time < newest.time) return Taken::kOutOfOrder;
  if (exemplar.time == newest.time && exemplar.value < newest.value) return Taken::kOutOfOrder;
  if (exemplar.time == newest.time && exemplar.value == newest.value &&
      exemplar.labels.hash() < newest.labels.hash()) {
    return Taken::kOutOfOrder;
  }
  return Taken::kYes;
}

ExemplarRing::Taken ExemplarRing::Check(SeriesId series, const Exemplar& exemplar) const {
  MutexLock lock(mu_);
  return CheckLocked(series, exemplar);
}

ExemplarRing::Taken ExemplarRing::Add(SeriesId series, const Exemplar& exemplar) {
  MutexLock lock(mu_);
  const Taken taken = CheckLocked(series, exemplar);
  if (taken != Taken::kYes) return taken;
  std::size_t place = ring_.size();
  if (ring_.size() < capacity_) {
    ring_.push_back({series, exemplar});
  } else {
    place = next_;
    const auto old = newest_.find(ring_[place].series);
    if (--old->second.count == 0) newest_.erase(old);
    ring_[place] = {series, exemplar};
    next_ = (next_ + 1) % capacity_;
  }
  Newest& newest = newest_[series];
  newest.place = place;
  ++newest.count;
  return Taken::kYes;
}

std::vector<ExemplarRing::Kept> ExemplarRing::Select(TimeRange range,
                                                     std::span<const SeriesId> series) const {
  std::vector<Kept> found;
  {
    MutexLock lock(mu_);
    for (std::size_t i = 0; i < ring_.size(); ++i) {
      const Kept& kept = ring_[(next_ + i) % ring_.size()];
      if (range.Contains(kept.exemplar.time) &&
          std::binary_search(series.begin(), series.end(), kept.series)) {
        found.push_back(kept);
      }
    }
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const Kept& a, const Kept& b) { return a.series < b.series; });
  return found;
}

std::vector<SeriesId> ExemplarRing::Series() const {
  MutexLock lock(mu_);
  std::vector<SeriesId> series;
  for (const auto& [id, newest] : newest_) series.push_back(id);
  return series;
}
std::size_t ExemplarRing::size() const {
  MutexLock lock(mu_);
  return ring_.size();
}
std::size_t ExemplarRing::series_count() const {
  MutexLock lock(mu_);
  return newest_.size();
}
std::int64_t ExemplarRing::capacity() const {
  MutexLock lock(mu_);
  return static_cast<std::int64_t>(capacity_);
}
Timestamp ExemplarRing::oldest() const {
  MutexLock lock(mu_);
  return ring_.empty() ? kMinTime : ring_[next_ % ring_.size()].exemplar.time;
}

}  // namespace meerkat::tsdb
