#include "tsdb/index/index.h"

#include <algorithm>

#include "tsdb/index/state.h"

namespace meerkat::tsdb {
namespace {

void Cut(std::vector<std::string>& list, std::size_t limit) {
  if (limit != 0 && list.size() > limit) list.resize(limit);
}

// What upstream reckons a name or value takes: its bytes behind their number, which takes one byte,
// or four from 255 on.
std::uint64_t SizeOf(std::string_view text) {
  return text.size() + (text.size() < 255 ? 1 : 4);
}

// Sorts by falling value, then by name, and keeps `limit` of them.
void KeepTop(std::vector<NamedCount>& counts, std::size_t limit) {
  const std::size_t kept = std::min(limit, counts.size());
  const auto before = [](const NamedCount& a, const NamedCount& b) {
    return a.value != b.value ? a.value > b.value : a.name < b.name;
  };
  std::partial_sort(counts.begin(), counts.begin() + static_cast<std::ptrdiff_t>(kept),
                    counts.end(), before);
  counts.resize(kept);
}

}  // namespace

Index::Index() : state_(std::make_unique<IndexState>()) {}
Index::~Index() = default;

std::optional<SeriesId> Index::Find(const Labels& labels) const {
  const ReaderLock lock(mu_);
  return state_->Find(labels);
}

Index::Added Index::Add(const Labels& labels, SeriesId id) {
  const WriterLock lock(mu_);
  return state_->Add(labels, id);
}

void Index::AddAll(std::span<const std::pair<Labels, SeriesId>> series) {
  const WriterLock lock(mu_);
  for (const auto& [labels, id] : series) state_->Add(labels, id);
}

void Index::Remove(std::span<const SeriesId> ids) {
  const WriterLock lock(mu_);
  for (const SeriesId id : ids) state_->Remove(id);
}

void Index::Shrink() {
  const WriterLock lock(mu_);
  state_->Shrink();
}

std::size_t Index::size() const {
  const ReaderLock lock(mu_);
  return state_->all.size();
}

SeriesId Index::next_id() const {
  const ReaderLock lock(mu_);
  return state_->next_id;
}

bool Index::Has(SeriesId id) const {
  const ReaderLock lock(mu_);
  return state_->Has(id);
}

Labels Index::LabelsOf(SeriesId id) const {
  const ReaderLock lock(mu_);
  return state_->LabelsOf(id);
}

std::vector<Labels> Index::LabelsOf(std::span<const SeriesId> ids) const {
  std::vector<Labels> labels;
  labels.reserve(ids.size());
  // Writers may pass now and then.
  constexpr std::size_t kAtOnce = 16 << 10;
  while (!ids.empty()) {
    const auto some = ids.first(std::min(kAtOnce, ids.size()));
    const ReaderLock lock(mu_);
    state_->known_labels.Append(some, [this](SeriesId id) { return state_->LabelsOf(id); }, labels);
    ids = ids.subspan(some.size());
  }
  return labels;
}

std::vector<SeriesId> Index::Select(std::span<const Matcher> matchers, std::size_t limit) const {
  Interrupt never;
  auto selected = Select(matchers, never);
  std::vector<SeriesId> ids = selected ? std::move(*selected) : std::vector<SeriesId>();
  if (limit != 0 && ids.size() > limit) ids.resize(limit);
  return ids;
}

Result<std::vector<SeriesId>> Index::Select(std::span<const Matcher> matchers,
                                            Interrupt& interrupt) const {
  // Rounding up, what a scrape that brings new series may have to wait.
  constexpr std::uint64_t kUnderLock = 100'000'000;
  Verdicts verdicts;
  for (;;) {
    verdicts.Begin(kUnderLock);
    {
      const ReaderLock lock(mu_);
      if (auto ids = SelectSeries(*state_, matchers, verdicts)) return std::move(*ids);
    }
    if (auto settled = verdicts.Settle(interrupt); !settled) return std::move(settled).error();
  }
}

std::vector<std::string> Index::LabelNames(std::size_t limit) const {
  std::vector<std::string> list;
  const ReaderLock lock(mu_);
  for (const auto& [text, id] : state_->names_by_text) {
    if (limit != 0 && list.size() == limit) break;
    list.push_back(text);
  }
  return list;
}

std::vector<std::string> Index::LabelNames(std::span<const SeriesId> ids, std::size_t limit) const {
  std::vector<std::string> list;
  {
    const ReaderLock lock(mu_);
    std::vector<bool> seen(state_->names.size());
    for (const SeriesId id : ids) {
      for (const auto pair : state_->PairsOf(id)) seen[state_->pair(pair).name] = true;
    }
    for (std::size_t i = 0; i < seen.size(); ++i) {
      if (seen[i]) list.push_back(state_->names[i].text);
    }
  }
  std::sort(list.begin(), list.end());
  Cut(list, limit);
  return list;
}

std::vector<std::string> Index::LabelValues(std::string_view name, std::size_t limit) const {
  std::vector<std::string> list;
  {
    const ReaderLock lock(mu_);
    const auto id = state_->FindName(name);
    if (!id) return list;
    list.reserve(state_->names[*id].pairs.size() - state_->names[*id].dead);
    for (const auto pair : state_->names[*id].pairs) {
      if (!state_->pair(pair).series.empty()) list.emplace_back(state_->pair(pair).value.view());
    }
  }
  std::sort(list.begin(), list.end());
  Cut(list, limit);
  return list;
}

std::vector<std::string> Index::LabelValues(std::string_view name, std::span<const SeriesId> ids,
                                            std::size_t limit) const {
  std::vector<std::string> list;
  {
    const ReaderLock lock(mu_);
    const auto name_id = state_->FindName(name);
    if (!name_id) return list;
    std::vector<IndexState::PairId> pairs;
    for (const SeriesId id : ids) {
      const auto pair = state_->PairOf(id, *name_id);
      if (pair && (pairs.empty() || pairs.back() != *pair)) pairs.push_back(*pair);
    }
    std::sort(pairs.begin(), pairs.end());
    pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
    list.reserve(pairs.size());
    for (const auto pair : pairs) list.emplace_back(state_->pair(pair).value.view());
  }
  std::sort(list.begin(), list.end());
  Cut(list, limit);
  return list;
}

std::vector<Index::Witnessed> Index::LabelNamesWitnessed() const {
  std::vector<Witnessed> list;
  const ReaderLock lock(mu_);
  list.reserve(state_->names_by_text.size());
  for (const auto& [text, id] : state_->names_by_text) {
    const Postings& series = state_->names[id].series;
    if (series.empty()) continue;
    const auto [least, greatest] = series.Ends();
    list.push_back({text, least, greatest});
  }
  return list;
}

std::vector<Index::Witnessed> Index::LabelValuesWitnessed(std::string_view name) const {
  std::vector<Witnessed> list;
  {
    const ReaderLock lock(mu_);
    const auto id = state_->FindName(name);
    if (!id) return list;
    list.reserve(state_->names[*id].pairs.size() - state_->names[*id].dead);
    for (const auto at : state_->names[*id].pairs) {
      const IndexState::Pair& pair = state_->pair(at);
      if (pair.series.empty()) continue;
      const auto [least, greatest] = pair.series.Ends();
      list.push_back({std::string(pair.value.view()), least, greatest});
    }
  }
  std::sort(list.begin(), list.end(),
            [](const Witnessed& a, const Witnessed& b) { return a.text < b.text; });
  return list;
}

void Index::SortByLabels(std::vector<SeriesId>& ids) const {
  const ReaderLock lock(mu_);
  SortSeries(*state_, ids);
}

CardinalityStats Index::Cardinality(std::size_t limit) const {
  CardinalityStats stats;
  {
    const ReaderLock lock(mu_);
    stats.series = state_->all.size();
    for (const IndexState::Name& name : state_->names) {
      if (name.text.empty()) continue;
      const std::size_t values = name.pairs.size() - name.dead;
      stats.label_pairs += values;
      stats.values_by_label.push_back({name.text, values});
      std::uint64_t bytes = 0;
      std::vector<NamedCount> by_pair;
      for (const auto id : name.pairs) {
        const IndexState::Pair& pair = state_->pair(id);
        if (pair.series.empty()) continue;
        const std::string_view value = pair.value.view();
        bytes += (SizeOf(name.text) + SizeOf(value)) * pair.series.size();
        if (name.text == kMetricName) {
          stats.series_by_metric.push_back({std::string(value), pair.series.size()});
        }
        by_pair.push_back({std::string(value), pair.series.size()});
      }
      stats.bytes_by_label.push_back({name.text, bytes});
      KeepTop(by_pair, limit);
      for (auto& [value, count] : by_pair) {
        stats.series_by_pair.push_back({name.text + "=" + value, count});
      }
    }
  }
  KeepTop(stats.series_by_metric, limit);
  KeepTop(stats.values_by_label, limit);
  KeepTop(stats.bytes_by_label, limit);
  KeepTop(stats.series_by_pair, limit);
  return stats;
}

std::size_t Index::MemoryBytes() const {
  const ReaderLock lock(mu_);
  return sizeof(IndexState) + state_->HeapBytes();
}

}  // namespace meerkat::tsdb
