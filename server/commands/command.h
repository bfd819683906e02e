#pragma once

#include <functional>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace meerkat::commands {

// Where a command reads and prints.
struct Streams {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  std::string_view program = "";  // what it was called as, to begin Misused's line with
};

// A flag of a command: --name=value, --name value, -n value; without a value --name and --no-name.
// --help, the shell completion and the man page are made from these.
struct FlagRule {
  std::string_view name;
  char letter = '\0';
  bool takes_value = true;
  std::string_view value = "";  // what stands behind the name in help: FILE, or the default
  std::string_view help = "";
  bool required = false;
};

// Upstream asks for these before some commands; here nothing needs them.
inline constexpr FlagRule kExperimentalFlag{"experimental", '\0', false, "",
                                            "Accepted; experimental commands need no permission."};
inline constexpr FlagRule kFeatureFlag{"enable-feature", '\0', true, "NAMES",
                                       "Features to switch on, separated by commas."};

// Upstream takes it before every check.
inline constexpr FlagRule kLookbackFlag{"query.lookback-delta", '\0', true, "5m",
                                        "Lookback of the server, for --lint."};

// One thing the binary does besides serving: `meerkat check config FILE…`. `run` gets the arguments
// behind the name and returns the exit code: 0 for success, 1 for failure or a wrong command line,
// 3 for lint findings.
struct Command {
  std::string_view name;     // words separated by one space: "check config"
  std::string_view usage;    // what follows name and flags: "FILE…"
  std::string_view summary;  // one line for the list of commands
  int (*run)(std::span<const std::string> args, Streams streams);
  std::span<const FlagRule> flags = {};
};

}  // namespace meerkat::commands
