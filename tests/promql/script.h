#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "promql/engine.h"
#include "tests/promql/memory_storage.h"

// The language of query scripts: `load`, `clear`, `eval instant at T EXPR`, `eval range from A to B
// step S EXPR`, each eval followed by the series, scalar, failure and annotations it must give.
namespace meerkat::promql {

struct ScriptOptions {
  EngineOptions engine;
  // Also asks every instant query as the middle step of a range query.
  bool check_as_range = true;
};

struct ScriptReport {
  std::size_t passed = 0;
  std::vector<std::string> failures;  // "line 12: EXPR: what is wrong"
};

// The samples that the load commands of a script leave behind.
MemoryStorage LoadScript(std::string_view text);

ScriptReport RunScript(std::string_view text, const ScriptOptions& options);

}  // namespace meerkat::promql
