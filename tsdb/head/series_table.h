#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "tsdb/index/index.h"

// What the head knows of each series besides its labels, found by id.
namespace meerkat::tsdb {

// Appenders look at last_time and last_value without a lock to judge order; only the committing
// thread writes them.
struct Slot {
  static constexpr std::int64_t kUnknownTime = std::numeric_limits<std::int64_t>::min();
  static constexpr std::uint32_t kUnused = 0;  // states; else the newest epoch that touched it
  static constexpr std::uint32_t kDead = 0xffffffff;
  static constexpr std::uint8_t kDefined = 1;  // its labels are in the journal or the series family
  static constexpr std::uint8_t kHistogramLast = 2;  // the newest sample is a histogram
  static constexpr std::uint8_t kLookedUp = 4;       // last_time says what the parts hold, too
  static constexpr std::uint8_t kRevived = 8;  // back from the attic: an old id without record
  static constexpr std::uint8_t kOnce = 16;    // its labels are in one entry of the journal alone

  std::atomic<std::int64_t> last_time{kUnknownTime};
  std::atomic<std::uint64_t> last_value{0};  // bits of the newest float
  std::atomic<std::uint32_t> state{kUnused};
  std::uint32_t tail = 0xffffffff;  // in the open generation, if that tail names this series
  std::uint32_t base = 0;           // generation in which last_value stands as the one before
  std::uint8_t scale = 0;           // see EncodeValue
  std::atomic<std::uint8_t> flags{0};
  // Of the appender that gave it a sample last: one with another tag has given it none. A tag comes
  // again after 65535 appenders, so the same tag proves nothing.
  std::atomic<std::uint16_t> appender_tag{0};

  bool Is(std::uint8_t flag) const { return (flags.load(std::memory_order_relaxed) & flag) != 0; }
  void Set(std::uint8_t flag, bool on) {
    if (Is(flag) == on) return;  // looking costs next to nothing, changing locks the bus
    if (on) {
      flags.fetch_or(flag, std::memory_order_relaxed);
    } else {
      flags.fetch_and(static_cast<std::uint8_t>(~flag), std::memory_order_relaxed);
    }
  }
};

// Pages of slots by series id; ids of one target are neighbours, so a batch walks memory in order.
// Threads: Find and Make from any (pages appear atomically), TakeDeadPage from one.
class SeriesTable {
 public:
  static constexpr std::size_t kPageSlots = 1024;
  static_assert(sizeof(Slot) == 32);

  SeriesTable();
  ~SeriesTable();
  SeriesTable(const SeriesTable&) = delete;
  SeriesTable& operator=(const SeriesTable&) = delete;

  // nullptr when there is no page; the slot may be free.
  Slot* Find(SeriesId id) const {
    Directory* directory = top_[id >> 21].load(std::memory_order_acquire);
    if (directory == nullptr) return nullptr;
    Page* page = (*directory)[id >> 10 & 2047].load(std::memory_order_acquire);
    return page == nullptr ? nullptr : &(*page)[id & (kPageSlots - 1)];
  }
  // Fetches the slot, if there is one, without waiting for it; any number will do.
  void Prefetch(std::uint64_t id) const {
    if (id > std::numeric_limits<SeriesId>::max()) return;
    if (const Slot* slot = Find(static_cast<SeriesId>(id))) __builtin_prefetch(slot, 1);
  }
  Slot& Make(SeriesId id);
  // Two slots to a cache line, as Expect takes them.
  struct alignas(64) Page : std::array<Slot, kPageSlots> {};
  // Takes the page of `id` out when its slots are all dead; else null. Below `settled` those that
  // were never used count as dead: nobody is about to use them. Whoever found the page before may
  // still look at it: the caller keeps it until nobody can.
  std::unique_ptr<Page> TakeDeadPage(SeriesId id, SeriesId settled);

 private:
  using Directory = std::array<std::atomic<Page*>, 2048>;
  std::unique_ptr<std::atomic<Directory*>[]> top_;  // 2048 directories of 2048 pages
};

}  // namespace meerkat::tsdb
