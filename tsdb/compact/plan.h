#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/clock.h"
#include "tsdb/compact/part.h"

// Which parts to merge next: pure decisions, no work.
namespace meerkat::tsdb {

struct PlanInput {
  Millis partition{};
  Timestamp newest{};  // time of the newest sample of all
  Millis settle{};     // how far behind `newest` samples may still come
  Millis longest{};    // no part longer than this is made
};

// Indexes of the parts (given in view order) to merge into one; empty: nothing to do. Parts of a
// stretch that is over become one; a tenth of them at a time become one while it is not, so that
// each sample is rewritten a few times at most and reads look at a few parts. Stretches are one,
// six, 36 and so on partitions long, aligned. Parts that overlap a merged one in time are all older
// or all younger than what it holds.
std::vector<std::size_t> PlanMerge(std::span<const PartInfo> parts, const PlanInput& input);

}  // namespace meerkat::tsdb
