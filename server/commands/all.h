#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace meerkat::commands {

// Runs the command that `args` name (`check config FILE`) and gives its exit code; nullopt when
// they name none, so that the server is meant. Called through a link named promtool or amtool, the
// binary is that tool.
std::optional<int> RunCommand(std::string_view program, const std::vector<std::string>& args);

}  // namespace meerkat::commands
