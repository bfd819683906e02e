#include "server/scrape/scrape_cache.h"

#include <cstring>
#include <functional>
#include <utility>

namespace meerkat::scrape {
namespace {

constexpr std::uint64_t kMetadataScrapes = 10;

std::size_t HashOf(std::string_view text) {
  return std::hash<std::string_view>()(text);
}

}  // namespace

std::uint32_t ScrapeCache::Find(std::string_view text) const {
  if (slots_.empty()) return kNoSeries;
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t slot = HashOf(text) & mask; slots_[slot] != 0; slot = (slot + 1) & mask) {
    const std::uint32_t index = slots_[slot] - 1;
    if (series_[index].key() == text) return index;
  }
  return kNoSeries;
}

void ScrapeCache::Insert(std::uint32_t index) {
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = HashOf(series_[index].key()) & mask;
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
  entry.text = std::make_unique_for_overwrite<char[]>(text.size());
  std::memcpy(entry.text.get(), text.data(), text.size());
  entry.length = static_cast<std::uint32_t>(text.size());
  entry.ref = ref;
  entry.dropped = dropped;
  entry.used = true;
  entry.last_scrape = scrape_;
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
  next_order_.push_back({kNoSeries, static_cast<std::uint32_t>(next_metadata_lines_.size())});
  next_metadata_lines_.push_back({std::string(raw), is_type, family});
}

void ScrapeCache::RepeatMetadata(std::uint32_t known) {
  next_order_.push_back({kNoSeries, static_cast<std::uint32_t>(next_metadata_lines_.size())});
  next_metadata_lines_.push_back(std::move(metadata_lines_[known]));
}

// The page went its own way: what had been in step until here is noted like the rest.
void ScrapeCache::WriteDownSteps() {
  in_step_ = false;
  for (std::size_t i = 0; i < steps_; ++i) {
    const Line line = order_[i];
    if (line.series == kNoSeries) {
      RepeatMetadata(line.metadata);
      continue;
    }
    next_order_.push_back(line);
    if (series_[line.series].tracked_scrape == scrape_) tracked_.push_back(line.series);
  }
  steps_ = 0;
}

void ScrapeCache::Forget() {
  bool any = false;
  for (std::uint32_t index = 0; index < series_.size(); ++index) {
    Series& entry = series_[index];
    if (!entry.used || entry.last_scrape == scrape_) continue;
    entry = Series();
    free_.push_back(index);
    --used_;
    any = true;
  }
  if (any) Rehash(slots_.size());
  ForgetFamilies();
}

void ScrapeCache::ForgetFamilies() {
  aging_families_ = false;
  std::erase_if(families_, [this](const auto& item) {
    const std::uint64_t age = scrape_ - item.second.last_scrape;
    aging_families_ = aging_families_ || age > 0;
    return age > kMetadataScrapes;
  });
}

bool ScrapeCache::EndScrape(bool complete) {
  if (complete && in_step_ && steps_ == order_.size() && steps_ > 0) {
    if (aging_families_) ForgetFamilies();
    steps_ = 0;
    ++scrape_;
    return false;
  }
  LeaveStep();
  const std::size_t count = used_ + families_.size();
  bool forced = false;
  bool flush = complete;
  if (complete) {
    order_.swap(next_order_);
    metadata_lines_.swap(next_metadata_lines_);
    for (std::uint32_t i = 0; i < order_.size(); ++i) {
      if (order_[i].series != kNoSeries) series_[order_[i].series].position = i;
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
  next_order_.clear();
  next_metadata_lines_.clear();
  tracked_before_.swap(tracked_);
  tracked_.clear();
  in_step_ = true;
  ++scrape_;
  return forced;
}

void ScrapeCache::AbandonScrape() {
  LeaveStep();
  // Lines moved over from the last order are gone with it, so there is nothing to predict by.
  order_.clear();
  metadata_lines_.clear();
  next_order_.clear();
  next_metadata_lines_.clear();
  for (const std::uint32_t index : tracked_) series_[index].tracked_scrape = 0;
  tracked_.clear();
  in_step_ = true;
  ++scrape_;
}

std::size_t ScrapeCache::metadata_bytes() const {
  std::size_t bytes = 0;
  for (const auto& [name, family] : families_) {
    bytes += name.size() + family.metadata.help.size() + family.metadata.unit.size();
  }
  return bytes;
}

}  // namespace meerkat::scrape
