#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace meerkat::tsdb {

// A set of series ids, small for few and small for many: up to two ids in place, up to 128 in a
// sorted array, more as a bitmap or a list of 16-bit numbers for each 65,536 neighbouring ids.
// Adding in ascending order is cheap. 16 bytes when empty.
class Postings {
 public:
  Postings() = default;
  Postings(Postings&& other) noexcept { Swap(other); }
  Postings& operator=(Postings&& other) noexcept {
    Swap(other);
    return *this;
  }
  ~Postings() { Free(); }

  std::size_t size() const { return count_; }
  bool empty() const { return count_ == 0; }

  void Add(std::uint32_t id);     // does nothing when it is there
  void Remove(std::uint32_t id);  // does nothing when it is not there
  void Shrink() {                 // gives back the room of what was removed
    if (form_ == kInContainers && containers_->size() < containers_->capacity() / 2) {
      containers_->shrink_to_fit();
    }
  }
  // Fetches the place of an id beyond the greatest one, without waiting for it: to be called with
  // step 0, 1 and 2 while there is other work in between.
  void PrefetchEnd(std::uint32_t id, int step) const;
  bool Contains(std::uint32_t id) const;
  // The smallest and the greatest id; there must be one.
  std::pair<std::uint32_t, std::uint32_t> Ends() const;

  // Calls f(id) for each, ascending.
  template <typename F>
  void ForEach(F&& f) const;
  void AppendTo(std::vector<std::uint32_t>& ids) const;
  // Leaves in the ascending `ids` only those that are / are not in this set.
  void Intersect(std::vector<std::uint32_t>& ids) const;
  void Subtract(std::vector<std::uint32_t>& ids) const;
  // Appends what both sets have; between two bitmaps 64 ids at a time.
  void AppendCommon(const Postings& other, std::vector<std::uint32_t>& ids) const;

  // Beyond sizeof(Postings).
  std::size_t HeapBytes() const;

 private:
  static constexpr std::uint32_t kInPlace = 2;
  static constexpr std::uint32_t kMostInArray = 128;
  static constexpr std::uint32_t kMostInList = 4096;  // from here on a bitmap is smaller
  static constexpr std::size_t kWords = 1024;         // of a bitmap over 65,536 ids

  // The ids that share their upper 16 bits.
  struct Container {
    std::uint16_t key = 0;
    std::uint16_t capacity = 0;  // of the list; 0: `bits` it is
    std::uint32_t count = 0;
    union {
      std::uint16_t* list = nullptr;
      std::uint64_t* bits;
    };
    bool is_bitmap() const { return capacity == 0; }
    bool Contains(std::uint16_t low) const;
    bool Add(std::uint16_t low);
    bool Remove(std::uint16_t low);
    std::pair<std::uint32_t, std::uint32_t> Ends() const;
    void ToBitmap();
    void ToList();
    void Free();
  };
  using Containers = std::vector<Container>;

  template <typename F>
  static void ForEachCommon(const Container& fewer, const Container& more, F&& f);

  bool in_place() const { return form_ == 0; }
  bool in_array() const { return form_ != 0 && form_ != kInContainers; }
  std::uint32_t* ids() { return in_place() ? place_ : array_; }
  const std::uint32_t* ids() const { return in_place() ? place_ : array_; }
  Container* FindContainer(std::uint16_t key);
  void ToContainers();
  void ToArray();
  void Free();
  void Swap(Postings& other) noexcept {
    std::swap(count_, other.count_);
    std::swap(form_, other.form_);
    std::swap(all_, other.all_);
  }
  template <typename F>
  static void ForEachBit(std::uint32_t high, std::uint32_t word, std::uint64_t bits, F& f) {
    for (; bits != 0; bits &= bits - 1) {
      f(high | (64 * word + static_cast<std::uint32_t>(std::countr_zero(bits))));
    }
  }
  template <bool kKeepMembers>
  void Filter(std::vector<std::uint32_t>& ids) const;

  static constexpr std::uint32_t kInContainers = ~std::uint32_t{0};
  std::uint32_t count_ = 0;
  std::uint32_t form_ = 0;  // 0: in place; kInContainers; else the capacity of the array
  union {
    std::uint64_t all_ = 0;
    std::uint32_t place_[kInPlace];
    std::uint32_t* array_;
    Containers* containers_;
  };
};

template <typename F>
void Postings::ForEach(F&& f) const {
  if (form_ != kInContainers) {
    for (std::uint32_t i = 0; i < count_; ++i) f(ids()[i]);
    return;
  }
  for (const Container& c : *containers_) {
    const std::uint32_t high = std::uint32_t{c.key} << 16;
    if (!c.is_bitmap()) {
      for (std::uint32_t i = 0; i < c.count; ++i) f(high | c.list[i]);
      continue;
    }
    for (std::uint32_t word = 0; word < kWords; ++word) ForEachBit(high, word, c.bits[word], f);
  }
}

}  // namespace meerkat::tsdb
