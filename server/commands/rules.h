#pragma once

#include <vector>

#include "server/commands/command.h"

namespace meerkat::commands {

// `check rules` and `test rules`, with promtool's output and exit codes.
std::vector<Command> RulesCommands();

}  // namespace meerkat::commands
