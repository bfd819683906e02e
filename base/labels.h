#pragma once

#include <atomic>
#include <compare>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace meerkat {

inline constexpr std::string_view kMetricName = "__name__";

struct Label {
  std::string_view name;
  std::string_view value;
  auto operator<=>(const Label&) const = default;
};

// What identifies a series: name="value" pairs, sorted by name (bytes), names unique, no empty
// values. Immutable, one shared heap block; a copy is a reference count, equality starts at the
// hash. Threads: any number may read and copy the same block.
class Labels {
 public:
  Labels() = default;                           // {}
  Labels(std::initializer_list<Label> labels);  // in any order
  // In any order; empty values are left out; of equal names the last wins.
  static Labels From(std::vector<Label> labels);
  // Already sorted, unique and without empty values: the caller promises.
  static Labels FromSorted(std::span<const Label> labels);

  Labels(const Labels& other) : block_(other.block_) { Ref(); }
  Labels(Labels&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  Labels& operator=(Labels other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~Labels() { Unref(); }

  class Iterator {
   public:
    using value_type = Label;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::input_iterator_tag;
    Iterator() = default;
    Iterator(const Labels* labels, std::size_t index) : labels_(labels), index_(index) {}
    Label operator*() const { return (*labels_)[index_]; }
    Iterator& operator++() {
      ++index_;
      return *this;
    }
    Iterator operator++(int) {
      Iterator old = *this;
      ++index_;
      return old;
    }
    bool operator==(const Iterator& other) const { return index_ == other.index_; }

   private:
    const Labels* labels_ = nullptr;
    std::size_t index_ = 0;
  };

  std::size_t size() const { return block_ == nullptr ? 0 : block_->count; }
  bool empty() const { return size() == 0; }
  Label operator[](std::size_t index) const;
  Iterator begin() const { return {this, 0}; }
  Iterator end() const { return {this, size()}; }

  std::string_view Get(std::string_view name) const;  // "" when absent, as PromQL sees it
  bool Has(std::string_view name) const { return !Get(name).empty(); }
  std::string_view metric_name() const { return Get(kMetricName); }

  // XXH64 of name \xff value \xff …; stable across runs, because it is stored.
  std::uint64_t hash() const { return block_ == nullptr ? kEmptyHash : block_->hash; }

  // Only / without the given names. `names` in any order.
  Labels Keep(std::span<const std::string> names) const;
  Labels Without(std::span<const std::string> names) const;  // keeps __name__ unless listed
  Labels WithoutName() const;                                // drops __name__

  // {__name__="x", a="b"} as {a="b"} with the name in front: x{a="b"}; {} when empty. Upstream's
  // String().
  std::string ToString() const;

  bool operator==(const Labels& other) const;
  // Upstream's order: pair by pair, name then value, then the shorter first.
  std::strong_ordering operator<=>(const Labels& other) const;

 private:
  static constexpr std::uint64_t kEmptyHash = 0xef46db3751d8e999ULL;  // XXH64 of nothing

  // Followed by 2 * count end offsets (uint32) and then the bytes: name, value, name, value …
  struct Block {
    std::atomic<std::uint32_t> refs;
    std::uint32_t count;
    std::uint64_t hash;
  };
  void Ref() const {
    if (block_ != nullptr) block_->refs.fetch_add(1, std::memory_order_relaxed);
  }
  void Unref();

  Block* block_ = nullptr;
};

// Collects changes to a label set. Setting a label to "" deletes it.
class LabelsBuilder {
 public:
  LabelsBuilder() = default;
  explicit LabelsBuilder(const Labels& base) { Reset(base); }

  void Reset(const Labels& base = {});
  LabelsBuilder& Set(std::string_view name, std::string_view value);
  LabelsBuilder& Delete(std::string_view name) { return Set(name, ""); }
  std::string_view Get(std::string_view name) const;
  // The current pairs, sorted by name; valid until the next change.
  const std::vector<std::pair<std::string, std::string>>& pairs() const { return pairs_; }
  Labels Build() const;

 private:
  std::vector<std::pair<std::string, std::string>> pairs_;  // sorted by name
};

// [a-zA-Z_][a-zA-Z0-9_]* and, for metric names, ':' too.
bool IsLegacyLabelName(std::string_view name);
bool IsLegacyMetricName(std::string_view name);

}  // namespace meerkat

template <>
struct std::hash<meerkat::Labels> {
  std::size_t operator()(const meerkat::Labels& labels) const { return labels.hash(); }
};
