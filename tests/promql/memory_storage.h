#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tsdb/storage.h"

namespace meerkat::promql {

// A Storage that keeps every sample in plain vectors: for tests of what reads from it. Samples may
// come in any order. One thread.
class MemoryStorage : public tsdb::Storage {
 public:
  struct Sample {
    Timestamp time{};
    double value = 0;
    HistogramPtr histogram;
    Timestamp start = kMinTime;
  };
  struct Series {
    Labels labels;
    std::vector<Sample> samples;  // by time
    std::string damage;           // what reading it ends with, if not empty
  };

  void Add(const Labels& labels, Sample sample);
  // From now on reading the series gives its samples and this kCorruption.
  void Damage(const Labels& labels, std::string reason) {
    series_.at(labels).damage = std::move(reason);
  }
  // Whoever selects hears from now on that this cannot be looked into.
  void DamageAll(std::string reason) { damage_ = std::move(reason); }
  // From now on whoever selects may have to read a disk.
  void MoveToDisk() { on_disk_ = true; }
  const std::map<Labels, Series>& series() const { return series_; }

  std::unique_ptr<tsdb::Source> NewSource() override { return nullptr; }
  std::unique_ptr<tsdb::Appender> NewAppender(tsdb::Source*) override { return nullptr; }
  Result<std::unique_ptr<tsdb::Querier>> NewQuerier(TimeRange range) const override;
  Result<std::vector<tsdb::SeriesExemplars>> Exemplars(
      TimeRange, std::span<const std::vector<Matcher>>) const override {
    return std::vector<tsdb::SeriesExemplars>();
  }
  std::vector<std::pair<std::string, tsdb::Metadata>> MetricMetadata(
      std::string_view) const override {
    return {};
  }

 private:
  std::map<Labels, Series> series_;
  std::string damage_;
  bool on_disk_ = false;
};

}  // namespace meerkat::promql
