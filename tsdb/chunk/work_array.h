#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>

namespace meerkat::tsdb {

// A work array for one call: on the stack for the usual column, on the heap for a long one. Its
// contents start unspecified.
template <typename T>
class WorkArray {
 public:
  explicit WorkArray(std::size_t size) : size_(size) {
    if (size > kInline) heap_ = std::make_unique_for_overwrite<T[]>(size);
    data_ = heap_ == nullptr ? inline_.data() : heap_.get();
  }
  WorkArray(const WorkArray&) = delete;
  WorkArray& operator=(const WorkArray&) = delete;

  std::size_t size() const { return size_; }
  T& operator[](std::size_t index) { return data_[index]; }
  std::span<T> span() { return {data_, size_}; }

 private:
  static constexpr std::size_t kInline = 512;
  std::size_t size_;
  T* data_;
  std::unique_ptr<T[]> heap_;
  std::array<T, kInline> inline_;
};

}  // namespace meerkat::tsdb
