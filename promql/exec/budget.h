#pragma once

#include <atomic>
#include <cstdint>

#include "base/result.h"
#include "promql/exec/rows.h"
#include "tsdb/storage.h"

// What a query may hold in memory, and what it does.
namespace meerkat::promql {

// What something weighs against --query.max-samples and --query.max-memory.
struct Footprint {
  std::uint64_t samples = 0;
  std::uint64_t bytes = 0;
};
// Of points that have a time beside the value; histograms by their size in such points.
inline Footprint OfPoints(std::uint64_t points) {
  return {points, points * 16};
}
// Of a dense column, a value for each step.
inline Footprint OfColumn(std::uint64_t steps) {
  return {steps, steps * sizeof(double)};
}
// A row counts by its steps, whether there is something or not; the bytes of its histograms count
// beside. The columns of a stored series count by their samples.
Footprint Of(const Row& row);
Footprint Of(const tsdb::SeriesColumns& columns);

// Both limits of one query. Threads: one at a time, any number after Share().
class Budget {
 public:
  // 0 bytes: no limit of memory.
  Budget(std::uint64_t max_samples, std::uint64_t max_bytes)
      : max_samples_(max_samples), max_bytes_(max_bytes) {}

  // kExecution beyond a limit; it counts as taken all the same.
  Result<> Take(Footprint footprint);
  void Return(Footprint footprint) {
    Add(samples_, 0 - footprint.samples);
    Add(bytes_, 0 - footprint.bytes);
  }
  // Before another thread takes of it.
  void Share() { shared_ = true; }
  // The most samples that were taken at one time.
  std::uint64_t peak_samples() const { return peak_.load(std::memory_order_relaxed); }

 private:
  // What there is then. Locking the bus some twelve times for each series would be a thirtieth of a
  // small query, which no other thread ever helps.
  std::uint64_t Add(std::atomic<std::uint64_t>& total, std::uint64_t more) {
    if (shared_) return total.fetch_add(more, std::memory_order_relaxed) + more;
    const std::uint64_t sum = total.load(std::memory_order_relaxed) + more;
    total.store(sum, std::memory_order_relaxed);
    return sum;
  }

  const std::uint64_t max_samples_, max_bytes_;
  bool shared_ = false;
  std::atomic<std::uint64_t> samples_{0}, bytes_{0}, peak_{0};
};

// What one holder takes of the budget, given back when it goes.
class Held {
 public:
  explicit Held(Budget& budget) : budget_(budget) {}
  ~Held() { Clear(); }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;

  Result<> Add(Footprint footprint) {
    held_.samples += footprint.samples;
    held_.bytes += footprint.bytes;
    return budget_.Take(footprint);
  }
  void Clear() {
    budget_.Return(held_);
    held_ = {};
  }

 private:
  Budget& budget_;
  Footprint held_;
};

}  // namespace meerkat::promql
