#pragma once

#include <span>
#include <string>
#include <vector>

#include "server/commands/command.h"

namespace meerkat::commands {

// `query analyze`: how many buckets the histograms of a server use.
int AnalyzeHistograms(std::span<const std::string> args, Streams streams);

std::vector<Command> AnalyzeCommands();

}  // namespace meerkat::commands
