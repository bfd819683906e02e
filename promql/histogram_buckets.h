#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/histogram.h"
#include "base/histogram_bounds.h"

// Native histograms seen as ranges of values: what functions, operators and the HTTP API ask about.
namespace meerkat::promql {

// One bucket as an interval with its count.
struct HistogramBucket {
  double lower = 0;
  double upper = 0;
  bool lower_inclusive = false;
  bool upper_inclusive = false;
  double count = 0;
};

// Every bucket the spans name, in ascending order of values: negative side, zero bucket (when its
// count is above zero), positive side. Bounds that reach into the zero bucket are clipped to it.
// Buckets of count 0 are part of it.
std::vector<HistogramBucket> BucketsOf(const Histogram& histogram);

// {count:20, sum:10, [-2,-1):2, [-0.001,0.001]:2, (0.5,1]:1}: upstream's String(), without empty
// buckets.
std::string FormatHistogram(const Histogram& histogram);

// What a histogram weighs against query.max-samples: its bytes in float samples of 16.
// Where only count and sum are needed, buckets do not count.
std::uint64_t SampleWeight(const Histogram& histogram, bool without_buckets = false);

}  // namespace meerkat::promql
