#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "tsdb/storage.h"

namespace meerkat::remote {

// A digest of the bytes that name a series on the wire. 128 bits under a secret seed: neither
// chance nor a sender can make two series meet.
struct SeriesKey {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  bool operator==(const SeriesKey&) const = default;
};

// Remembers which series the label bytes of a sender mean, so that a usual sample costs one lookup
// and no label parsing. Bounded: two generations, the older is forgotten when the younger is full.
// A ref may be dead by the time it is used; the store says so and the caller resolves again.
// Threads: any.
class SeriesCache {
 public:
  explicit SeriesCache(std::size_t capacity = 2'000'000);

  SeriesKey KeyOf(std::string_view bytes) const;

  tsdb::SeriesRef Find(SeriesKey key);  // kNone when unknown
  void Put(SeriesKey key, tsdb::SeriesRef ref);

 private:
  static constexpr std::size_t kShards = 16;
  struct Hash {
    std::size_t operator()(const SeriesKey& key) const { return key.low; }
  };
  using Map = std::unordered_map<SeriesKey, tsdb::SeriesRef, Hash>;
  struct alignas(64) Shard {
    Mutex mu;
    Map young GUARDED_BY(mu);
    Map old GUARDED_BY(mu);
  };
  Shard& ShardOf(SeriesKey key) { return shards_[key.high % kShards]; }
  void Keep(Shard& shard, SeriesKey key, tsdb::SeriesRef ref) REQUIRES(shard.mu);

  const std::uint64_t seed_;
  const std::size_t generation_;  // entries of one shard's generation
  std::array<Shard, kShards> shards_;
};

}  // namespace meerkat::remote
