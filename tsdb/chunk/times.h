#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

// Columns of timestamps to bytes and back, exact to the millisecond. See values.h for what the
// bytes do not carry.
namespace meerkat::tsdb {

// Any times at all are taken; ascending ones at a steady pace are small (a regular column takes a
// few bytes altogether, one with jitter of a millisecond or two less than a byte per row).
void EncodeTimes(std::span<const Timestamp> times, std::string& out);
Result<> DecodeTimes(std::string_view bytes, std::span<Timestamp> times);

}  // namespace meerkat::tsdb
