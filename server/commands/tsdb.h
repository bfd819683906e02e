#pragma once

#include <vector>

#include "server/commands/command.h"

namespace meerkat::commands {

// `tsdb dump`, `list`, `analyze` and their relatives: what promtool's namesakes do, on meerkat's
// own data directories; `tsdb import`, `verify`, `backup` and `restore` beyond that. They open the
// directory as the server does, so it must not be in use.
std::vector<Command> TsdbCommands();

}  // namespace meerkat::commands
