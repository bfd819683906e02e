#include "promql/exec/budget.h"

#include <string>

#include "promql/histogram_buckets.h"

namespace meerkat::promql {
namespace {

// Roughly, of a row or a series around its columns.
constexpr std::uint64_t kAround = 128;
constexpr std::uint64_t kPointBytes = 16;

}  // namespace

Footprint Of(const Row& row) {
  Footprint footprint = OfColumn(row.values.size());
  footprint.bytes += kAround + row.histograms.size() * sizeof(HistogramPtr);
  const Histogram* last = nullptr;
  for (const HistogramPtr& histogram : row.histograms) {
    // What is the same at every step is there once.
    if (histogram == nullptr || histogram.get() == last) continue;
    last = histogram.get();
    footprint.bytes += SampleWeight(*histogram) * kPointBytes;
  }
  return footprint;
}

Footprint Of(const tsdb::SeriesColumns& columns) {
  Footprint footprint = OfPoints(columns.size());
  footprint.bytes += kAround + columns.starts.size() * sizeof(Timestamp);
  for (const auto& at : columns.histograms) {
    footprint.bytes += sizeof(at) + SampleWeight(*at.histogram) * kPointBytes;
  }
  return footprint;
}

Result<> Budget::Take(Footprint footprint) {
  const std::uint64_t samples = Add(samples_, footprint.samples);
  const std::uint64_t bytes = Add(bytes_, footprint.bytes);
  std::uint64_t peak = peak_.load(std::memory_order_relaxed);
  while (samples > peak && !peak_.compare_exchange_weak(peak, samples, std::memory_order_relaxed)) {
  }
  if (samples > max_samples_) {
    return Error(Code::kExecution,
                 "query processing would load too many samples into memory in query execution");
  }
  if (max_bytes_ != 0 && bytes > max_bytes_) {
    return Error(Code::kExecution, "query would hold more than " + std::to_string(max_bytes_) +
                                       " bytes in memory, the limit of --query.max-memory");
  }
  return {};
}

}  // namespace meerkat::promql
