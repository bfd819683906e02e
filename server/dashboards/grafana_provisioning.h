#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "server/dashboards/dashboard_library.h"

namespace meerkat::server {

// The providers of one of Grafana's dashboard provisioning files (`apiVersion: 1`, `providers:`).
// Keys we have no use for are accepted. Relative paths are seen from `directory`.
Result<std::vector<DashboardFolder>> ReadDashboardProviders(std::string_view file,
                                                            std::string_view text,
                                                            const std::filesystem::path& directory);

// What --dashboards.path stands for: a folder of JSON files, with the providers its YAML files
// name; or one provisioning file. kInvalid when it does not exist or a provisioning file is wrong.
Result<std::vector<DashboardFolder>> DashboardFoldersAt(const std::filesystem::path& path);

}  // namespace meerkat::server
