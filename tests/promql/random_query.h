#pragma once

#include <random>
#include <string>

#include "tests/promql/memory_storage.h"

namespace meerkat::promql {

// Writes valid queries, with all features switched on, and data for them: gaps, stale markers,
// counter resets, NaN, Inf, native histograms. The same seed gives the same.
class RandomQueries {
 public:
  explicit RandomQueries(std::uint64_t seed) : random_(seed) {}

  MemoryStorage Data();
  std::string Query();

 private:
  std::size_t Below(std::size_t bound) { return random_() % bound; }
  template <std::size_t N>
  const char* OneOf(const char* const (&choices)[N]) {
    return choices[Below(N)];
  }
  std::string Selector();
  std::string Range(int depth, bool extended = false);
  std::string Scalar(int depth);
  std::string Vector(int depth);
  std::string Aggregation(int depth);
  std::string Operation(int depth);

  std::mt19937_64 random_;
};

}  // namespace meerkat::promql
