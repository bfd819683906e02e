#pragma once

#include <span>
#include <string>

#include "server/commands/command.h"

namespace meerkat::commands {

// Runs unit tests of rules: loads their series, evaluates the rules over them step by step, and
// compares alerts and query results with what the tests expect. 0: all hold; 1: some do not, or
// cannot be run, or the arguments are wrong.
int TestRules(std::span<const std::string> args, Streams streams);
std::span<const FlagRule> TestRulesFlags();

}  // namespace meerkat::commands
