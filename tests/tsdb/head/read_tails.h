#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "tsdb/head/generation.h"

namespace meerkat::tsdb {

// Time and value of each float of a series that the generation has in tails; nothing when it has
// none of it.
inline std::vector<std::pair<std::int64_t, double>> ReadTails(const Generation& generation,
                                                              SeriesId series, const Slot* slot) {
  std::vector<std::pair<std::int64_t, double>> found;
  std::vector<TailCopy> tails;
  generation.Copy(series, slot, tails);
  TailData data;
  for (const TailCopy& tail : tails) {
    const auto times = generation.CopyColumn(tail.column);
    EXPECT_TRUE(generation.Decode(tail, *times, data).ok());
    for (std::size_t i = 0; i < data.values.size(); ++i) {
      const std::size_t row = data.contiguous ? data.first_row + i : data.rows[i];
      found.emplace_back(ToMillis((*times)[row]), data.values[i]);
    }
  }
  return found;
}

}  // namespace meerkat::tsdb
