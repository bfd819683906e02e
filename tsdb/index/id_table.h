#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace meerkat::tsdb {

// Hash to id, open addressing, 8 bytes a slot. Knows only 32 bits of each hash; whoever asks
// compares what the ids stand for. Deleting leaves no tombstones; the table shrinks again.
class IdTable {
 public:
  // The id with this hash for which same(id) holds.
  template <typename Same>
  std::optional<std::uint32_t> Find(std::uint32_t hash, Same&& same) const {
    if (slots_.empty()) return std::nullopt;
    for (std::size_t at = Home(hash);; at = Next(at)) {
      const Slot slot = slots_[at];
      if (slot.id == kFree) return std::nullopt;
      if (slot.hash == hash && same(slot.id)) return slot.id;
    }
  }

  // `id` must not be in the table, nor be the greatest number there is.
  void Insert(std::uint32_t hash, std::uint32_t id) {
    if (4 * (count_ + 1) > 3 * slots_.size() + slots_.size() / 4) {  // fuller than 13/16
      Rebuild(slots_.size() + slots_.size() / 2 + 8);
    }
    Place(hash, id);
    ++count_;
  }

  void Erase(std::uint32_t hash, std::uint32_t id) {
    if (slots_.empty()) return;
    std::size_t hole = Home(hash);
    while (slots_[hole].id != id) {
      if (slots_[hole].id == kFree) return;
      hole = Next(hole);
    }
    // Whoever follows moves up, unless that would put him in front of his home.
    for (std::size_t at = Next(hole); slots_[at].id != kFree; at = Next(at)) {
      const std::size_t home = Home(slots_[at].hash);
      const bool may_move = at > hole ? home <= hole || home > at : home <= hole && home > at;
      if (!may_move) continue;
      slots_[hole] = slots_[at];
      hole = at;
    }
    slots_[hole] = Slot{};
    --count_;
    if (count_ == 0) {
      slots_ = {};
    } else if (count_ < slots_.size() / 2 && slots_.size() > 64) {
      Rebuild(count_ + count_ / 2 + 8);  // a quarter must come or go before the next one
    }
  }

  // Gives back the room that erasing left; a tenth stays for those that come next.
  void Shrink() {
    if (slots_.size() > count_ + count_ / 2 + 64) Rebuild(count_ + count_ / 3 + 8);
  }

  std::size_t size() const { return count_; }
  std::size_t HeapBytes() const { return slots_.capacity() * sizeof(Slot); }

 private:
  static constexpr std::uint32_t kFree = ~std::uint32_t{0};
  struct Slot {
    std::uint32_t hash = 0;
    std::uint32_t id = kFree;
  };

  std::size_t Home(std::uint32_t hash) const {
    return static_cast<std::size_t>(std::uint64_t{hash} * slots_.size() >> 32);
  }
  std::size_t Next(std::size_t at) const { return at + 1 == slots_.size() ? 0 : at + 1; }
  void Place(std::uint32_t hash, std::uint32_t id) {
    std::size_t at = Home(hash);
    while (slots_[at].id != kFree) at = Next(at);
    slots_[at] = {hash, id};
  }
  void Rebuild(std::size_t size) {
    std::vector<Slot> old(size);
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.id != kFree) Place(slot.hash, slot.id);
    }
  }

  std::vector<Slot> slots_;
  std::size_t count_ = 0;
};

}  // namespace meerkat::tsdb
