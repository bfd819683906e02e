#include "server/remote/series_cache.h"

#include <xxhash.h>

#include <algorithm>
#include <random>
#include <utility>

namespace meerkat::remote {

SeriesCache::SeriesCache(std::size_t capacity)
    : seed_((static_cast<std::uint64_t>(std::random_device{}()) << 32) ^ std::random_device{}()),
      generation_(capacity / kShards / 2 + 1) {}

SeriesKey SeriesCache::KeyOf(std::string_view bytes) const {
  const XXH128_hash_t hash = XXH3_128bits_withSeed(bytes.data(), bytes.size(), seed_);
  return {hash.high64, hash.low64};
}

std::optional<std::uint32_t> SeriesCache::Generation::Find(SeriesKey key) const {
  if (slots_.empty()) return std::nullopt;
  for (std::size_t slot = FirstSlot(key); slots_[slot] != 0;
       slot = (slot + 1) & (slots_.size() - 1)) {
    const std::uint32_t at = slots_[slot] - 1;
    if (entries_[at].key == key) return at;
  }
  return std::nullopt;
}

std::uint32_t SeriesCache::Generation::Add(SeriesKey key, tsdb::SeriesRef ref) {
  if (2 * (entries_.size() + 1) > slots_.size()) Grow();
  entries_.push_back({key, ref});
  const auto place = static_cast<std::uint32_t>(entries_.size());
  std::size_t slot = FirstSlot(key);
  while (slots_[slot] != 0) slot = (slot + 1) & (slots_.size() - 1);
  slots_[slot] = place;
  return place - 1;
}

void SeriesCache::Generation::Grow() {
  constexpr std::size_t kLeast = 64;
  slots_.assign(std::max(kLeast, 2 * slots_.size()), 0);
  for (std::uint32_t place = 1; place <= entries_.size(); ++place) {
    std::size_t slot = FirstSlot(entries_[place - 1].key);
    while (slots_[slot] != 0) slot = (slot + 1) & (slots_.size() - 1);
    slots_[slot] = place;
  }
}

std::uint32_t SeriesCache::Add(Shard& shard, SeriesKey key, tsdb::SeriesRef ref) {
  if (shard.young.size() >= generation_) shard.old = std::exchange(shard.young, Generation());
  return shard.young.Add(key, ref);
}

tsdb::SeriesRef SeriesCache::Find(SeriesKey key, Trail& trail) {
  const std::size_t number = key.high % kShards;
  Shard& shard = shards_[number];
  std::uint32_t& next = trail.next[number];
  MutexLock lock(shard.mu);
  if (shard.young.Holds(next, key)) return shard.young.ref(next++);
  if (const auto at = shard.young.Find(key)) {
    next = *at + 1;
    return shard.young.ref(*at);
  }
  const auto at = shard.old.Find(key);
  if (!at) return tsdb::SeriesRef::kNone;
  const tsdb::SeriesRef ref = shard.old.ref(*at);
  next = Add(shard, key, ref) + 1;
  return ref;
}

void SeriesCache::Put(SeriesKey key, tsdb::SeriesRef ref) {
  Shard& shard = shards_[key.high % kShards];
  MutexLock lock(shard.mu);
  if (const auto at = shard.young.Find(key)) {
    shard.young.ref(*at) = ref;
  } else {
    Add(shard, key, ref);
  }
}

}  // namespace meerkat::remote
