#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "server/commands/command.h"

namespace meerkat::commands {

// Where amtool keeps flags that somebody does not want to write every time, the first file wins:
// $HOME/.config/amtool/config.yml, /etc/amtool/config.yml.
std::vector<std::string> AmtoolConfigFiles();

// An amtool command line as `meerkat` has it: the command's words first, then the flags that stood
// before them, those that `config_files` have for the command, and the rest. kInvalid: a file that
// does not read.
Result<std::vector<std::string>> AmtoolArguments(const std::vector<std::string>& given,
                                                 const std::vector<std::string>& config_files);

// `cluster show`, `config show`: what an alert manager says of itself.
std::vector<Command> AmtoolStatusCommands();

}  // namespace meerkat::commands
