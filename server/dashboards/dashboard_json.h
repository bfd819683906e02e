#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "server/dashboards/dashboard_library.h"

// What is read out of a dashboard's JSON; the rest is the browser's business.
namespace meerkat::server {

// Title, tags and the uid as written (which may be unusable). Takes Grafana's file format, the
// {"dashboard": {...}} wrapper of its API, and the new model (apiVersion
// dashboard.grafana.app/v2…); kInvalid when it is none of them.
Result<DashboardSummary> ReadDashboard(std::string_view json);
// The dashboard itself: `json`, or what the wrapper holds.
std::string UnwrapDashboard(std::string_view json);
// `json` with this uid; untouched when it has it already, so that an export is what was imported.
std::string WithUid(std::string_view json, std::string_view uid);

bool IsUsableUid(std::string_view uid);
// From a file's name without its extension, or a title: `Node (1)` is `Node-1`. The second of that
// name is `Node-1-2`: `copy` counts from 1.
std::string UidFromName(std::string_view name, int copy = 1);
// "Node Exporter Full" is "node-exporter-full".
std::string SlugOf(std::string_view title);

}  // namespace meerkat::server
