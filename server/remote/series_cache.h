#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
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
//
// Senders name their series in the same order every time: whoever keeps a Trail finds the next one
// where the last one was found, instead of at a random place in memory. That was a quarter of the
// CPU time of remote write.
// Threads: any, each with a Trail of its own.
class SeriesCache {
 public:
  static constexpr std::size_t kShards = 16;
  // Where the next series of a request may lie. Any state will do, a wrong one costs a lookup.
  struct Trail {
    std::array<std::uint32_t, kShards> next{};
  };

  explicit SeriesCache(std::size_t capacity = 2'000'000);

  SeriesKey KeyOf(std::string_view bytes) const;

  tsdb::SeriesRef Find(SeriesKey key, Trail& trail);  // kNone when unknown
  void Put(SeriesKey key, tsdb::SeriesRef ref);

 private:
  // Entries in the order of their coming, and an open table of their places.
  class Generation {
   public:
    std::size_t size() const { return entries_.size(); }
    std::optional<std::uint32_t> Find(SeriesKey key) const;
    bool Holds(std::uint32_t at, SeriesKey key) const {
      return at < entries_.size() && entries_[at].key == key;
    }
    tsdb::SeriesRef& ref(std::uint32_t at) { return entries_[at].ref; }
    // A key that is not in it. Gives its place.
    std::uint32_t Add(SeriesKey key, tsdb::SeriesRef ref);

   private:
    struct Entry {
      SeriesKey key;
      tsdb::SeriesRef ref;
    };
    std::size_t FirstSlot(SeriesKey key) const { return key.low & (slots_.size() - 1); }
    void Grow();

    std::vector<Entry> entries_;
    std::vector<std::uint32_t> slots_;  // a power of two; the place plus one, 0: free
  };
  struct alignas(64) Shard {
    Mutex mu;
    Generation young GUARDED_BY(mu);
    Generation old GUARDED_BY(mu);
  };
  std::uint32_t Add(Shard& shard, SeriesKey key, tsdb::SeriesRef ref) REQUIRES(shard.mu);

  const std::uint64_t seed_;
  const std::size_t generation_;  // entries of one shard's generation
  std::array<Shard, kShards> shards_;
};

}  // namespace meerkat::remote
