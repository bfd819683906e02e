#pragma once

#include <span>
#include <string>
#include <vector>

#include "server/commands/command.h"

namespace meerkat::commands {

// Reads alertmanager.yml files and the templates they name. 0: nothing is wrong; 1: something is.
int CheckAlertmanager(std::span<const std::string> args, Streams streams);

// `check alertmanager FILE…` (and `check alertmanager-config`): reads alertmanager.yml files and
// the templates they name, and says what is wrong with them, as amtool check-config does. Without a
// file: standard input. 0: nothing is wrong; 1: something is.
std::vector<Command> CheckAlertmanagerCommands();

}  // namespace meerkat::commands
