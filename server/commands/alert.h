#pragma once

#include <vector>

#include "server/commands/command.h"

namespace meerkat::commands {

// `alert query`, `alert add`: amtool's commands of that name.
std::vector<Command> AlertCommands();

// `silence query|add|expire|update|import`: amtool's commands of that name.
std::vector<Command> SilenceCommands();

// `routes show|test` and `template render`: amtool's, on files alone.
std::vector<Command> RoutesCommands();

}  // namespace meerkat::commands
