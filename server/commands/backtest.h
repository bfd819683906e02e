#pragma once

#include <span>
#include <string>

#include "server/commands/command.h"

namespace meerkat::commands {

// Asks a running server to try an alerting rule over its history, and prints what would have
// happened. 0; 1: the server refused or is not there; 2: wrong arguments.
int BacktestRule(std::span<const std::string> args, Streams streams);

}  // namespace meerkat::commands
