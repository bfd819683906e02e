#pragma once

#include <span>
#include <string>

#include "server/commands/command.h"

namespace meerkat::commands {

// Reads rule files (without any: standard input) and says what is wrong with them. 0: nothing, or
// lint findings that are not fatal; 1: errors, or wrong arguments; 3: fatal lint findings.
int CheckRules(std::span<const std::string> args, Streams streams);
std::span<const FlagRule> CheckRulesFlags();

}  // namespace meerkat::commands
