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
};

// One thing the binary does besides serving: `meerkat check config FILE…`. `run` gets the arguments
// behind the name and returns the exit code: 0 for success, 1 for failure, 2 for a wrong command
// line, 3 for lint findings.
struct Command {
  std::string_view name;     // words separated by one space: "check config"
  std::string_view usage;    // what follows the name: "[--syntax-only] FILE…"
  std::string_view summary;  // one line for the list of commands
  int (*run)(std::span<const std::string> args, Streams streams);
};

}  // namespace meerkat::commands
