#include "server/commands/scratch_storage.h"

#include <algorithm>
#include <bit>
#include <set>
#include <unordered_map>
#include <utility>

#include "promql/histogram_math.h"

namespace meerkat::commands {
namespace {

using Series = ScratchStorage::Series;

bool MatchesAll(std::span<const Matcher> matchers, const Labels& labels) {
  return std::ranges::all_of(matchers,
                             [&](const Matcher& matcher) { return matcher.Matches(labels); });
}

class ScratchSeriesSet final : public tsdb::SeriesSet {
 public:
  ScratchSeriesSet(std::vector<const Series*> series, TimeRange range)
      : series_(std::move(series)), range_(range) {}

  Result<bool> Next() override { return next_++ < series_.size(); }
  const Labels& labels() const override { return series_[next_ - 1]->labels; }

  Result<> Read(tsdb::SeriesColumns& out) override {
    auto times = std::make_shared<tsdb::SeriesColumns::Times>();
    out.values.clear();
    out.histograms.clear();
    out.starts.clear();
    for (const ScratchStorage::Sample& sample : series_[next_ - 1]->samples) {
      if (!range_.Contains(sample.time)) continue;
      if (sample.histogram != nullptr) {
        out.histograms.push_back({static_cast<std::uint32_t>(times->size()), sample.histogram});
      }
      times->push_back(sample.time);
      out.values.push_back(sample.value);
    }
    out.times = std::move(times);
    return {};
  }

 private:
  std::vector<const Series*> series_;
  TimeRange range_;
  std::size_t next_ = 0;
};

class ScratchQuerier final : public tsdb::Querier {
 public:
  ScratchQuerier(const std::map<Labels, Series>& series, TimeRange range)
      : series_(series), range_(range) {}

  Result<std::unique_ptr<tsdb::SeriesSet>> Select(std::span<const Matcher> matchers,
                                                  const tsdb::SelectHints&) override {
    std::vector<const Series*> found;
    for (const auto& [labels, series] : series_) {
      if (MatchesAll(matchers, labels)) found.push_back(&series);
    }
    return std::unique_ptr<tsdb::SeriesSet>(
        std::make_unique<ScratchSeriesSet>(std::move(found), range_));
  }

  Result<std::vector<std::string>> LabelNames(std::span<const Matcher> matchers,
                                              std::uint64_t limit) override {
    return Collect(matchers, limit, [](const Labels& labels, std::set<std::string>& into) {
      for (const Label label : labels) into.emplace(label.name);
    });
  }

  Result<std::vector<std::string>> LabelValues(std::string_view name,
                                               std::span<const Matcher> matchers,
                                               std::uint64_t limit) override {
    return Collect(matchers, limit, [name](const Labels& labels, std::set<std::string>& into) {
      if (labels.Has(name)) into.emplace(labels.Get(name));
    });
  }

 private:
  template <typename Visit>
  std::vector<std::string> Collect(std::span<const Matcher> matchers, std::uint64_t limit,
                                   const Visit& visit) const {
    std::set<std::string> found;
    for (const auto& [labels, series] : series_) {
      if (MatchesAll(matchers, labels)) visit(labels, found);
    }
    std::vector<std::string> out(found.begin(), found.end());
    if (limit > 0 && out.size() > limit) out.resize(limit);
    return out;
  }

  const std::map<Labels, Series>& series_;
  TimeRange range_;
};

// What the store can tell about a counter: whether it went on from the sample before.
HistogramPtr WithHint(HistogramPtr histogram, const Series& series) {
  using Hint = Histogram::ResetHint;
  if (histogram->reset_hint == Hint::kGauge) return histogram;
  Hint hint = Hint::kUnknown;
  if (!series.samples.empty() && series.samples.back().histogram != nullptr) {
    Histogram fresh = *histogram;
    fresh.reset_hint = Hint::kUnknown;
    hint = promql::IsCounterReset(fresh, *series.samples.back().histogram) ? Hint::kReset
                                                                           : Hint::kNotReset;
  }
  if (histogram->reset_hint == hint) return histogram;
  auto copy = std::make_shared<Histogram>(*histogram);
  copy->reset_hint = hint;
  return copy;
}

}  // namespace

class ScratchStorage::BatchAppender final : public tsdb::Appender {
 public:
  explicit BatchAppender(std::map<Labels, Series>& series) : series_(series) {}

