#pragma once

#include <span>
#include <string>
#include <vector>

#include "server/commands/command.h"

namespace meerkat::commands {

// `relabel test CONFIG JOB name=value…`: what each relabeling rule of a job makes of a target with
// these labels, and what the target is in the end.
int RelabelTest(std::span<const std::string> args, Streams streams);

std::vector<Command> RelabelCommands();

}  // namespace meerkat::commands
