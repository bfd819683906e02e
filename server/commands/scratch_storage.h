#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/state_store.h"
#include "tsdb/storage.h"

namespace meerkat::commands {

// A Storage that lives and dies with a command: every sample in plain vectors. Appends in order of
// time, as the real one wants it. Histograms get the reset hints that a real store would give them.
// Threads: one.
class ScratchStorage : public tsdb::Storage {
 public:
  struct Sample {
    Timestamp time{};
    double value = 0;
    HistogramPtr histogram;
  };
  struct Series {
    Labels labels;
    std::vector<Sample> samples;
  };

  // By labels. A ref is the address of its series.
  const std::map<Labels, Series>& series() const { return series_; }

  std::unique_ptr<tsdb::Source> NewSource() override;
  std::unique_ptr<tsdb::Appender> NewAppender(tsdb::Source* source) override;
  Result<std::unique_ptr<tsdb::Querier>> NewQuerier(TimeRange range) const override;
  Result<std::vector<tsdb::SeriesExemplars>> Exemplars(
      TimeRange range, std::span<const std::vector<Matcher>> selectors) const override;
  std::vector<std::pair<std::string, tsdb::Metadata>> MetricMetadata(
      std::string_view metric) const override;

 private:
  class BatchAppender;
  std::map<Labels, Series> series_;
};

// A StateStore of the same kind.
class ScratchStateStore : public StateStore {
 public:
  Result<> Write(std::vector<Change> changes) override;
  Result<std::optional<std::string>> Read(std::string_view key) const override;
  Result<> Scan(std::string_view prefix,
                const std::function<bool(std::string_view key, std::string_view value)>& visit)
      const override;

 private:
  std::map<std::string, std::string, std::less<>> entries_;
};

}  // namespace meerkat::commands
