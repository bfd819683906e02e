#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/histogram.h"

// io.prometheus.client.MetricFamily, length in front of each: what scrapers that ask for protobuf
// get.
//   family := name=1, help=2, type=3, metric=4*
//   metric := label=1*, gauge=2 | counter=3 | summary=4 | untyped=5 | histogram=7, timestamp_ms=6
namespace meerkat::web {

enum class FamilyType : int {
  kCounter = 0,
  kGauge = 1,
  kSummary = 2,
  kUntyped = 3,
  kHistogram = 4,
  kGaugeHistogram = 5
};

using LabelPairs = std::vector<std::pair<std::string, std::string>>;

// One family, metric by metric.
class FamilyMessage {
 public:
  FamilyMessage(std::string_view name, std::string_view help, FamilyType type);

  // Of a counter, a gauge or an untyped family. No time: kMinTime.
  void AddValue(const LabelPairs& labels, double value, Timestamp time);
  // A native histogram, counts as floats.
  void AddHistogram(const LabelPairs& labels, const Histogram& histogram, Timestamp time);
  // Of a classic histogram (upper bound, cumulative count) or a summary (quantile, value).
  void AddPoints(const LabelPairs& labels, double count, double sum,
                 const std::vector<std::pair<double, double>>& points, Timestamp time);

  // Appends the length and the message.
  void AppendTo(std::string& out) const;

 private:
  const FamilyType type_;
  std::string message_;
};

}  // namespace meerkat::web
