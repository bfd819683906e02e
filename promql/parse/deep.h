#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

#include "promql/ast.h"

// Trees are walked by recursion. Those that are deeper than any stack allows for, which programs
// write, are walked on a stack made for them.
namespace meerkat::promql {

// So many levels any stack has room for.
inline constexpr std::size_t kShallow = 500;

// Levels of the deepest path of a tree, durations included. Does not recurse.
std::size_t DepthOf(const Expr& expr);

// More levels than parsing the text can recurse into.
std::size_t MostNesting(std::string_view text);

// Calls `work`, which recurses through so many levels: on a thread of its own when they are many.
// False: there is no memory for its stack.
bool CallDeep(std::size_t levels, const std::function<void()>& work);

}  // namespace meerkat::promql
