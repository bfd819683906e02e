#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "server/commands/command.h"

namespace meerkat::commands {

struct LintSettings {
  bool duplicate_rules = true;
  bool too_long_scrape_interval = false;
  bool fatal = false;
  Millis lookback_delta = std::chrono::minutes(5);
};

// `check config [--syntax-only] [--lint=…] [--lint-fatal] [--agent] [--ignore-unknown-fields]
// FILE…`: prometheus.yml files with the rule, target and certificate files they name. Output and
// exit codes are upstream's.
int CheckConfig(std::span<const std::string> args, Streams streams);

// Takes --lint=a,b over; words that nobody knows are named on `out`.
void ReadLint(const std::string& words, LintSettings& lint, std::ostream& out);

// `check config`.
std::vector<Command> ConfigCommands();

}  // namespace meerkat::commands
