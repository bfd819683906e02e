#pragma once

#include <vector>

#include "server/commands/command.h"

namespace meerkat::commands {

// `tsdb create-blocks-from rules`: what recording rules would have written, had they been there.
// Alerting rules are left out, as upstream's tool does. 0: done; 1: a rule failed, the others are
// written.
std::vector<Command> BackfillCommands();

}  // namespace meerkat::commands
