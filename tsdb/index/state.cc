#include "tsdb/index/state.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <cassert>

namespace meerkat::tsdb {
namespace {

std::uint32_t PairHash(std::uint32_t name, std::string_view value) {
  return static_cast<std::uint32_t>(XXH3_64bits_withSeed(value.data(), value.size(), name) >> 32);
}

// Sweeping walks over all values of a name: only when it pays for many.
constexpr std::uint32_t kFewDead = 64;

}  // namespace

HeapText::HeapText(std::string_view text)
    : bytes_(std::make_unique_for_overwrite<char[]>(4 + text.size())) {
  const auto size = static_cast<std::uint32_t>(text.size());
  std::memcpy(bytes_.get(), &size, 4);
  std::memcpy(bytes_.get() + 4, text.data(), text.size());
}

std::string_view HeapText::view() const {
  std::uint32_t size;
  std::memcpy(&size, bytes_.get(), 4);
  return {bytes_.get() + 4, size};
}

std::uint32_t KnownLabels::BytesOf(const Labels& labels) {
  std::size_t bytes = 0;
  for (const Label label : labels) bytes += label.name.size() + label.value.size();
  return static_cast<std::uint32_t>(std::min<std::size_t>(bytes, kLongest + 1));
}

void KnownLabels::Forget(SeriesId id) {
  const MutexLock lock(mu_);
  if (places_.empty()) return;
  Place& place = places_[id % kPlaces];
  if (place.id != id) return;
  bytes_ -= place.bytes;
  place = {};
}

std::size_t KnownLabels::HeapBytes() const {
  const MutexLock lock(mu_);
  return places_.capacity() * sizeof(Place) + bytes_;
}

std::span<const IndexState::PairId> IndexState::PairsOf(SeriesId id) const {
  const std::size_t page = id / kEntryPage;
  if (page >= entries.size() || entries[page] == nullptr) return {};
  const Entry entry = entries[page]->entries[id % kEntryPage];
  if (entry.labels == 0) return {};
  return {(*records[entry.labels])[entry.record], entry.labels};
}

Labels IndexState::LabelsOf(SeriesId id) const {
  const std::span<const PairId> list = PairsOf(id);
  constexpr std::size_t kUsual = 24;
  std::array<Label, kUsual> usual;
  std::vector<Label> many;
  if (list.size() > kUsual) many.resize(list.size());
  Label* labels = many.empty() ? usual.data() : many.data();
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Pair& p = pair(list[i]);
    labels[i] = {names[p.name].text, p.value.view()};
  }
  return Labels::FromSorted({labels, list.size()});
}

bool IndexState::Same(SeriesId id, const Labels& labels) const {
  const std::span<const PairId> list = PairsOf(id);
  if (list.size() != labels.size()) return false;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Pair& p = pair(list[i]);
    const Label label = labels[i];
    if (p.value.view() != label.value || names[p.name].text != label.name) return false;
  }
  return true;
}

std::optional<SeriesId> IndexState::Find(const Labels& labels) const {
  return TableOf(labels).Find(SlotHash(labels), [&](SeriesId id) { return Same(id, labels); });
}

std::optional<IndexState::NameId> IndexState::FindName(std::string_view name) const {
  const auto at = names_by_text.find(name);
  if (at == names_by_text.end()) return std::nullopt;
  return at->second;
}

std::optional<IndexState::PairId> IndexState::FindPair(NameId name, std::string_view value) const {
  return pairs_by_text.Find(PairHash(name, value), [&](PairId id) {
    const Pair& p = pair(id);
    return p.name == name && p.value.view() == value;
  });
}

std::optional<IndexState::PairId> IndexState::PairOf(SeriesId id, NameId name) const {
  for (const PairId p : PairsOf(id)) {
    if (pair(p).name == name) return p;
  }
  return std::nullopt;
}

IndexState::NameId IndexState::MakeName(std::string_view name) {
  if (const auto known = FindName(name)) return *known;
  NameId id;
  if (free_names.empty()) {
    id = static_cast<NameId>(names.size());
    names.emplace_back();
  } else {
    id = free_names.back();
    free_names.pop_back();
  }
  names[id].text = name;
  names_by_text.emplace(name, id);
  return id;
}

IndexState::PairId IndexState::MakePair(NameId name, std::string_view value) {
  if (const auto known = FindPair(name, value)) return *known;
  const PairId id = pairs.Take();
  Pair& fresh = *pairs[id];
  fresh.value = HeapText(value);
  fresh.name = name;
  names[name].pairs.push_back(id);
  ++names[name].dead;
  pairs_by_text.Insert(PairHash(name, value), id);
  return id;
}

// Series come by target and family: most labels are those of the series before.
IndexState::PairId IndexState::MakePair(Label label, std::span<const PairId>& before) {
  while (!before.empty()) {
    const Pair& p = pair(before.front());
    const int order = std::string_view(names[p.name].text).compare(label.name);
    if (order > 0) break;
    const PairId id = before.front();
    before = before.subspan(1);
    if (order < 0) continue;
    return p.value.view() == label.value ? id : MakePair(p.name, label.value);
  }
  return MakePair(MakeName(label.name), label.value);
}

