#pragma once

#include <vector>

#include "server/commands/command.h"

namespace meerkat::commands {

// `query instant|range|series|labels`: promtool's questions to a server, in its output.
std::vector<Command> QueryCommands();

// `check healthy|ready|web-config`.
std::vector<Command> ServerCommands();

// `debug pprof|metrics|all`: an archive of what a server says of itself.
std::vector<Command> DebugCommands();

// `push metrics`: a page of metrics to a remote write receiver.
std::vector<Command> PushCommands();

}  // namespace meerkat::commands
