#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "server/discovery/sd_config.h"

namespace meerkat::config {

// The target groups of a file that file_sd_configs names, JSON or YAML. Each group has the label
// __meta_filepath. Errors name the file and the place.
Result<std::vector<discovery::TargetGroup>> ReadTargetFile(const std::string& path);
Result<std::vector<discovery::TargetGroup>> ParseTargetFile(const std::string& path,
                                                            std::string_view text);

}  // namespace meerkat::config