  tsdb::SeriesRef Resolve(const Labels& labels) override {
    Series& series = series_[labels];
    series.labels = labels;
    return static_cast<tsdb::SeriesRef>(reinterpret_cast<std::uintptr_t>(&series));
  }

  tsdb::Refusal Append(tsdb::SeriesRef ref, Timestamp time, double value, Timestamp) override {
    return Add(ref, {time, value, nullptr});
  }
  tsdb::Refusal Append(tsdb::SeriesRef ref, Timestamp time, HistogramPtr histogram,
                       Timestamp) override {
    return Add(ref, {time, 0, std::move(histogram)});
  }
  tsdb::Refusal AppendExemplar(tsdb::SeriesRef, const tsdb::Exemplar&) override {
    return tsdb::Refusal::kNone;
  }
  void SetMetadata(std::string_view, const tsdb::Metadata&) override {}

  Result<> Commit() override {
    for (auto& [series, sample] : batch_) {
      if (sample.histogram != nullptr) {
        sample.histogram = WithHint(std::move(sample.histogram), *series);
      }
      series->samples.push_back(std::move(sample));
    }
    batch_.clear();
    newest_.clear();
    return {};
  }

 private:
  tsdb::Refusal Add(tsdb::SeriesRef ref, Sample sample) {
    Series* series = reinterpret_cast<Series*>(static_cast<std::uintptr_t>(ref));
    const auto pending = newest_.find(series);
    const Sample* newest = pending != newest_.end()  ? &batch_[pending->second].second
                           : series->samples.empty() ? nullptr
                                                     : &series->samples.back();
    if (newest != nullptr) {
      if (sample.time < newest->time) return tsdb::Refusal::kOutOfOrder;
      if (sample.time == newest->time) {
        const bool same = sample.histogram == nullptr && newest->histogram == nullptr &&
                          std::bit_cast<std::uint64_t>(sample.value) ==
                              std::bit_cast<std::uint64_t>(newest->value);
        return same ? tsdb::Refusal::kNone : tsdb::Refusal::kDuplicate;
      }
    }
    newest_[series] = batch_.size();
    batch_.emplace_back(series, std::move(sample));
    return tsdb::Refusal::kNone;
  }

  std::map<Labels, Series>& series_;
  std::vector<std::pair<Series*, Sample>> batch_;
  std::unordered_map<Series*, std::size_t> newest_;  // in the batch
};

std::unique_ptr<tsdb::Source> ScratchStorage::NewSource() {
  return std::make_unique<tsdb::Source>();
}

std::unique_ptr<tsdb::Appender> ScratchStorage::NewAppender(tsdb::Source*) {
  return std::make_unique<BatchAppender>(series_);
}

Result<std::unique_ptr<tsdb::Querier>> ScratchStorage::NewQuerier(TimeRange range) const {
  return std::unique_ptr<tsdb::Querier>(std::make_unique<ScratchQuerier>(series_, range));
}

Result<std::vector<tsdb::SeriesExemplars>> ScratchStorage::Exemplars(
    TimeRange, std::span<const std::vector<Matcher>>) const {
  return std::vector<tsdb::SeriesExemplars>();
}

std::vector<std::pair<std::string, tsdb::Metadata>> ScratchStorage::MetricMetadata(
    std::string_view) const {
  return {};
}

Result<> ScratchStateStore::Write(std::vector<Change> changes) {
  for (Change& change : changes) {
    if (change.value) {
      entries_[std::move(change.key)] = *std::move(change.value);
    } else {
      entries_.erase(change.key);
    }
  }
  return {};
}

Result<std::optional<std::string>> ScratchStateStore::Read(std::string_view key) const {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return std::optional<std::string>();
  return std::optional<std::string>(found->second);
}

Result<> ScratchStateStore::Scan(
    std::string_view prefix,
    const std::function<bool(std::string_view key, std::string_view value)>& visit) const {
  for (auto it = entries_.lower_bound(prefix); it != entries_.end(); ++it) {
    if (!it->first.starts_with(prefix) || !visit(it->first, it->second)) break;
  }
  return {};
}

}  // namespace meerkat::commands
