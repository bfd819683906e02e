#pragma once

#include <map>
#include <optional>
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
  struct Settings {
    Millis lookback;                // sets how densely target_info is written
    Timestamp latest = kMaxTime;    // samples beyond are out of bounds
    bool deltas = false;            // stored as they come: of unknown type, histograms as gauges
    bool start_timestamps = false;  // stored, too
  };
  Translator(const OtlpOptions& options, const Settings& settings, tsdb::Appender& appender)
      : options_(options), settings_(settings), appender_(appender) {}

  // What was refused first, kNone when nothing: the request has then failed.
  tsdb::Refusal Append(const Request& request);
  // Of a bad histogram: what is bad about it.
  const std::string& fault() const { return fault_; }

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

  // Nothing when an attribute's name gives no label.
  std::optional<LabelMap> LabelsOf(const Point& point, const Origin& origin) const;
  std::optional<LabelMap> Translate(Attributes attributes) const;
  void AddIdentity(const Resource& resource, LabelMap& labels) const;
  tsdb::SeriesRef Resolve(const LabelMap& labels, const std::string& name,
                          const std::string& extra_name = "", const std::string& extra = "");
  void Float(tsdb::SeriesRef ref, const Point& point, double value);
  Timestamp StartOf(const Point& point) const;
  void AddExemplars(tsdb::SeriesRef ref, const Point& point, double above, double up_to);
  void Note(tsdb::Refusal refusal) {
    if (refused_ == tsdb::Refusal::kNone) refused_ = refusal;
  }

  const OtlpOptions& options_;
  const Settings settings_;
  tsdb::Appender& appender_;
  tsdb::Refusal refused_ = tsdb::Refusal::kNone;
  std::string fault_;
  std::vector<Warning> warnings_;
  std::uint64_t samples_ = 0;
  std::uint64_t refused_exemplars_ = 0;
  bool delta_ = false;             // the metric at hand is one
  Timestamp earliest_ = kMaxTime;  // of the resource at hand
  Timestamp latest_ = kMinTime;
};

}  // namespace meerkat::remote::otlp
