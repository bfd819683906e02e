#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "server/discovery/sd_config.h"

namespace meerkat::config {

// The target groups of a file that file_sd_configs names: JSON or YAML by its suffix. Each group
// has the label __meta_filepath.
Result<std::vector<discovery::TargetGroup>> ReadTargetFile(const std::string& path);

}  // namespace meerkat::config
