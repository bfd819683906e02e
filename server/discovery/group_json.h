#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "server/discovery/sd_config.h"

namespace meerkat::discovery {

// A JSON list of {"targets": [...], "labels": {...}}, strictly: what file and HTTP discovery read.
// `source` names the groups ("source:0", "source:1", ...) and is put under `meta_label`.
Result<std::vector<TargetGroup>> ParseGroups(std::string_view json, const std::string& source,
                                             std::string_view meta_label);

// The labels of `group` and one more.
Labels WithLabel(const Labels& labels, std::string_view name, std::string_view value);

// A name as it may stand in a label name: what is not a letter, digit or underscore becomes "_".
std::string SanitizeLabelName(std::string_view name);

}  // namespace meerkat::discovery
