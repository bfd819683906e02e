#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tsdb/storage.h"

namespace meerkat {

// Takes whatever is appended and keeps nothing but the series: for decoders that write.
class SinkStorage : public tsdb::Storage {
 public:
  std::unique_ptr<tsdb::Source> NewSource() override { return nullptr; }
  std::unique_ptr<tsdb::Appender> NewAppender(tsdb::Source*) override {
    return std::make_unique<Sink>(*this);
  }
  Result<std::unique_ptr<tsdb::Querier>> NewQuerier(TimeRange) const override {
    return Error(Code::kUnavailable, "nothing is kept");
  }
  Result<std::vector<tsdb::SeriesExemplars>> Exemplars(
      TimeRange, std::span<const std::vector<Matcher>>) const override {
    return std::vector<tsdb::SeriesExemplars>();
  }
  std::vector<std::pair<std::string, tsdb::Metadata>> MetricMetadata(
      std::string_view) const override {
    return {};
  }

 private:
  class Sink : public tsdb::Appender {
   public:
    explicit Sink(SinkStorage& storage) : storage_(storage) {}
    tsdb::SeriesRef Resolve(const Labels& labels) override {
      const auto [entry, added] = storage_.series_.try_emplace(labels, storage_.series_.size() + 1);
      return static_cast<tsdb::SeriesRef>(entry->second);
    }
    // Every third is refused, so that refusals are walked too.
    tsdb::Refusal Append(tsdb::SeriesRef, Timestamp, double, Timestamp) override { return Next(); }
    tsdb::Refusal Append(tsdb::SeriesRef, Timestamp, HistogramPtr, Timestamp) override {
      return Next();
    }
    tsdb::Refusal AppendExemplar(tsdb::SeriesRef, const tsdb::Exemplar&) override { return Next(); }
    void SetMetadata(std::string_view, const tsdb::Metadata&) override {}
    Result<> Commit() override { return {}; }

   private:
    tsdb::Refusal Next() {
      return ++count_ % 3 == 0 ? tsdb::Refusal::kOutOfOrder : tsdb::Refusal::kNone;
    }
    SinkStorage& storage_;
    int count_ = 0;
  };

  std::map<Labels, std::uint64_t> series_;
};

}  // namespace meerkat
