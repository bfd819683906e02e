#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/histogram.h"
#include "base/result.h"

// Columns of native histograms (integer, float, custom buckets) to bytes and back, exact. Layouts
// (schema, spans, bounds, zero threshold) are kept once each, every bucket is a value column of its
// own, and a histogram equal to the one before it costs next to nothing and is shared again when
// decoded. See values.h for what the bytes do not carry.
namespace meerkat::tsdb {

// None of the pointers may be null, and each histogram must have as many bucket counts as its spans
// name.
void EncodeHistograms(std::span<const HistogramPtr> histograms, std::string& out);
// Makes exactly `count` histograms. Damaged bytes cannot ask for more than a bounded multiple of
// memory for each of the groups they hold.
Result<> DecodeHistograms(std::string_view bytes, std::size_t count,
                          std::vector<HistogramPtr>& histograms);

}  // namespace meerkat::tsdb
