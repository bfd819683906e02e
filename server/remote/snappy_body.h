#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace meerkat::remote {

// Undoes snappy's block format into `buffer`. The length a body claims is believed only as far as
// its size can back it: memory is never more than about 64 times what was sent, nor `limit`.
Result<std::string_view> Unsnappy(std::string_view body, std::string& buffer, std::uint64_t limit);

std::string Snappy(std::string_view data);

}  // namespace meerkat::remote
