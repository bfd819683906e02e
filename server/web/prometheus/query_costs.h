#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "promql/engine.h"

namespace meerkat::web {

// What queries took the last time they were answered. The dashboards and programs that ask do so
// with the same few queries over and over, so this tells the cheap ones beforehand. Of fixed size:
// a query may push another one out. Threads: any.
class QueryCosts {
 public:
  using Cost = std::chrono::microseconds;
  // A query by its text and by what else decides how much work it is.
  enum class Key : std::uint64_t {};
  static Key KeyOf(std::string_view query, const promql::QueryOptions& options);

  // Nothing: not known, or forgotten.
  std::optional<Cost> Of(Key key) const;
  void Set(Key key, Cost cost);

 private:
  static constexpr std::size_t kQueries = 4096;
  static constexpr unsigned kCostBits = 20;  // a second and more count as a second
  // The upper bits of the key and the cost plus one; 0: empty.
  std::array<std::atomic<std::uint64_t>, kQueries> entries_{};
};

}  // namespace meerkat::web
