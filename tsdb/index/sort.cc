// Series in label order without comparing their labels time and again: the distinct pairs that tell
// the series apart are few beside the comparisons of a sort, so they alone are compared as text.
// A series is then the list of its pairs' ranks, packed into words that compare as numbers.
#include <algorithm>
#include <bit>
#include <cstdint>
#include <numeric>

#include "tsdb/index/state.h"

namespace meerkat::tsdb {
namespace {

using PairId = IndexState::PairId;

// Numbers distinct pairs in the order they come: an open hash table that doubles.
class PairNumbers {
 public:
  PairNumbers() : slots_(256) {}

  std::uint32_t Of(PairId pair) {
    std::size_t at = SlotOf(pair);
    if (slots_[at].number == 0) {
      if (2 * (pairs_.size() + 1) > slots_.size()) {
        Grow();
        at = SlotOf(pair);
      }
      pairs_.push_back(pair);
      slots_[at] = {pair, static_cast<std::uint32_t>(pairs_.size())};
    }
    return slots_[at].number - 1;
  }
  const std::vector<PairId>& pairs() const { return pairs_; }

 private:
  struct Slot {
    PairId pair = 0;
    std::uint32_t number = 0;  // from 1; 0: free
  };

  std::size_t SlotOf(PairId pair) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = (pair * 0x9E3779B1U) >> 7 & mask;
    while (slots_[at].number != 0 && slots_[at].pair != pair) at = (at + 1) & mask;
    return at;
  }
  void Grow() {
    slots_.assign(slots_.size() * 2, Slot());
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
      slots_[SlotOf(pairs_[i])] = {pairs_[i], static_cast<std::uint32_t>(i + 1)};
    }
  }

  std::vector<Slot> slots_;
  std::vector<PairId> pairs_;
};

// The positions at which not all of the lists have the same pair.
std::vector<std::uint32_t> VaryingPositions(const std::vector<std::span<const PairId>>& lists) {
  std::size_t longest = 0, shortest = lists[0].size();
  for (const auto& list : lists) {
    longest = std::max(longest, list.size());
    shortest = std::min(shortest, list.size());
  }
  std::vector<bool> varies(longest, true);
  std::fill(varies.begin(), varies.begin() + static_cast<std::ptrdiff_t>(shortest), false);
  for (const auto& list : lists) {
    for (std::size_t p = 0; p < shortest; ++p) {
      if (list[p] != lists[0][p]) varies[p] = true;
    }
  }
  std::vector<std::uint32_t> positions;
  for (std::uint32_t p = 0; p < longest; ++p) {
    if (varies[p]) positions.push_back(p);
  }
  return positions;
}

}  // namespace

void SortSeries(const IndexState& state, std::vector<SeriesId>& ids) {
  if (ids.size() < 2) return;
  std::vector<std::span<const PairId>> lists(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) lists[i] = state.PairsOf(ids[i]);
  const std::vector<std::uint32_t> positions = VaryingPositions(lists);

  PairNumbers numbers;
  for (const auto& list : lists) {
    for (const std::uint32_t p : positions) {
      if (p < list.size()) numbers.Of(list[p]);
    }
  }
  std::vector<std::uint32_t> by_text(numbers.pairs().size());
  std::iota(by_text.begin(), by_text.end(), 0);
  std::sort(by_text.begin(), by_text.end(), [&](std::uint32_t a, std::uint32_t b) {
    const IndexState::Pair& left = state.pair(numbers.pairs()[a]);
    const IndexState::Pair& right = state.pair(numbers.pairs()[b]);
    if (left.name != right.name) return state.names[left.name].text < state.names[right.name].text;
    return left.value.view() < right.value.view();
  });
  std::vector<std::uint64_t> ranks(by_text.size());
  for (std::size_t i = 0; i < by_text.size(); ++i) ranks[by_text[i]] = i + 1;

  // A list that ends has rank 0 there: the shorter one comes first.
  const std::size_t bits = std::max(1, static_cast<int>(std::bit_width(ranks.size())));
  const std::size_t in_word = 64 / bits;
  const std::size_t words = (positions.size() + in_word - 1) / in_word;
  std::vector<std::uint64_t> keys(ids.size() * words);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    for (std::size_t k = 0; k < positions.size(); ++k) {
      std::uint64_t& word = keys[i * words + k / in_word];
      const bool there = positions[k] < lists[i].size();
      word = word << bits | (there ? ranks[numbers.Of(lists[i][positions[k]])] : 0);
    }
  }
  std::vector<std::uint32_t> order(ids.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    const std::uint64_t* left = keys.data() + a * words;
    const std::uint64_t* right = keys.data() + b * words;
    return std::lexicographical_compare(left, left + words, right, right + words);
  });
  std::vector<SeriesId> sorted(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) sorted[i] = ids[order[i]];
  ids = std::move(sorted);
}

}  // namespace meerkat::tsdb
