#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tsdb/chunk/bytes.h"

// Sets of positions below some bound: the rows a series has samples in, the stale ones among them.
//
// positions := head: varint = 2 * runs, (gap: varint, length - 1: varint)*
//            | head: varint = 1, mask: u8[ceil(bound / 8)]
// A gap counts from the end of the run before.
namespace meerkat::tsdb {

// `positions` ascend strictly, each below `bound`; the smaller of the two forms is written.
void PutPositions(std::span<const std::uint32_t> positions, std::size_t bound, std::string& out);
// Replaces `positions`; false for bytes PutPositions did not write.
bool GetPositions(ByteReader& reader, std::size_t bound, std::vector<std::uint32_t>& positions);

}  // namespace meerkat::tsdb
