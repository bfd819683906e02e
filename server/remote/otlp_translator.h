#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "server/remote/otlp_model.h"
#include "server/remote/otlp_options.h"
#include "tsdb/storage.h"

namespace meerkat::remote::otlp {

// Turns one request into samples of an Appender: names and labels, cumulative buckets, native
// histograms, target_info. For one request; one thread.
class Translator {
 public:
  // `lookback` sets how densely target_info is written. With `deltas`, changes are stored as they
  // come: their type is unknown, their histograms are gauges.
  Translator(const OtlpOptions& options, Millis lookback, tsdb::Appender& appender,
             bool deltas = false)
      : options_(options), lookback_(lookback), appender_(appender), deltas_(deltas) {}

  // What the store refused, kNone when nothing: the request has then failed.
  tsdb::Refusal Append(const Request& request);

  // What could not be translated and is left out: which kind of fault, and in words.
  struct Warning {
    std::string_view category;
    std::string text;
  };
  const std::vector<Warning>& warnings() const { return warnings_; }
  std::uint64_t samples() const { return samples_; }
  std::uint64_t refused_exemplars() const { return refused_exemplars_; }

 private:
  struct Origin {  // of a point
    const Resource* resource;
    const Scope* scope;
  };
  using LabelMap = std::map<std::string, std::string>;

  void AddResource(const Resource& resource);
  void AddMetric(const Metric& metric, const Origin& origin);
  void AddClassicHistogram(const std::string& name, const Point& point, const LabelMap& labels);
  void AddCustomHistogram(const std::string& name, const Point& point, const LabelMap& labels);
  void AddExponential(const std::string& name, const Point& point, const LabelMap& labels);
  void AddSummary(const std::string& name, const Point& point, const LabelMap& labels);
  void AddNative(const std::string& name, const Point& point, const LabelMap& labels,
                 HistogramPtr histogram);
  void AddTargetInfo(const Resource& resource);

  LabelMap LabelsOf(const Point& point, const Origin& origin) const;
  void AddIdentity(const Resource& resource, LabelMap& labels) const;
  tsdb::SeriesRef Resolve(const LabelMap& labels, const std::string& name,
                          const std::string& extra_name = "", const std::string& extra = "");
  void Float(tsdb::SeriesRef ref, const Point& point, double value);
  void AddExemplars(tsdb::SeriesRef ref, const Point& point, double above, double up_to);
  void Note(tsdb::Refusal refusal) {
    if (refused_ == tsdb::Refusal::kNone) refused_ = refusal;
  }

  const OtlpOptions& options_;
  const Millis lookback_;
  tsdb::Appender& appender_;
  const bool deltas_;
  tsdb::Refusal refused_ = tsdb::Refusal::kNone;
  std::vector<Warning> warnings_;
  std::uint64_t samples_ = 0;
  std::uint64_t refused_exemplars_ = 0;
  bool delta_ = false;             // the metric at hand is one
  Timestamp earliest_ = kMaxTime;  // of the resource at hand
  Timestamp latest_ = kMinTime;
};

}  // namespace meerkat::remote::otlp
