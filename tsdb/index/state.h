#pragma once

#include <array>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "tsdb/index/id_table.h"
#include "tsdb/index/index.h"
#include "tsdb/index/postings.h"
#include "tsdb/index/slab.h"

namespace meerkat::tsdb {

// A label value on the heap: 8 bytes here, 4 and the text there.
class HeapText {
 public:
  HeapText() = default;
  explicit HeapText(std::string_view text);
  std::string_view view() const;
  std::size_t HeapBytes() const { return bytes_ == nullptr ? 0 : 4 + view().size(); }

 private:
  std::unique_ptr<char[]> bytes_;
};

// Labels that were asked for lately. Dashboards, rules and programs ask for the same few series
// over and over, and putting labels together is a tenth of a small query. Holds at most 1.7 MB.
// Threads: any.
class KnownLabels {
 public:
  // Appends the labels of each; `make(id)` gives those that are not known.
  template <typename Make>
  void Append(std::span<const SeriesId> ids, Make&& make, std::vector<Labels>& out);
  void Forget(SeriesId id);
  std::size_t HeapBytes() const;

 private:
  struct Place {
    SeriesId id = 0;
    std::uint32_t bytes = 0;  // of labels
    Labels labels;            // {}: nobody's
  };
  static constexpr std::size_t kPlaces = 2048;
  static constexpr std::size_t kMany = 256;       // so many are asked for once
  static constexpr std::uint32_t kLongest = 600;  // bytes of names and values
  static std::uint32_t BytesOf(const Labels& labels);

  mutable Mutex mu_;
  std::vector<Place> places_ GUARDED_BY(mu_);  // by id, or none yet
  std::size_t bytes_ GUARDED_BY(mu_) = 0;
};

template <typename Make>
void KnownLabels::Append(std::span<const SeriesId> ids, Make&& make, std::vector<Labels>& out) {
  if (ids.size() > kMany) {
    for (const SeriesId id : ids) out.push_back(make(id));
    return;
  }
  const MutexLock lock(mu_);
  if (places_.empty()) places_.resize(kPlaces);
  for (const SeriesId id : ids) {
    Place& place = places_[id % kPlaces];
    if (place.labels.empty() || place.id != id) {
      Labels labels = make(id);
      const std::uint32_t bytes = BytesOf(labels);
      if (bytes > kLongest) {
        out.push_back(std::move(labels));
        continue;
      }
      bytes_ += bytes;
      bytes_ -= place.bytes;
      place = {id, bytes, std::move(labels)};
    }
    out.push_back(place.labels);
  }
}

// What Index holds, without the lock. Every distinct name=value is a pair; a series is the list of
// its pairs in label order. A pair whose last series went stays until its name is swept, so that
// churn sweeps once per generation and not once per series.
struct IndexState {
  using NameId = std::uint32_t;
  using PairId = std::uint32_t;

  struct Pair {
    HeapText value;
    NameId name = 0;
    Postings series;
  };
  struct Name {
    std::string text;
    Postings series;            // that have the name
    std::vector<PairId> pairs;  // its values, unordered, dead ones included
    std::uint32_t dead = 0;     // pairs without a series
  };
  struct Entry {
    std::uint32_t record = 0;
    std::uint32_t labels = 0;  // 0: a free id, or the series {} (see bare)
  };
  static constexpr std::size_t kEntryPage = 1024;
  struct EntryPage {
    std::uint32_t used = 0;
    std::array<Entry, kEntryPage> entries;
  };

  std::optional<SeriesId> Find(const Labels& labels) const;
  Index::Added Add(const Labels& labels, SeriesId id);
  void Remove(SeriesId id);
  void Shrink();

  bool Has(SeriesId id) const { return all.Contains(id); }
  std::span<const PairId> PairsOf(SeriesId id) const;
  Labels LabelsOf(SeriesId id) const;
  std::optional<NameId> FindName(std::string_view name) const;
  std::optional<PairId> FindPair(NameId name, std::string_view value) const;
  const Pair& pair(PairId id) const { return *pairs[id]; }
  // The value of the pair of `name` the series has, if any.
  std::optional<PairId> PairOf(SeriesId id, NameId name) const;

  std::size_t HeapBytes() const;

  Postings all;
  SeriesId next_id = 0;
  std::vector<std::unique_ptr<EntryPage>> entries;  // by id / kEntryPage; null: nothing there
  // Pair lists by their length: series of one shape share a slab.
  std::vector<std::unique_ptr<Slab<PairId>>> records;
  // By the low bits of the hash: growing one of them does not stop the world.
  std::array<IdTable, 64> by_labels;

  std::map<std::string, NameId, std::less<>> names_by_text;
  std::vector<Name> names;  // empty text: free
  std::vector<NameId> free_names;
  Slab<Pair> pairs;
  IdTable pairs_by_text;
  std::vector<PairId> newest;  // pairs of the series added last; empty after a removal
  mutable KnownLabels known_labels;

 private:
  bool Same(SeriesId id, const Labels& labels) const;
  NameId MakeName(std::string_view name);
  PairId MakePair(NameId name, std::string_view value);
  // The pair of a label; `before` are pairs of another series, those of greater names are left.
  PairId MakePair(Label label, std::span<const PairId>& before);
  void Sweep(NameId name);
  IdTable& TableOf(const Labels& labels) { return by_labels[labels.hash() % by_labels.size()]; }
  const IdTable& TableOf(const Labels& labels) const {
    return by_labels[labels.hash() % by_labels.size()];
  }
  static std::uint32_t SlotHash(const Labels& labels) {
    return static_cast<std::uint32_t>(labels.hash() >> 32);
  }
};

// What regular expressions say of label values. Cheap ones are asked as the need comes up; once
// that has cost `left`, values are noted instead, to be asked when the index is not locked.
class Verdicts {
 public:
  // Before each run of SelectSeries.
  void Begin(std::uint64_t nanoseconds) { left_ = nanoseconds; }
  // False and noted, when it is not known and too dear to be found out now.
  bool Matches(const Matcher& matcher, std::string_view value);
  bool complete() const { return noted_.empty(); }
  // Finds out what was noted.
  Result<> Settle(Interrupt& interrupt);

 private:
  std::uint64_t left_ = 0;
  std::unordered_map<const Matcher*, std::unordered_map<std::string, bool>> known_;
  std::unordered_map<const Matcher*, std::vector<std::string>> noted_;
};

// Ascending ids of the series that match; the algebra behind Index::Select. Nothing when verdicts
// are missing: settle them and try again.
std::optional<std::vector<SeriesId>> SelectSeries(const IndexState& state,
                                                  std::span<const Matcher> matchers,
                                                  Verdicts& verdicts);

// Sorts by labels; what is behind Index::SortByLabels.
void SortSeries(const IndexState& state, std::vector<SeriesId>& ids);

}  // namespace meerkat::tsdb
