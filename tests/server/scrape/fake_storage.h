#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/number.h"
#include "tsdb/storage.h"

namespace meerkat::scrape {

// A store that remembers what was committed, in order: for tests of who writes. It refuses what a
// store refuses: samples that are not newer than the series' newest.
class FakeStorage : public tsdb::Storage {
 public:
  struct Sample {
    Timestamp time{};
    double value = 0;
    HistogramPtr histogram;
  };
  struct Series {
    Labels labels;
    std::vector<Sample> samples;
    std::vector<tsdb::Exemplar> exemplars;
  };

  std::unique_ptr<tsdb::Source> NewSource() override { return std::make_unique<tsdb::Source>(); }
  std::unique_ptr<tsdb::Appender> NewAppender(tsdb::Source*) override {
    return std::make_unique<FakeAppender>(*this);
  }
  Result<std::unique_ptr<tsdb::Querier>> NewQuerier(TimeRange) const override {
    return Error(Code::kInternal, "not part of this fake");
  }
  Result<std::vector<tsdb::SeriesExemplars>> Exemplars(
      TimeRange, std::span<const std::vector<Matcher>>) const override {
    return Error(Code::kInternal, "not part of this fake");
  }
  std::vector<std::pair<std::string, tsdb::Metadata>> MetricMetadata(
      std::string_view) const override {
    return {metadata.begin(), metadata.end()};
  }

  const Series* Find(const std::string& labels) const {
    const auto found = refs.find(labels);
    return found == refs.end() ? nullptr : &series[found->second];
  }
  // The newest value of the series written as `labels`; nullopt when there is none.
  std::optional<double> Last(const std::string& labels) const {
    const Series* const found = Find(labels);
    if (found == nullptr || found->samples.empty()) return std::nullopt;
    return found->samples.back().value;
  }
  bool EndsStale(const std::string& labels) const {
    const auto last = Last(labels);
    return last && IsStaleNan(*last);
  }

  std::vector<Series> series;
  std::map<std::string, std::size_t> refs;  // by Labels::ToString()
  std::map<std::string, tsdb::Metadata> metadata;
  std::size_t resolved = 0;
  int commits = 0;

 private:
  class FakeAppender : public tsdb::Appender {
   public:
    explicit FakeAppender(FakeStorage& storage) : storage_(storage) {}

    tsdb::SeriesRef Resolve(const Labels& labels) override {
      ++storage_.resolved;
      const auto [at, fresh] = storage_.refs.emplace(labels.ToString(), storage_.series.size());
      if (fresh) storage_.series.push_back({labels, {}, {}});
      return static_cast<tsdb::SeriesRef>(at->second + 1);
    }
    tsdb::Refusal Append(tsdb::SeriesRef ref, Timestamp time, double value, Timestamp) override {
      return Take(ref, {time, value, nullptr});
    }
    tsdb::Refusal Append(tsdb::SeriesRef ref, Timestamp time, HistogramPtr histogram,
                         Timestamp) override {
      return Take(ref, {time, 0, std::move(histogram)});
    }
    tsdb::Refusal AppendExemplar(tsdb::SeriesRef ref, const tsdb::Exemplar& exemplar) override {
      exemplars_.emplace_back(Index(ref), exemplar);
      return tsdb::Refusal::kNone;
    }
    void SetMetadata(std::string_view metric, const tsdb::Metadata& value) override {
      metadata_[std::string(metric)] = value;
    }
    Result<> Commit() override {
      for (auto& [index, sample] : pending_) storage_.series[index].samples.push_back(sample);
      for (auto& [index, exemplar] : exemplars_) {
        storage_.series[index].exemplars.push_back(exemplar);
      }
      for (auto& [name, value] : metadata_) storage_.metadata[name] = value;
      ++storage_.commits;
      return {};
    }

   private:
    static std::size_t Index(tsdb::SeriesRef ref) { return static_cast<std::size_t>(ref) - 1; }
    tsdb::Refusal Take(tsdb::SeriesRef ref, Sample sample) {
      const FakeStorage::Sample* newest = nullptr;
      const auto& committed = storage_.series[Index(ref)].samples;
      if (!committed.empty()) newest = &committed.back();
      for (const auto& [index, mine] : pending_) {
        if (index == Index(ref)) newest = &mine;
      }
      if (newest != nullptr && sample.time < newest->time) return tsdb::Refusal::kOutOfOrder;
      if (newest != nullptr && sample.time == newest->time) {
        return sample.value == newest->value ? tsdb::Refusal::kNone : tsdb::Refusal::kDuplicate;
      }
      pending_.emplace_back(Index(ref), std::move(sample));
      return tsdb::Refusal::kNone;
    }

    FakeStorage& storage_;
    std::vector<std::pair<std::size_t, Sample>> pending_;
    std::vector<std::pair<std::size_t, tsdb::Exemplar>> exemplars_;
    std::map<std::string, tsdb::Metadata> metadata_;
  };
};

}  // namespace meerkat::scrape
