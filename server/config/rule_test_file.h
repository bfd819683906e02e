#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

// Unit tests of rules, in the format of upstream's promtool.
namespace meerkat::config {

struct RuleTestSeries {
  std::string series;  // up{job="a"}
  std::string values;  // 1 2+3x4 _ stale
};

struct AlertTestCase {
  Millis eval_time{0};
  std::string alertname;
  struct Expected {
    std::map<std::string, std::string> labels;
    std::map<std::string, std::string> annotations;
  };
  std::vector<Expected> alerts;
};

struct QueryTestCase {
  std::string expr;
  Millis eval_time{0};
  struct Expected {
    std::string labels;  // a series
    double value = 0;
    std::string histogram;  // {{…}}; "": a float
  };
  std::vector<Expected> samples;
};

struct RuleTestGroup {
  std::string name;
  std::optional<Millis> interval;  // none: the file's evaluation_interval
  Timestamp start{};
  std::vector<RuleTestSeries> input;
  std::vector<AlertTestCase> alerts;
  std::vector<QueryTestCase> queries;
  std::map<std::string, std::string> external_labels;
  std::string external_url;
};

struct RuleTestFile {
  std::vector<std::string> rule_files;  // globs, as written
  Millis evaluation_interval = std::chrono::minutes(1);
  std::vector<std::string> group_eval_order;
  bool fuzzy_compare = false;
  std::vector<RuleTestGroup> tests;
};

Result<RuleTestFile> ReadRuleTestFile(std::string_view path, std::string_view text,
                                      bool ignore_unknown_keys);

}  // namespace meerkat::config
