#include "tsdb/compact/block_cache.h"

namespace meerkat::tsdb {

std::shared_ptr<const CachedBlock> BlockCache::Find(std::uint64_t part, std::uint32_t block) {
  const Key key{part, block};
  std::shared_ptr<const CachedBlock> found;
  {
    MutexLock lock(mu_);
    const auto it = by_key_.find(key);
    if (it == by_key_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, it->second);
    found = it->second->block;
    if (++it->second->uses != 1) return found;
  }
  return Inflate(key, found);
}

std::shared_ptr<const CachedBlock> BlockCache::Inflate(
    const Key& key, const std::shared_ptr<const CachedBlock>& found) {
  auto inflated = found->block->Inflated();
  // Damaged sections are for those to report who read them.
  if (!inflated || *inflated == nullptr) return found;
  auto better = std::make_shared<const CachedBlock>(CachedBlock{*inflated, found->times});
  MutexLock lock(mu_);
  const auto it = by_key_.find(key);
  if (it == by_key_.end() || it->second->block != found) return better;
  Entry& entry = *it->second;
  bytes_ -= entry.bytes;
  entry.block = better;
  entry.bytes = BytesOf(**inflated);
  bytes_ += entry.bytes;
  Evict();
  return better;
}

void BlockCache::Evict() {
  while (bytes_ > budget_ && entries_.size() > 1) {
    bytes_ -= entries_.back().bytes;
    by_key_.erase(entries_.back().key);
    entries_.pop_back();
  }
}

std::shared_ptr<const CachedBlock> BlockCache::Insert(std::uint64_t part, std::uint32_t block,
                                                      std::shared_ptr<const Block> opened) {
  const std::shared_ptr<const Block::Times>& times = opened->times();
  // Length and both ends tell columns apart well enough to find candidates.
  std::uint64_t content = part * 0x9e3779b97f4a7c15ULL + times->size();
  if (!times->empty()) {
    content ^= static_cast<std::uint64_t>(ToMillis(times->front())) * 0xff51afd7ed558ccdULL;
    content ^= static_cast<std::uint64_t>(ToMillis(times->back())) * 0xc4ceb9fe1a85ec53ULL;
  }
  auto cached = std::make_shared<CachedBlock>(CachedBlock{opened, times});
  MutexLock lock(mu_);
  const Key key{part, block};
  if (const auto it = by_key_.find(key); it != by_key_.end()) return it->second->block;
  const auto [begin, end] = times_.equal_range(content);
  bool shared = false;
  for (auto it = begin; it != end;) {
    const std::shared_ptr<const Block::Times> known = it->second.lock();
    if (known == nullptr) {
      it = times_.erase(it);
      continue;
    }
    if (!shared && *known == *times) {
      cached->times = known;
      shared = true;
    }
    ++it;
  }
  if (!shared) times_.emplace(content, times);
  const std::uint64_t bytes = BytesOf(*opened);
  entries_.push_front({key, cached, bytes});
  by_key_[key] = entries_.begin();
  bytes_ += bytes;
  Evict();
  return cached;
}

void BlockCache::Forget(std::uint64_t part) {
  MutexLock lock(mu_);
  for (auto it = entries_.begin(); it != entries_.end();) {
    if (it->key.part != part) {
      ++it;
      continue;
    }
    bytes_ -= it->bytes;
    by_key_.erase(it->key);
    it = entries_.erase(it);
  }
  std::erase_if(times_, [](const auto& entry) { return entry.second.expired(); });
}

std::uint64_t BlockCache::bytes() const {
  MutexLock lock(mu_);
  return bytes_;
}

}  // namespace meerkat::tsdb
