#include "server/scrape/scrape_cache.h"

#include <algorithm>
#include <utility>

namespace meerkat::scrape {
namespace {

constexpr std::uint32_t kMetadataScrapes = 10;
constexpr std::size_t kMaxLength = (1U << 30) - 1;

// Gives back what a first scrape, growing step by step, took too much.
template <typename T>
void Trim(std::vector<T>& list) {
  if (list.capacity() > list.size() + list.size() / 4) list.shrink_to_fit();
}

}  // namespace

std::uint32_t ScrapeCache::Find(std::string_view text) const {
  if (slots_.empty()) return kNoSeries;
  const std::uint64_t hash = hash_(text);
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t slot = hash & mask; slots_[slot] != 0; slot = (slot + 1) & mask) {
    const std::uint32_t index = slots_[slot] - 1;
    if (series_[index].hash == hash) return index;
  }
  return kNoSeries;
}

void ScrapeCache::Insert(std::uint32_t index) {
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = series_[index].hash & mask;
  while (slots_[slot] != 0) slot = (slot + 1) & mask;
  slots_[slot] = index + 1;
}

void ScrapeCache::Rehash(std::size_t slots) {
  slots_.assign(slots, 0);
  for (std::uint32_t index = 0; index < series_.size(); ++index) {
    if (series_[index].used) Insert(index);
  }
}

std::uint32_t ScrapeCache::Add(std::string_view text, tsdb::SeriesRef ref, bool dropped) {
  std::uint32_t index = static_cast<std::uint32_t>(series_.size());
  if (free_.empty()) {
    series_.emplace_back();
  } else {
    index = free_.back();
    free_.pop_back();
  }
  Series& entry = series_[index];
  entry = Series();
  entry.hash = hash_(text);
  // A longer text is always looked up.
  entry.length = static_cast<std::uint32_t>(std::min(text.size(), kMaxLength));
  entry.ref = ref;
  entry.dropped = dropped;
  entry.used = true;
  ++used_;
  // At most two thirds full.
  if (used_ * 3 > slots_.size() * 2) {
    Rehash(slots_.empty() ? 16 : slots_.size() * 2);
  } else {
    Insert(index);
  }
  return index;
}

ScrapeCache::Family& ScrapeCache::family(std::string_view name) {
  auto found = families_.find(name);
  if (found == families_.end()) found = families_.try_emplace(std::string(name)).first;
  found->second.last_scrape = scrape_;
  return found->second;
}

void ScrapeCache::SawMetadata(std::string_view raw, bool is_type, Family* family) {
  LeaveStep();
  next_order_.push_back(Line::OfMetadata(next_metadata_lines_.size()));
  LineKey key;
  if (!raw.empty() && raw.size() <= kMaxLength) {
    key = {hash_(raw), static_cast<std::uint32_t>(raw.size())};
  }
  next_metadata_lines_.push_back({key, is_type, family});
}

void ScrapeCache::RepeatMetadata(Line line) {
  const MetadataLine& known = metadata_lines_[line.index()];
  if (known.family != nullptr) known.family->last_scrape = scrape_;
  next_order_.push_back(Line::OfMetadata(next_metadata_lines_.size()));
  next_metadata_lines_.push_back(known);
}

void ScrapeCache::RepeatSeries(Line line, bool track) {
  (void)See(line.index());
  if (track) Track(line.index());
}

// The page went its own way: what had been in step until here is noted like the rest.
void ScrapeCache::WriteDownSteps() {
  in_step_ = false;
  for (std::size_t i = 0; i < steps_; ++i) {
    const Line line = order_[i];
    if (!line.is_series()) {
      RepeatMetadata(line);
      continue;
    }
    const bool track = series_[line.index()].tracked_scrape + 1 == scrape_;
    (void)See(line.index());
    if (track) Track(line.index());
  }
  steps_ = 0;
}

// Leaves the table; whoever follows moves up, unless that would put him in front of his home.
void ScrapeCache::Erase(std::uint32_t index) {
  const std::size_t mask = slots_.size() - 1;
  std::size_t hole = series_[index].hash & mask;
  while (slots_[hole] != index + 1) hole = (hole + 1) & mask;
  for (std::size_t slot = (hole + 1) & mask; slots_[slot] != 0; slot = (slot + 1) & mask) {
    const std::size_t home = series_[slots_[slot] - 1].hash & mask;
    if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
    slots_[hole] = slots_[slot];
    hole = slot;
  }
  slots_[hole] = 0;
}

void ScrapeCache::Forget() {
  for (std::uint32_t index = 0; index < series_.size(); ++index) {
    Series& entry = series_[index];
    if (!entry.used || entry.last_scrape == scrape_) continue;
    Erase(index);
    entry = Series();
    free_.push_back(index);
    --used_;
  }
  ForgetFamilies();
}

void ScrapeCache::ForgetFamilies() {
  aging_families_ = false;
  std::erase_if(families_, [this](const auto& item) {
    const std::uint32_t age = scrape_ - item.second.last_scrape;
    aging_families_ = aging_families_ || age > 0;
    return age > kMetadataScrapes;
  });
}

bool ScrapeCache::EndScrape(bool complete) {
  if (complete && in_step_ && steps_ == order_.size() && steps_ > 0 && !aging_families_) {
    steps_ = 0;
    return false;
  }
  LeaveStep();
  const std::size_t count = used_ + families_.size();
  bool forced = false;
  bool flush = complete;
  if (complete) {
    order_.swap(next_order_);
    metadata_lines_.swap(next_metadata_lines_);
    Trim(order_);
    Trim(metadata_lines_);
    Trim(series_);
    repeats_ = seen_ != next_series_;
    for (std::uint32_t i = 0; i < order_.size(); ++i) {
      if (order_[i].is_series()) series_[order_[i].index()].position = i;
    }
    successful_count_ = count;
  } else if (count > successful_count_ * 2 + 1000) {
    flush = forced = true;
  }
  if (flush) {
    // Lines of the kept order must not point at what is forgotten.
    if (!complete) {
      order_.clear();
      metadata_lines_.clear();
    }
    Forget();
  }
  tracked_before_.swap(tracked_);
  NextScrape();
  return forced;
}

void ScrapeCache::NextScrape() {
  next_order_.clear();
  next_metadata_lines_.clear();
  tracked_.clear();
  next_series_ = 0;
  seen_ = 0;
  in_step_ = !repeats_;
  ++scrape_;
}

void ScrapeCache::AbandonScrape() {
  LeaveStep();
  // Its order is no order to predict by, and the one before has been left.
  order_.clear();
  metadata_lines_.clear();
  repeats_ = false;
  for (const std::uint32_t index : tracked_) series_[index].tracked_scrape = 0;
  NextScrape();
}

std::size_t ScrapeCache::metadata_bytes() const {
  std::size_t bytes = 0;
  for (const auto& [name, family] : families_) {
    bytes += name.size() + family.metadata.help.size() + family.metadata.unit.size();
  }
  return bytes;
}

}  // namespace meerkat::scrape
