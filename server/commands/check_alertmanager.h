#pragma once

#include <vector>

#include "server/commands/command.h"

namespace meerkat::commands {

// `check alertmanager FILE…` (and `check alertmanager-config`): reads alertmanager.yml files and
// the templates they name, and says what is wrong with them, as amtool check-config does. Without a
// file: standard input. 0: nothing is wrong; 1: something is.
std::vector<Command> CheckAlertmanagerCommands();

}  // namespace meerkat::commands
