#include "server/commands/all.h"

#include <algorithm>
#include <iostream>
#include <span>

#include "server/commands/alert.h"
#include "server/commands/backtest.h"
#include "server/commands/check_alertmanager.h"
#include "server/commands/check_config.h"
#include "server/commands/command.h"
#include "server/commands/promql.h"
#include "server/commands/query.h"
#include "server/commands/relabel_test.h"
#include "server/commands/rules.h"
#include "server/commands/tsdb.h"

namespace meerkat::commands {
namespace {

std::vector<Command> AllCommands() {
  std::vector<Command> all;
  const auto add = [&](std::vector<Command> some) {
    all.insert(all.end(), some.begin(), some.end());
  };
  add(AlertCommands());
  add({{"rules backtest",
        "--rule=NAME | --file=FILE | --expr=EXPR [--for=D] [--start=T] [--end=T] [--url=URL] [-o "
        "json]",
        "tries an alerting rule over a server's history", BacktestRule}});
  add(CheckAlertmanagerCommands());
  add(ConfigCommands());
  add(RelabelCommands());
  add(PromqlCommands());
  add(RoutesCommands());
  add(PushCommands());
  add(QueryCommands());
  add(RulesCommands());
  add(ServerCommands());
  add(SilenceCommands());
  add(TsdbCommands());
  std::sort(all.begin(), all.end(),
            [](const Command& a, const Command& b) { return a.name < b.name; });
  return all;
}

// What is left of `args` for the command; nothing when it is not meant. Flags may stand before and
// between the words of its name, as upstream's tools let them: promtool --experimental promql
// format, promtool test --junit=FILE rules. They come first in what is left.
std::optional<std::vector<std::string>> RestFor(const Command& command,
                                                const std::vector<std::string>& args) {
  std::vector<std::string> rest;
  std::size_t next = 0;
  for (std::string_view name = command.name; !name.empty();) {
    while (next < args.size() && args[next].starts_with("--")) rest.push_back(args[next++]);
    const std::string_view word = name.substr(0, name.find(' '));
    if (next >= args.size() || args[next] != word) return std::nullopt;
    ++next;
    name.remove_prefix(std::min(word.size() + 1, name.size()));
  }
  rest.insert(rest.end(), args.begin() + static_cast<std::ptrdiff_t>(next), args.end());
  return rest;
}

void List(std::ostream& out, const std::vector<Command>& commands, std::string_view first_word) {
  for (const Command& command : commands) {
    if (!first_word.empty() && command.name.substr(0, command.name.find(' ')) != first_word)
      continue;
    std::string line = "  meerkat " + std::string(command.name) + " " + std::string(command.usage);
    if (line.size() < 60) line.resize(60, ' ');
    out << line << " " << command.summary << "\n";
  }
}

std::string_view NameOf(std::string_view program) {
  const std::size_t slash = program.rfind('/');
  return slash == std::string_view::npos ? program : program.substr(slash + 1);
}

}  // namespace

std::optional<int> RunCommand(std::string_view program, const std::vector<std::string>& given) {
  const std::string_view called_as = NameOf(program);
  const bool tool = called_as == "promtool" || called_as == "amtool";
  std::vector<std::string> args = given;
  if (called_as == "amtool") {
    // Its flags for all commands may stand in front of the command, the output's with its value.
    const auto is_word = [](const std::string& arg) { return !arg.starts_with('-'); };
    auto command = std::find_if(args.begin(), args.end(), is_word);
    if (command != args.begin() && command != args.end() && *(command - 1) == "-o") ++command;
    std::rotate(args.begin(), command, args.end());
  }
  if (!tool && (args.empty() || args[0].starts_with('-'))) return std::nullopt;
  const std::vector<Command> commands = AllCommands();
  if (args.empty() || args[0] == "help" || args[0] == "--help" || args[0] == "-h") {
    std::cout << "usage: " << called_as << " COMMAND …\n\n";
    List(std::cout, commands, "");
    return args.empty() ? 2 : 0;
  }
  const Command* chosen = nullptr;
  std::vector<std::string> rest;
  for (const Command& command : commands) {
    // The longest name counts.
    if (chosen != nullptr && chosen->name.size() > command.name.size()) continue;
    if (auto left = RestFor(command, args)) {
      chosen = &command;
      rest = *std::move(left);
    }
  }
  if (chosen == nullptr) {
    std::cerr << called_as << ": no such command: " << args[0]
              << (args.size() > 1 ? " " + args[1] : "") << "\n";
    List(std::cerr, commands, args[0]);
    return 2;
  }
  if (!rest.empty() && (rest[0] == "--help" || rest[0] == "-h")) {
    std::cout << "usage: meerkat " << chosen->name << " " << chosen->usage << "\n\n"
              << chosen->summary << "\n";
    return 0;
  }
  return chosen->run(rest, Streams{std::cin, std::cout, std::cerr});
}

}  // namespace meerkat::commands
