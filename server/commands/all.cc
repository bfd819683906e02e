#include "server/commands/all.h"

#include <algorithm>
#include <iostream>
#include <iterator>
#include <span>
#include <sstream>

#include "server/app/flags.h"
#include "server/app/version.h"
#include "server/commands/alert.h"
#include "server/commands/amtool.h"
#include "server/commands/analyze.h"
#include "server/commands/arguments.h"
#include "server/commands/backtest.h"
#include "server/commands/check_alertmanager.h"
#include "server/commands/check_config.h"
#include "server/commands/check_discovery.h"
#include "server/commands/check_metrics.h"
#include "server/commands/command.h"
#include "server/commands/promql.h"
#include "server/commands/query.h"
#include "server/commands/relabel_test.h"
#include "server/commands/rules.h"
#include "server/commands/texts.h"
#include "server/commands/tsdb.h"
#include "server/commands/tsdb_rules.h"

namespace meerkat::commands {
namespace {

// Listed with the others; RunText answers.
std::vector<Command> TextCommands() {
  const auto none = [](std::span<const std::string>, Streams streams) {
    return Misused(streams, Error(Code::kInvalid, "unexpected argument"));
  };
  return {{"completion", "SHELL", "Print the completion of bash, zsh or fish.", none},
          {"man", "", "Print the man page: meerkat man | man -l -", none}};
}

std::vector<Command> AllCommands() {
  std::vector<Command> all;
  const auto add = [&](std::vector<Command> some) {
    all.insert(all.end(), some.begin(), some.end());
  };
  add(AlertCommands());
  add(AmtoolStatusCommands());
  add({{"rules backtest",
        "--rule=NAME | --file=FILE | --expr=EXPR [--for=D] [--start=T] [--end=T] [--url=URL] [-o "
        "json]",
        "Try an alerting rule over the history of a server.", BacktestRule}});
  add(AnalyzeCommands());
  add(BackfillCommands());
  add(CheckAlertmanagerCommands());
  add(ConfigCommands());
  add(DebugCommands());
  add(DiscoveryCommands());
  add(MetricsCommands());
  add(RelabelCommands());
  add(PromqlCommands());
  add(RoutesCommands());
  add(PushCommands());
  add(QueryCommands());
  add(RulesCommands());
  add(ServerCommands());
  add(SilenceCommands());
  add(TextCommands());
  add(TsdbCommands());
  std::sort(all.begin(), all.end(),
            [](const Command& a, const Command& b) { return a.name < b.name; });
  return all;
}

// What is left of `args` for the command; nothing when it is not meant. Flags may stand before and
// between the words of its name, as upstream's tools let them: promtool --experimental promql
// format, promtool query -o json instant. They come first in what is left.
std::optional<std::vector<std::string>> RestFor(const Command& command,
                                                const std::vector<std::string>& args) {
  std::vector<std::string> rest;
  std::size_t next = 0;
  const auto take_flags = [&] {
    while (next < args.size() && args[next].size() > 1 && args[next][0] == '-') {
      const FlagRule* const flag = FindFlag(command.flags, args[next]);
      const bool separate = flag != nullptr && flag->takes_value &&
                            args[next].find('=') == std::string::npos &&
                            (args[next][1] == '-' || args[next].size() == 2);
      rest.push_back(args[next++]);
      if (separate && next < args.size()) rest.push_back(args[next++]);
    }
  };
  for (std::string_view name = command.name; !name.empty();) {
    take_flags();
    const std::string_view word = name.substr(0, name.find(' '));
    if (next >= args.size() || args[next] != word) return std::nullopt;
    ++next;
    name.remove_prefix(std::min(word.size() + 1, name.size()));
  }
  rest.insert(rest.end(), args.begin() + static_cast<std::ptrdiff_t>(next), args.end());
  return rest;
}

bool IsHelp(const std::string& arg) {
  return arg == "help" || arg == "--help" || arg == "-h";
}

// The texts about the command line itself: they need to know every command.
std::optional<int> RunText(const std::vector<std::string>& args,
                           std::span<const Command> commands) {
  const CommandLineTables tables{commands, app::FlagSpecs()};
  if (args[0] == "man" && args.size() == 1) {
    std::cout << ManPage(tables, app::kVersion);
    return 0;
  }
  if (args[0] != "completion" || (args.size() > 1 && IsHelp(args[1]))) return std::nullopt;
  const std::string shell = args.size() == 2 ? args[1] : "";
  if (shell == "bash") {
    std::cout << BashCompletion(tables);
  } else if (shell == "zsh") {
    std::cout << ZshCompletion(tables);
  } else if (shell == "fish") {
    std::cout << FishCompletion(tables);
  } else {
    return Misused(Streams{std::cin, std::cout, std::cerr},
                   Error(Code::kInvalid, "completion is there for bash, zsh and fish"));
  }
  return 0;
}

std::string_view NameOf(std::string_view program) {
  const std::size_t slash = program.rfind('/');
  return slash == std::string_view::npos ? program : program.substr(slash + 1);
}

// Why `words` name no command.
std::string WhyNone(std::span<const Command> commands, const std::vector<std::string>& words,
                    const std::vector<std::string>& given) {
  if (words.empty()) return "unknown long flag '" + given[0] + "'";
  std::string known;
  for (const std::string& word : words) {
    const std::string longer = known + (known.empty() ? "" : " ") + word;
    const bool leads = std::any_of(commands.begin(), commands.end(), [&](const Command& command) {
      return command.name == longer || command.name.starts_with(longer + " ");
    });
    if (!leads) return "expected command but got \"" + word + "\"";
    known = longer;
  }
  return "must select a subcommand of '" + known + "'";
}

// Those of `commands` that people know by the name of a tool of old; the others work, too.
std::vector<Command> CommandsOf(std::string_view tool, std::span<const Command> commands) {
  static constexpr std::string_view kPromtool[] = {"check", "debug", "promql", "push",
                                                   "query", "test",  "tsdb"};
  static constexpr std::string_view kAmtool[] = {"alert",  "check-config", "cluster",
                                                 "config", "silence",      "template"};
  const std::span<const std::string_view> known =
      tool == "amtool" ? std::span<const std::string_view>(kAmtool) : kPromtool;
  std::vector<Command> some;
  std::ranges::copy_if(commands, std::back_inserter(some), [&](const Command& command) {
    return std::ranges::find(known, command.name.substr(0, command.name.find(' '))) != known.end();
  });
  return some;
}

// What is printed on the error stream goes to `err`.
std::optional<int> Run(std::string_view called_as, const std::vector<std::string>& given,
                       std::ostream& err) {
  const bool tool = called_as == "promtool" || called_as == "amtool";
  std::vector<std::string> args = given;
  if (!tool && (args.empty() || args[0].starts_with('-'))) return std::nullopt;
  const std::vector<Command> commands = AllCommands();
  if (args.empty() || IsHelp(args[0])) {
    // `help check config` is `check config --help`.
    if (args.size() < 2) {
      std::cout << "usage: " << called_as << " COMMAND …\n\n"
                << ListOf(tool ? CommandsOf(called_as, commands) : commands, "", called_as);
      return args.empty() ? 1 : 0;
    }
    std::rotate(args.begin(), args.begin() + 1, args.end());
    args.back() = "--help";
  }
  if (tool && args[0] == "--version") {
    std::cout << app::ToolVersionText(called_as);
    return 0;
  }
  if (const auto code = RunText(args, commands)) return *code;
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
  const bool wants_help = std::any_of(args.begin(), args.end(), [](const std::string& arg) {
    return arg == "--help" || arg == "-h";
  });
  if (chosen == nullptr) {
    std::erase_if(args, [](const std::string& arg) { return arg.starts_with('-'); });
    const std::string first = args.empty() ? "" : args[0];
    const std::string list = ListOf(commands, first, called_as);
    if (wants_help && !list.empty()) {
      std::cout << "usage: " << called_as << " COMMAND …\n\n" << list;
      return 0;
    }
    err << called_as << ": error: " << WhyNone(commands, args, given) << ", try --help\n";
    if (!tool && !list.empty()) err << list;
    return 1;
  }
  if (wants_help) {
    std::cout << HelpOf(*chosen, called_as);
    return 0;
  }
  return chosen->run(rest,
                     Streams{std::cin, std::cout, err, called_as == "amtool" ? "" : called_as});
}

}  // namespace

std::optional<int> RunCommand(std::string_view program, const std::vector<std::string>& given) {
  const std::string_view called_as = NameOf(program);
  if (called_as != "amtool") return Run(called_as, given, std::cerr);
  auto args = AmtoolArguments(given, AmtoolConfigFiles());
  if (!args) {
    std::cerr << "amtool: error: " << args.error().message() << "\n\n";
    return 1;
  }
  // It names itself in errors, and ends them with an empty line.
  std::ostringstream err;
  const auto code = Run(called_as, *args, err);
  std::string text = err.str();
  constexpr std::string_view kHint = ", try --help\n";
  if (text.ends_with(kHint)) text.replace(text.size() - kHint.size(), kHint.size(), "\n");
  if (const std::size_t error = ("\n" + text).find("\nerror: "); error != std::string::npos) {
    text.insert(error, "amtool: ");
  }
  if (("\n" + text).find("\namtool: error: ") != std::string::npos) text += "\n";
  std::cerr << text;
  return code;
}

}  // namespace meerkat::commands
