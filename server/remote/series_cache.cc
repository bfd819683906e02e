#include "server/remote/series_cache.h"

#include <xxhash.h>

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

void SeriesCache::Keep(Shard& shard, SeriesKey key, tsdb::SeriesRef ref) {
  if (shard.young.size() >= generation_) {
    shard.old.swap(shard.young);
    shard.young.clear();
  }
  shard.young[key] = ref;
}

tsdb::SeriesRef SeriesCache::Find(SeriesKey key) {
  Shard& shard = ShardOf(key);
  MutexLock lock(shard.mu);
  if (const auto found = shard.young.find(key); found != shard.young.end()) return found->second;
  const auto found = shard.old.find(key);
  if (found == shard.old.end()) return tsdb::SeriesRef::kNone;
  const tsdb::SeriesRef ref = found->second;
  Keep(shard, key, ref);
  return ref;
}

void SeriesCache::Put(SeriesKey key, tsdb::SeriesRef ref) {
  Shard& shard = ShardOf(key);
  MutexLock lock(shard.mu);
  Keep(shard, key, ref);
}

}  // namespace meerkat::remote
