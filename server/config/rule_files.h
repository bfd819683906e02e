#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/name_scheme.h"
#include "promql/parser.h"

// Rule files: groups of recording and alerting rules, as upstream reads them.
namespace meerkat::config {

struct RuleEntry {
  std::string record;  // exactly one of these two is set
  std::string alert;
  std::string expr;                                // as written
  std::shared_ptr<const promql::Expr> expression;  // parsed
  Millis hold{0};                                  // `for`
  Millis keep_firing{0};                           // `keep_firing_for`
  std::map<std::string, std::string> labels;       // templates in alerting rules
  std::map<std::string, std::string> annotations;  // templates

  const std::string& name() const { return alert.empty() ? record : alert; }
};

struct RuleGroupEntry {
  std::string name;
  std::optional<Millis> interval;      // none: the global evaluation_interval
  std::optional<Millis> query_offset;  // none: the global rule_query_offset
  std::int64_t limit = 0;              // of series or alerts a rule may give; <= 0: no limit
  std::map<std::string, std::string> labels;
  std::vector<RuleEntry> rules;
};

struct RuleFile {
  std::string path;
  std::vector<RuleGroupEntry> groups;
};

struct RuleFileOptions {
  bool ignore_unknown_keys = false;
  NameScheme names = NameScheme::kUtf8;
  promql::ParseOptions parse;
};

// A file and all that is wrong with it. With errors the file must not be used.
struct RuleFileOutcome {
  RuleFile file;
  std::vector<std::string> errors;  // whole lines: "FILE: LINE:COL: group "g", rule 1, "x": …"
};

// `path` is only for messages. A text that is not YAML, or has unknown keys or wrong types, gives
// one error; else every rule is checked and every error listed.
RuleFileOutcome ReadRuleFile(std::string_view path, std::string_view text,
                             const RuleFileOptions& options = {});

}  // namespace meerkat::config
