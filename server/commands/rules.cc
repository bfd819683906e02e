#include "server/commands/rules.h"

#include "server/commands/check_rules.h"
#include "server/commands/test_rules.h"

namespace meerkat::commands {

std::vector<Command> RulesCommands() {
  return {
      {"check rules", "[RULE-FILES…]", "Say what is wrong with rule files.", CheckRules,
       CheckRulesFlags()},
      {"test rules", "TEST-RULE-FILE…", "Run unit tests of rules.", TestRules, TestRulesFlags()}};
}

}  // namespace meerkat::commands
