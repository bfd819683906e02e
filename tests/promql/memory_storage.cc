#include "tests/promql/memory_storage.h"

#include <algorithm>

namespace meerkat::promql {
namespace {

class MemorySeriesSet : public tsdb::SeriesSet {
 public:
  MemorySeriesSet(std::vector<const MemoryStorage::Series*> series, TimeRange range)
      : series_(std::move(series)), range_(range) {}

  Result<bool> Next() override { return next_++ < series_.size(); }
  std::size_t size() const override { return series_.size(); }
  std::unique_ptr<tsdb::SeriesSet> Fork() const override {
    return std::make_unique<MemorySeriesSet>(series_, range_);
  }
  void Skip(std::size_t count) override { next_ += count; }
  const Labels& labels() const override { return series_[next_ - 1]->labels; }
  Result<> Read(tsdb::SeriesColumns& out) override {
    auto times = std::make_shared<tsdb::SeriesColumns::Times>();
    out.values.clear();
    out.histograms.clear();
    out.starts.clear();
    bool any_start = false;
    for (const MemoryStorage::Sample& sample : series_[next_ - 1]->samples) {
      if (!range_.Contains(sample.time)) continue;
      if (sample.histogram != nullptr) {
        out.histograms.push_back({static_cast<std::uint32_t>(times->size()), sample.histogram});
      }
      times->push_back(sample.time);
      out.values.push_back(sample.value);
      out.starts.push_back(sample.start);
      any_start |= sample.start != kMinTime;
    }
    if (!any_start) out.starts.clear();
    // Series with the same times share one column, as in the real store.
    if (last_times_ != nullptr && *last_times_ == *times) {
      out.times = last_times_;
    } else {
      out.times = std::move(times);
      last_times_ = out.times;
    }
    const std::string& damage = series_[next_ - 1]->damage;
    if (!damage.empty()) return Error(Code::kCorruption, damage);
    return {};
  }

 private:
  std::vector<const MemoryStorage::Series*> series_;
  TimeRange range_;
  std::size_t next_ = 0;
  std::shared_ptr<const tsdb::SeriesColumns::Times> last_times_;
};

class MemoryQuerier : public tsdb::Querier {
 public:
  MemoryQuerier(const std::map<Labels, MemoryStorage::Series>& series, TimeRange range,
                std::string damage, bool on_disk)
      : series_(series), range_(range), damage_(std::move(damage)), on_disk_(on_disk) {}

  Result<std::unique_ptr<tsdb::SeriesSet>> Select(std::span<const Matcher> matchers,
                                                  const tsdb::SelectHints&) override {
    constexpr std::uint64_t kMuch = 1'000'000'000;
    if (auto ok = interrupt_.Spend(kMuch); !ok) return std::move(ok).error();
    std::vector<const MemoryStorage::Series*> found;
    for (const auto& [labels, series] : series_) {
      if (std::all_of(matchers.begin(), matchers.end(),
                      [&](const Matcher& matcher) { return matcher.Matches(labels); })) {
        found.push_back(&series);
      }
    }
    return std::unique_ptr<tsdb::SeriesSet>(
        std::make_unique<MemorySeriesSet>(std::move(found), range_));
  }
  Result<std::vector<std::string>> LabelNames(std::span<const Matcher>, std::uint64_t) override {
    return std::vector<std::string>();
  }
  Result<std::vector<std::string>> LabelValues(std::string_view, std::span<const Matcher>,
                                               std::uint64_t) override {
    return std::vector<std::string>();
  }
  bool may_read_disk() const override { return on_disk_; }
  std::vector<std::string> Damage() const override {
    return damage_.empty() ? std::vector<std::string>() : std::vector{damage_};
  }

 private:
  const std::map<Labels, MemoryStorage::Series>& series_;
  TimeRange range_;
  std::string damage_;
  bool on_disk_;
};

}  // namespace

void MemoryStorage::Add(const Labels& labels, Sample sample) {
  Series& series = series_[labels];
  series.labels = labels;
  const auto at =
      std::lower_bound(series.samples.begin(), series.samples.end(), sample.time,
                       [](const Sample& known, Timestamp time) { return known.time < time; });
  if (at != series.samples.end() && at->time == sample.time) {
    *at = std::move(sample);
  } else {
    series.samples.insert(at, std::move(sample));
  }
}

Result<std::unique_ptr<tsdb::Querier>> MemoryStorage::NewQuerier(TimeRange range) const {
  return std::unique_ptr<tsdb::Querier>(
      std::make_unique<MemoryQuerier>(series_, range, damage_, on_disk_));
}

}  // namespace meerkat::promql
