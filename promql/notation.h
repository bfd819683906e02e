#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/histogram.h"
#include "base/labels.h"
#include "base/result.h"

// How rule tests and query scripts write series: a{b="c"} 1 2+3x4 _ _x2 stale {{sum:1 count:2}}x3
namespace meerkat::promql {

// One sample of the notation: nothing (_), a float, or a histogram.
struct NotatedValue {
  bool present = false;
  double value = 0;  // the stale marker for "stale"
  HistogramPtr histogram;
};

struct NotatedSeries {
  Labels labels;
  std::vector<NotatedValue> values;
};

// kInvalid names what cannot be read. Refuses more than ten million samples.
Result<NotatedSeries> ParseNotatedSeries(std::string_view text);
Result<std::vector<NotatedValue>> ParseNotatedValues(std::string_view text);
// {{schema:1 sum:2 …}} alone.
Result<HistogramPtr> ParseNotatedHistogram(std::string_view text);

}  // namespace meerkat::promql
