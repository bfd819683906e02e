#pragma once

#include <span>
#include <string>
#include <string_view>

namespace meerkat {

// The candidate fewest edits (insert, delete, replace, swap) away from `word`; "" when none is near
// enough to be what was meant (at most a third of the word's length, at least one edit).
std::string_view Nearest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace meerkat
