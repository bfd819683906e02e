#include "server/web/prometheus/query_costs.h"

#include <algorithm>
#include <functional>

namespace meerkat::web {
namespace {

constexpr std::uint64_t Mix(std::uint64_t hash, std::uint64_t value) {
  hash = (hash ^ value) * 0x9e3779b97f4a7c15ULL;
  return hash ^ hash >> 32;
}

}  // namespace

QueryCosts::Key QueryCosts::KeyOf(std::string_view query, const promql::QueryOptions& options) {
  std::uint64_t hash =
      Mix(std::hash<std::string_view>()(query), static_cast<std::uint64_t>(options.step.count()));
  hash = Mix(hash, static_cast<std::uint64_t>((options.end - options.start).count()));
  if (options.lookback) hash = Mix(hash, static_cast<std::uint64_t>(options.lookback->count()));
  return Key{hash};
}

std::optional<QueryCosts::Cost> QueryCosts::Of(Key key) const {
  const auto hash = static_cast<std::uint64_t>(key);
  const std::uint64_t entry = entries_[hash % kQueries].load(std::memory_order_relaxed);
  const std::uint64_t cost = entry & ((1 << kCostBits) - 1);
  if (entry >> kCostBits != hash >> kCostBits || cost == 0) return std::nullopt;
  return Cost(static_cast<std::int64_t>(cost - 1));
}

void QueryCosts::Set(Key key, Cost cost) {
  const auto hash = static_cast<std::uint64_t>(key);
  constexpr std::int64_t kMost = (1 << kCostBits) - 2;
  const auto kept =
      static_cast<std::uint64_t>(std::clamp<std::int64_t>(cost.count(), 0, kMost) + 1);
  entries_[hash % kQueries].store(hash >> kCostBits << kCostBits | kept, std::memory_order_relaxed);
}

}  // namespace meerkat::web
