#pragma once

#include <vector>

#include "server/commands/command.h"

namespace meerkat::commands {

// `promql format`, `promql label-matchers set` and `promql label-matchers delete`: queries as text.
std::vector<Command> PromqlCommands();

}  // namespace meerkat::commands
