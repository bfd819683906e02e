#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "alerting/rules.h"
#include "promql/engine.h"
#include "server/config/rule_test_file.h"

namespace meerkat::commands {

struct RuleTestOptions {
  promql::EngineOptions engine;
  bool fuzzy_compare = false;
  bool diff = false;
  std::ostream* debug = nullptr;  // where to tell what happens; null: nowhere
};

// Runs one test over rule groups, in the order they are given. The errors, each a text of one or
// more lines; empty when everything is as expected.
std::vector<std::string> RunRuleTest(const config::RuleTestGroup& test, const std::string& name,
                                     Millis evaluation_interval,
                                     std::vector<alerting::RuleGroupConfig> groups,
                                     const RuleTestOptions& options);

}  // namespace meerkat::commands
