#pragma once

#include <vector>

#include "server/commands/command.h"

namespace meerkat::commands {

// `query instant|range|series|labels`: promtool's questions to a server, in its output.
std::vector<Command> QueryCommands();

// `check healthy|ready|web-config`, `debug metrics|all`.
std::vector<Command> ServerCommands();

// `push metrics`: a page of metrics to a remote write receiver.
std::vector<Command> PushCommands();

}  // namespace meerkat::commands
