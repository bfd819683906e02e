#pragma once

#include <functional>
#include <string>

#include "server/dashboards/dashboard_library.h"
#include "server/net/router.h"

namespace meerkat::server {

// meerkat's own endpoints for dashboards, as ui/API.md describes them:
//   GET /api/v1/dashboards, POST /api/v1/dashboards, GET|DELETE /api/v1/dashboards/{uid},
//   GET /api/v1/dashboards/{uid}/versions[/{version}], PUT|DELETE /api/v1/dashboards/{uid}/star.
// `prefix` is the route prefix without a slash at its end. `library` gives null while the server
// starts: 503.
void AddDashboardRoutes(net::Router& router, const std::string& prefix,
                        std::function<DashboardLibrary*()> library);

}  // namespace meerkat::server
