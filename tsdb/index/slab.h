#pragma once

#include <bit>
#include <cstdint>
#include <memory>
#include <vector>

namespace meerkat::tsdb {

// Records of `width` Ts each, numbered from 0, in pages of 256: growing never copies, numbers are
// used again, and a page that holds nothing any more is given back.
template <typename T>
class Slab {
 public:
  static constexpr std::uint32_t kPage = 256;

  explicit Slab(std::size_t width = 1) : width_(width) {}

  // A fresh record; its Ts are as T() made them.
  std::uint32_t Take() {
    if (roomy_.empty()) {
      roomy_.push_back(static_cast<std::uint32_t>(pages_.size()));
      pages_.emplace_back();
    }
    const std::uint32_t number = roomy_.back();
    Page& page = pages_[number];
    if (page.records == nullptr) page.records = std::make_unique<T[]>(kPage * width_);
    std::uint32_t word = 0;
    while (page.mask[word] == ~std::uint64_t{0}) ++word;
    const auto bit = static_cast<std::uint32_t>(std::countr_one(page.mask[word]));
    page.mask[word] |= std::uint64_t{1} << bit;
    if (++page.used == kPage) roomy_.pop_back();
    return number * kPage + 64 * word + bit;
  }

  void Give(std::uint32_t record) {
    Page& page = pages_[record / kPage];
    if (page.used == kPage) roomy_.push_back(record / kPage);
    page.mask[record % kPage / 64] &= ~(std::uint64_t{1} << (record % 64));
    --page.used;
    T* at = page.records.get() + record % kPage * width_;
    for (std::size_t i = 0; i < width_; ++i) at[i] = T();
    if (page.used == 0) page.records = nullptr;
  }

  // Forgets the empty pages at the end.
  void Shrink() {
    std::size_t kept = pages_.size();
    while (kept > 0 && pages_[kept - 1].used == 0) --kept;
    if (kept == pages_.size()) return;
    std::erase_if(roomy_, [kept](std::uint32_t page) { return page >= kept; });
    roomy_.shrink_to_fit();
    pages_.resize(kept);
    pages_.shrink_to_fit();
  }

  T* operator[](std::uint32_t record) {
    return pages_[record / kPage].records.get() + record % kPage * width_;
  }
  const T* operator[](std::uint32_t record) const {
    return pages_[record / kPage].records.get() + record % kPage * width_;
  }

  std::size_t HeapBytes() const {
    std::size_t bytes = pages_.capacity() * sizeof(Page) + roomy_.capacity() * sizeof(roomy_[0]);
    for (const Page& page : pages_) {
      if (page.records != nullptr) bytes += kPage * width_ * sizeof(T);
    }
    return bytes;
  }

 private:
  struct Page {
    std::unique_ptr<T[]> records;  // null: nothing in use
    std::uint64_t mask[kPage / 64] = {};
    std::uint32_t used = 0;
  };
  std::size_t width_;
  std::vector<Page> pages_;
  std::vector<std::uint32_t> roomy_;  // the pages with room
};

}  // namespace meerkat::tsdb
