#include "base/histogram_check.h"

#include <cmath>
#include <cstdio>
#include <limits>
#include <string_view>

#include "base/histogram_resolution.h"
#include "base/number.h"

namespace meerkat {
namespace {

std::string NegativeSpan(std::size_t index, const BucketSpan& span) {
  return "span number " + std::to_string(index + 1) + " with offset " +
         std::to_string(span.offset) + ": histogram has a span whose offset is negative";
}

std::string CountMismatch(std::uint64_t named, std::size_t given) {
  return "spans need " + std::to_string(named) + " buckets, have " + std::to_string(given) +
         " buckets: histogram spans specify different number of buckets than provided";
}

std::string SpansFault(const std::vector<BucketSpan>& spans, std::size_t buckets) {
  std::uint64_t named = 0;
  for (std::size_t i = 0; i < spans.size(); ++i) {
    if (i > 0 && spans[i].offset < 0) return NegativeSpan(i, spans[i]);
    named += spans[i].length;
  }
  return named == buckets ? "" : CountMismatch(named, buckets);
}

// Adds the counts up into `sum`.
std::string BucketsFault(const std::vector<double>& buckets, double& sum) {
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    if (buckets[i] < 0) {
      return "bucket number " + std::to_string(i + 1) + " has observation count of " +
             FormatFloat(buckets[i], 'g') +
             ": histogram has a bucket whose observation count is negative";
    }
    sum += buckets[i];
  }
  return "";
}

std::string Bound(double bound) {
  if (std::isinf(bound)) return bound < 0 ? "-Inf" : "+Inf";
  char text[400];
  std::snprintf(text, sizeof text, "%f", bound);
  return text;
}

std::string CustomFault(const Histogram& histogram) {
  double before = -std::numeric_limits<double>::infinity();
  for (const double bound : histogram.custom_bounds) {
    if (bound <= before) {
      return "custom buckets: previous bound is " + Bound(before) + " and current is " +
             Bound(bound) + ": histogram custom bounds must be in strictly increasing order";
    }
    before = bound;
  }
  if (before == std::numeric_limits<double>::infinity()) {
    return "custom buckets: last +Inf bound must not be explicitly defined: histogram custom "
           "bounds must be finite";
  }
  std::uint64_t named = 0;
  std::uint64_t reach = 0;
  const auto& spans = histogram.positive_spans;
  for (std::size_t i = 0; i < spans.size(); ++i) {
    if (spans[i].offset < 0) return "custom buckets: " + NegativeSpan(i, spans[i]);
    named += spans[i].length;
    reach += spans[i].length + static_cast<std::uint64_t>(spans[i].offset);
  }
  if (named != histogram.positive_buckets.size()) {
    return "custom buckets: " + CountMismatch(named, histogram.positive_buckets.size());
  }
  if (histogram.custom_bounds.size() + 1 < reach) {
    return "custom buckets: only " + std::to_string(histogram.custom_bounds.size()) +
           " custom bounds defined which is insufficient to cover total span length of " +
           std::to_string(reach) + ": histogram custom bounds are too few";
  }
  if (histogram.zero_count != 0) return "custom buckets: must have zero count of 0";
  if (histogram.zero_threshold != 0) return "custom buckets: must have zero threshold of 0";
  if (!histogram.negative_spans.empty()) return "custom buckets: must not have negative spans";
  if (!histogram.negative_buckets.empty()) return "custom buckets: must not have negative buckets";
  return "";
}

std::string Count(double count) {
  return std::to_string(static_cast<std::uint64_t>(count));
}

}  // namespace

std::string HistogramFault(const Histogram& histogram) {
  double sum = histogram.zero_count;
  const auto side = [](std::string_view name, std::string fault) {
    return fault.empty() ? fault : std::string(name) + " side: " + fault;
  };
  std::string fault;
  if (histogram.uses_custom_buckets()) {
    fault = CustomFault(histogram);
  } else if (histogram.schema < kCoarsestSchema || histogram.schema > kFinestSchema) {
    fault = "histogram has an invalid schema " + std::to_string(histogram.schema);
  } else {
    fault =
        side("positive", SpansFault(histogram.positive_spans, histogram.positive_buckets.size()));
    if (fault.empty()) {
      fault =
          side("negative", SpansFault(histogram.negative_spans, histogram.negative_buckets.size()));
    }
    if (fault.empty()) fault = side("negative", BucketsFault(histogram.negative_buckets, sum));
    if (fault.empty() && !histogram.custom_bounds.empty()) {
      fault = "histogram with exponential schema must not have custom bounds";
    }
  }
  if (fault.empty()) fault = side("positive", BucketsFault(histogram.positive_buckets, sum));
  if (!fault.empty()) return fault;
  if (!histogram.integer) {
    // Sums of floats are not exact: only what is plainly wrong is told.
    if (histogram.zero_count < 0) {
      return "zero bucket has observation count of " + FormatFloat(histogram.zero_count, 'g') +
             ": histogram has a bucket whose observation count is negative";
    }
    if (histogram.count < 0) {
      return "observation count is " + FormatFloat(histogram.count, 'g') +
             ": histogram's observation count is negative";
    }
    return "";
  }
  const bool short_is_fine = std::isnan(histogram.sum);
  if (short_is_fine ? sum <= histogram.count : sum == histogram.count) return "";
  return Count(sum) + " observations found in buckets, but the Count field is " +
         Count(histogram.count) +
         (short_is_fine ? ": histogram's observation count should be at least the number of "
                          "observations found in the buckets"
                        : ": histogram's observation count should equal the number of observations "
                          "found in the buckets (in absence of NaN)");
}

}  // namespace meerkat
