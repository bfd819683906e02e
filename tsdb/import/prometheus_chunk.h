#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/histogram.h"
#include "base/result.h"

namespace meerkat::tsdb {

struct PlainSample {
  Timestamp time{};
  double value = 0;
  HistogramPtr histogram;  // null: a float
};

// A chunk of Prometheus's: encoding 1 (XOR), 2 (histograms) or 3 (float histograms). Appends its
// samples. kCorruption for bytes that do not decode; safe on hostile bytes.
Result<> DecodePrometheusChunk(std::uint8_t encoding, std::string_view data,
                               std::vector<PlainSample>& samples);

}  // namespace meerkat::tsdb
