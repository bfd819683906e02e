#include "tsdb/index/postings.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <new>

namespace meerkat::tsdb {
namespace {

// Arrays grow and shrink in place when the allocator can.
template <typename T>
T* Resize(T* old, std::size_t count) {
  auto* grown = static_cast<T*>(std::realloc(old, count * sizeof(T)));
  if (grown == nullptr) throw std::bad_alloc();
  return grown;
}

}  // namespace

bool Postings::Container::Contains(std::uint16_t low) const {
  if (is_bitmap()) return (bits[low / 64] >> (low % 64) & 1) != 0;
  return std::binary_search(list, list + count, low);
}

std::pair<std::uint32_t, std::uint32_t> Postings::Container::Ends() const {
  if (!is_bitmap()) return {list[0], list[count - 1]};
  std::uint32_t first = 0, last = kWords - 1;
  while (bits[first] == 0) ++first;
  while (bits[last] == 0) --last;
  return {64 * first + static_cast<std::uint32_t>(std::countr_zero(bits[first])),
          64 * last + 63 - static_cast<std::uint32_t>(std::countl_zero(bits[last]))};
}

bool Postings::Container::Add(std::uint16_t low) {
  if (is_bitmap()) {
    const std::uint64_t bit = std::uint64_t{1} << (low % 64);
    if ((bits[low / 64] & bit) != 0) return false;
    bits[low / 64] |= bit;
    ++count;
    return true;
  }
  std::uint16_t* at = count == 0 || list[count - 1] < low
                          ? list + count
                          : std::lower_bound(list, list + count, low);
  if (at != list + count && *at == low) return false;
  if (count == kMostInList) {
    ToBitmap();
    return Add(low);
  }
  if (count == capacity) {
    const auto offset = at - list;
    capacity = static_cast<std::uint16_t>(
        std::min<std::uint32_t>(kMostInList, capacity + capacity / 4 + 8));
    list = Resize(list, capacity);
    at = list + offset;
  }
  std::memmove(at + 1, at, static_cast<std::size_t>(list + count - at) * sizeof(*at));
  *at = low;
  ++count;
  return true;
}

bool Postings::Container::Remove(std::uint16_t low) {
  if (is_bitmap()) {
    const std::uint64_t bit = std::uint64_t{1} << (low % 64);
    if ((bits[low / 64] & bit) == 0) return false;
    bits[low / 64] &= ~bit;
    --count;
    // Well below the limit, so that a set at the limit does not go back and forth.
    if (count < kMostInList * 3 / 4) ToList();
    return true;
  }
  std::uint16_t* at = std::lower_bound(list, list + count, low);
  if (at == list + count || *at != low) return false;
  std::memmove(at, at + 1, static_cast<std::size_t>(list + count - at - 1) * sizeof(*at));
  --count;
  if (count > 0 && count < capacity / 2U) {
    capacity = static_cast<std::uint16_t>(count + count / 4 + 1);
    list = Resize(list, capacity);
  }
  return true;
}

void Postings::Container::ToBitmap() {
  auto* words = static_cast<std::uint64_t*>(std::calloc(kWords, sizeof(std::uint64_t)));
  if (words == nullptr) throw std::bad_alloc();
  for (std::uint32_t i = 0; i < count; ++i) {
    words[list[i] / 64] |= std::uint64_t{1} << (list[i] % 64);
  }
  std::free(list);
  bits = words;
  capacity = 0;
}

void Postings::Container::ToList() {
  const auto room = static_cast<std::uint16_t>(count + count / 4 + 1);
  auto* lows = Resize<std::uint16_t>(nullptr, room);
  std::uint32_t next = 0;
  for (std::uint32_t word = 0; word < kWords; ++word) {
    for (std::uint64_t left = bits[word]; left != 0; left &= left - 1) {
      lows[next++] = static_cast<std::uint16_t>(64 * word +
                                                static_cast<std::uint32_t>(std::countr_zero(left)));
    }
  }
  std::free(bits);
  list = lows;
  capacity = room;
}

void Postings::Container::Free() {
  std::free(is_bitmap() ? static_cast<void*>(bits) : list);
}

void Postings::Free() {
  if (form_ == kInContainers) {
    for (Container& c : *containers_) c.Free();
    delete containers_;
  } else if (in_array()) {
    std::free(array_);
  }
}

Postings::Container* Postings::FindContainer(std::uint16_t key) {
  Containers& all = *containers_;
  if (!all.empty() && all.back().key == key) return &all.back();
  const auto at = std::lower_bound(all.begin(), all.end(), key,
                                   [](const Container& c, std::uint16_t k) { return c.key < k; });
  if (at != all.end() && at->key == key) return &*at;
  return nullptr;
}

void Postings::Add(std::uint32_t id) {
  if (form_ == kInContainers) {
    const auto key = static_cast<std::uint16_t>(id >> 16);
    Container* c = FindContainer(key);
    if (c == nullptr) {
      Container fresh;
      fresh.key = key;
      fresh.capacity = 4;
      fresh.list = Resize<std::uint16_t>(nullptr, fresh.capacity);
      const auto at =
          std::lower_bound(containers_->begin(), containers_->end(), key,
                           [](const Container& a, std::uint16_t k) { return a.key < k; });
      c = &*containers_->insert(at, fresh);
    }
    if (c->Add(static_cast<std::uint16_t>(id))) ++count_;
    return;
  }
  std::uint32_t* begin = ids();
  std::uint32_t* end = begin + count_;
  std::uint32_t* at = count_ == 0 || end[-1] < id ? end : std::lower_bound(begin, end, id);
  if (at != end && *at == id) return;
  if (count_ == kMostInArray) {
    ToContainers();
    return Add(id);
  }
  if (count_ == (in_place() ? kInPlace : form_)) {
    const auto offset = at - begin;
    const std::uint32_t capacity = std::min(kMostInArray, count_ + count_ / 2 + 1);
    std::uint32_t* grown;
    if (in_place()) {
      grown = Resize<std::uint32_t>(nullptr, capacity);
      std::memcpy(grown, place_, sizeof(place_));
    } else {
      grown = Resize(array_, capacity);
    }
    array_ = grown;
    form_ = capacity;
    at = grown + offset;
    end = grown + count_;
  }
  std::memmove(at + 1, at, static_cast<std::size_t>(end - at) * sizeof(*at));
  *at = id;
  ++count_;
}

void Postings::Remove(std::uint32_t id) {
  if (form_ == kInContainers) {
    Container* c = FindContainer(static_cast<std::uint16_t>(id >> 16));
    if (c == nullptr || !c->Remove(static_cast<std::uint16_t>(id))) return;
    --count_;
    if (c->count == 0) {
      c->Free();
      containers_->erase(containers_->begin() + (c - containers_->data()));
    }
    if (count_ < kMostInArray / 2) ToArray();
    return;
  }
  std::uint32_t* begin = ids();
  std::uint32_t* end = begin + count_;
  std::uint32_t* at = std::lower_bound(begin, end, id);
  if (at == end || *at != id) return;
  std::memmove(at, at + 1, static_cast<std::size_t>(end - at - 1) * sizeof(*at));
  --count_;
  if (in_array() && count_ == kInPlace) {
    std::uint32_t* old = array_;
    std::memcpy(place_, std::array<std::uint32_t, kInPlace>{old[0], old[1]}.data(), sizeof(place_));
    form_ = 0;
    std::free(old);
  } else if (in_array() && count_ < form_ / 2) {
    form_ = count_ + count_ / 4 + 1;
    array_ = Resize(array_, form_);
  }
}

void Postings::ToContainers() {
  Postings fresh;
  fresh.form_ = kInContainers;
  fresh.containers_ = new Containers;
  for (std::uint32_t i = 0; i < count_; ++i) fresh.Add(ids()[i]);
  Swap(fresh);
}

void Postings::ToArray() {
  Postings fresh;
  fresh.form_ = count_ + count_ / 4 + 1;
  fresh.array_ = Resize<std::uint32_t>(nullptr, fresh.form_);
  ForEach([&fresh](std::uint32_t id) { fresh.array_[fresh.count_++] = id; });
  Swap(fresh);
}

std::pair<std::uint32_t, std::uint32_t> Postings::Ends() const {
  if (form_ != kInContainers) return {ids()[0], ids()[count_ - 1]};
  const Container& first = containers_->front();
  const Container& last = containers_->back();
  return {std::uint32_t{first.key} << 16 | first.Ends().first,
          std::uint32_t{last.key} << 16 | last.Ends().second};
}

void Postings::PrefetchEnd(std::uint32_t id, int step) const {
  if (form_ != kInContainers) {
    if (step == 0 && in_array()) __builtin_prefetch(array_ + count_, 1);
    return;
  }
  if (step == 0) return __builtin_prefetch(containers_);
  const Container& last = containers_->back();
  if (step == 1) return __builtin_prefetch(&last, 1);
  if (last.is_bitmap()) {
    __builtin_prefetch(last.bits + (id & 0xffff) / 64, 1);
  } else {
    __builtin_prefetch(last.list + last.count, 1);
  }
}

bool Postings::Contains(std::uint32_t id) const {
  if (form_ != kInContainers) return std::binary_search(ids(), ids() + count_, id);
  const Container* c =
      const_cast<Postings*>(this)->FindContainer(static_cast<std::uint16_t>(id >> 16));
  return c != nullptr && c->Contains(static_cast<std::uint16_t>(id));
}

void Postings::AppendTo(std::vector<std::uint32_t>& out) const {
  out.reserve(out.size() + count_);
  ForEach([&out](std::uint32_t id) { out.push_back(id); });
}

template <bool kKeepMembers>
void Postings::Filter(std::vector<std::uint32_t>& candidates) const {
  auto kept = candidates.begin();
  if (form_ != kInContainers) {
    const std::uint32_t* at = ids();
    const std::uint32_t* end = at + count_;
    for (const std::uint32_t id : candidates) {
      while (at != end && *at < id) ++at;
      const bool member = at != end && *at == id;
      if (member == kKeepMembers) *kept++ = id;
    }
  } else {
    // One container after the other: the candidates ascend as well.
    auto container = containers_->begin();
    std::size_t i = 0;
    while (i < candidates.size()) {
      const auto key = static_cast<std::uint16_t>(candidates[i] >> 16);
      while (container != containers_->end() && container->key < key) ++container;
      const bool there = container != containers_->end() && container->key == key;
      const std::uint16_t* low = there && !container->is_bitmap() ? container->list : nullptr;
      const std::uint16_t* end = low == nullptr ? nullptr : low + container->count;
      for (; i < candidates.size() && candidates[i] >> 16 == key; ++i) {
        const auto wanted = static_cast<std::uint16_t>(candidates[i]);
        bool member = there;
        if (low != nullptr) {
          // Far ahead: leap, then look closely.
          while (end - low > 16 && low[16] < wanted) low += 16;
          while (low != end && *low < wanted) ++low;
          member = low != end && *low == wanted;
        } else if (there) {
          member = (container->bits[wanted / 64] >> (wanted % 64) & 1) != 0;
        }
        if (member == kKeepMembers) *kept++ = candidates[i];
      }
    }
  }
  candidates.erase(kept, candidates.end());
}

void Postings::Intersect(std::vector<std::uint32_t>& candidates) const {
  Filter<true>(candidates);
}
void Postings::Subtract(std::vector<std::uint32_t>& candidates) const {
  Filter<false>(candidates);
}

// Two lists side by side. The longer one is crossed in strides of about what lies between two ids
// of the shorter, so that lists of like length cost a step each, and a short one little of a long
// one.
template <typename F>
void Postings::ForEachCommon(const Container& fewer, const Container& more, F&& f) {
  const std::uint16_t* at = more.list;
  const std::uint16_t* const end = at + more.count;
  const std::ptrdiff_t stride = std::max<std::ptrdiff_t>(1, more.count / fewer.count);
  for (std::uint32_t i = 0; i < fewer.count; ++i) {
    const std::uint16_t wanted = fewer.list[i];
    while (end - at > stride && at[stride] < wanted) at += stride;
    while (at != end && *at < wanted) ++at;
    if (at == end) return;
    if (*at == wanted) f(wanted);
  }
}

void Postings::AppendCommon(const Postings& other, std::vector<std::uint32_t>& out) const {
  if (form_ != kInContainers || other.form_ != kInContainers) {
    std::vector<std::uint32_t> ids;
    const bool fewer = count_ <= other.count_;
    (fewer ? *this : other).AppendTo(ids);
    (fewer ? other : *this).Intersect(ids);
    out.insert(out.end(), ids.begin(), ids.end());
    return;
  }
  const auto put = [&out](std::uint32_t id) { out.push_back(id); };
  auto b = other.containers_->begin();
  for (const Container& a : *containers_) {
    while (b != other.containers_->end() && b->key < a.key) ++b;
    if (b == other.containers_->end()) break;
    if (b->key != a.key) continue;
    const std::uint32_t high = std::uint32_t{a.key} << 16;
    if (a.is_bitmap() && b->is_bitmap()) {
      for (std::uint32_t word = 0; word < kWords; ++word) {
        ForEachBit(high, word, a.bits[word] & b->bits[word], put);
      }
      continue;
    }
    if (!a.is_bitmap() && !b->is_bitmap()) {
      const bool fewer = a.count <= b->count;
      ForEachCommon(fewer ? a : *b, fewer ? *b : a, [&](std::uint16_t low) { put(high | low); });
      continue;
    }
    const Container& list = b->is_bitmap() ? a : *b;
    const Container& asked = b->is_bitmap() ? *b : a;
    for (std::uint32_t i = 0; i < list.count; ++i) {
      if (asked.Contains(list.list[i])) put(high | list.list[i]);
    }
  }
}

std::size_t Postings::HeapBytes() const {
  if (in_place()) return 0;
  if (in_array()) return form_ * sizeof(std::uint32_t);
  std::size_t bytes = sizeof(Containers) + containers_->capacity() * sizeof(Container);
  for (const Container& c : *containers_) {
    bytes += c.is_bitmap() ? kWords * sizeof(std::uint64_t) : c.capacity * sizeof(std::uint16_t);
  }
  return bytes;
}

}  // namespace meerkat::tsdb
