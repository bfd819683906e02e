#pragma once

#include <span>
#include <string>
#include <vector>

#include "server/commands/command.h"

namespace meerkat::commands {

// `check service-discovery CONFIG JOB`: what the discovery of a job finds, and what relabeling
// makes of it, as JSON. Ends when every source has answered, at --timeout at the latest. 0: done;
// 1: no such job, or the configuration is wrong.
int CheckDiscovery(std::span<const std::string> args, Streams streams);

std::vector<Command> DiscoveryCommands();

}  // namespace meerkat::commands