Index::Added IndexState::Add(const Labels& labels, SeriesId id) {
  if (const auto known = Find(labels)) return {*known, false};
  assert(!Has(id) && id != ~SeriesId{0});
  const std::size_t page = id / kEntryPage;
  if (page >= entries.size()) entries.resize(page + 1);
  if (entries[page] == nullptr) entries[page] = std::make_unique<EntryPage>();
  ++entries[page]->used;
  const auto count = static_cast<std::uint32_t>(labels.size());
  if (count > 0) {
    if (count >= records.size()) records.resize(count + 1);
    if (records[count] == nullptr) records[count] = std::make_unique<Slab<PairId>>(count);
    const std::uint32_t record = records[count]->Take();
    PairId* list = (*records[count])[record];
    std::span<const PairId> before = newest;
    // The sets of some ten labels lie anywhere in memory, each behind three pointers: they are
    // fetched side by side, pointer by pointer.
    const auto fetch = [&](PairId p, int step) {
      pair(p).series.PrefetchEnd(id, step);
      names[pair(p).name].series.PrefetchEnd(id, step);
    };
    for (std::uint32_t i = 0; i < count; ++i) {
      list[i] = MakePair(labels[i], before);
      fetch(list[i], 0);
    }
    for (const int step : {1, 2}) {
      for (std::uint32_t i = 0; i < count; ++i) fetch(list[i], step);
    }
    for (std::uint32_t i = 0; i < count; ++i) {
      Pair& at = *pairs[list[i]];
      Name& name = names[at.name];
      if (at.series.empty()) --name.dead;
      at.series.Add(id);
      name.series.Add(id);
    }
    newest.assign(list, list + count);
    entries[page]->entries[id % kEntryPage] = {record, count};
  }
  TableOf(labels).Insert(SlotHash(labels), id);
  all.Add(id);
  next_id = std::max(next_id, id + 1);
  return {id, true};
}

void IndexState::Remove(SeriesId id) {
  if (!Has(id)) return;
  newest.clear();
  known_labels.Forget(id);
  const Labels labels = LabelsOf(id);
  TableOf(labels).Erase(SlotHash(labels), id);
  all.Remove(id);
  EntryPage& page = *entries[id / kEntryPage];
  Entry& entry = page.entries[id % kEntryPage];
  if (entry.labels > 0) {
    Slab<PairId>& slab = *records[entry.labels];
    const PairId* list = slab[entry.record];
    const std::vector<PairId> gone(list, list + entry.labels);
    slab.Give(entry.record);
    entry = {};
    for (const PairId p : gone) {
      const NameId name = pair(p).name;
      names[name].series.Remove(id);
      pairs[p]->series.Remove(id);
      if (!pair(p).series.empty()) continue;
      const std::uint32_t dead = ++names[name].dead;
      if (names[name].series.empty() || dead > kFewDead + names[name].pairs.size() / 2) {
        Sweep(name);
      }
    }
  }
  if (--page.used == 0) entries[id / kEntryPage] = nullptr;
}

// Forgets the values of a name that no series has any more, and the name with the last of them.
void IndexState::Sweep(NameId id) {
  Name& name = names[id];
  auto kept = name.pairs.begin();
  for (const PairId p : name.pairs) {
    if (!pair(p).series.empty()) {
      *kept++ = p;
      continue;
    }
    pairs_by_text.Erase(PairHash(id, pair(p).value.view()), p);
    pairs.Give(p);
  }
  name.pairs.erase(kept, name.pairs.end());
  name.pairs.shrink_to_fit();
  name.dead = 0;
  if (!name.pairs.empty()) return;
  names_by_text.erase(name.text);
  name = Name();
  free_names.push_back(id);
}

void IndexState::Shrink() {
  for (NameId id = 0; id < names.size(); ++id) {
    // Looking at sixteen values to be rid of one is worth it; more is not.
    if (names[id].dead > names[id].pairs.size() / 16) Sweep(id);
    names[id].series.Shrink();
    for (const PairId pair : names[id].pairs) pairs[pair]->series.Shrink();
  }
  for (IdTable& table : by_labels) table.Shrink();
  pairs_by_text.Shrink();
  pairs.Shrink();
  for (const auto& slab : records) {
    if (slab != nullptr) slab->Shrink();
  }
}

std::size_t IndexState::HeapBytes() const {
  std::size_t bytes =
      all.HeapBytes() + known_labels.HeapBytes() + entries.capacity() * sizeof(entries[0]);
  for (const auto& page : entries) bytes += page == nullptr ? 0 : sizeof(EntryPage);
  for (const auto& slab : records) bytes += slab == nullptr ? 0 : slab->HeapBytes();
  for (const IdTable& table : by_labels) bytes += table.HeapBytes();
  bytes += pairs.HeapBytes() + pairs_by_text.HeapBytes() + names.capacity() * sizeof(Name);
  for (const Name& name : names) {
    bytes += name.series.HeapBytes() + name.pairs.capacity() * sizeof(PairId);
    for (const PairId p : name.pairs) {
      bytes += pair(p).value.HeapBytes() + pair(p).series.HeapBytes();
    }
  }
  return bytes;
}

}  // namespace meerkat::tsdb
