#pragma once

#include <cstdint>

#include "base/histogram.h"

namespace meerkat {

// Schemas of exponential histograms. Finer ones up to 52 are reserved for the future: what has one
// is stored as the finest of today.
inline constexpr std::int32_t kCoarsestSchema = -4;
inline constexpr std::int32_t kFinestSchema = 8;
inline bool IsTooFine(std::int32_t schema) {
  return schema > kFinestSchema && schema <= 52;
}

// `histogram` at the resolution of schema `to`, which is not finer than its own. Exponential only;
// its spans name as many buckets as there are.
Histogram ReduceResolution(const Histogram& histogram, std::int32_t to);

}  // namespace meerkat
