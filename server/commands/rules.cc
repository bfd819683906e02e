#include "server/commands/rules.h"

#include "server/commands/check_rules.h"
#include "server/commands/test_rules.h"

namespace meerkat::commands {

std::vector<Command> RulesCommands() {
  return {
      {"check rules", "[--lint=LIST] [--lint-fatal] [--ignore-unknown-fields] [FILE…]",
       "says what is wrong with rule files", CheckRules},
      {"test rules",
       "[--run=REGEX]… [--diff] [--debug] [--junit=FILE] [--ignore-unknown-fields] FILE…",
       "runs unit tests of rules", TestRules},
  };
}

}  // namespace meerkat::commands
