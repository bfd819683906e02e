#pragma once

#include <span>
#include <string>
#include <string_view>

#include "server/app/flags.h"
#include "server/commands/command.h"

// What is said about the command line, made from the same tables that it is read by: the help of a
// command, the completion of shells, the man page.
namespace meerkat::commands {

struct CommandLineTables {
  std::span<const Command> commands;
  std::span<const app::FlagSpec> server_flags;
};

// One line for each command that begins with `first_word`; "": all of them. `program` is the name
// we were called by.
std::string ListOf(std::span<const Command> commands, std::string_view first_word,
                   std::string_view program = "meerkat");
std::string HelpOf(const Command& command, std::string_view program = "meerkat");

std::string BashCompletion(const CommandLineTables& tables);
std::string ZshCompletion(const CommandLineTables& tables);
std::string FishCompletion(const CommandLineTables& tables);

// In the language of man(7); `version` stands in its foot.
std::string ManPage(const CommandLineTables& tables, std::string_view version);

}  // namespace meerkat::commands
