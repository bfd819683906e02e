#pragma once

#include <cstdint>
#include <string_view>

namespace meerkat::web {

enum class FuzzyAlgorithm : std::uint8_t { kSubsequence, kJaroWinkler };

// How well `text` answers a search for `term`, 0 to 1: 1 when they are equal, at least 0.9 when
// `text` begins with it, at least 0.8 when it holds it, else what the algorithm finds alike.
double SearchScore(std::string_view text, std::string_view term, FuzzyAlgorithm algorithm);

}  // namespace meerkat::web
