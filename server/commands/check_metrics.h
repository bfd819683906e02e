#pragma once

#include <span>
#include <string>
#include <vector>

#include "server/commands/command.h"

namespace meerkat::commands {

// `check metrics < page`: names, units and types of a page of metrics against the conventions.
// 0: nothing found; 1: not a page of metrics; 3: findings.
int CheckMetrics(std::span<const std::string> args, Streams streams);

std::vector<Command> MetricsCommands();

}  // namespace meerkat::commands
