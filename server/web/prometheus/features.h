#pragma once

#include <string>

#include "server/web/doors.h"

namespace meerkat::web {

// {category: {feature: on}} as GET /api/v1/features gives it: what this server can, for clients
// that adapt themselves.
std::string FeaturesJson(const WebOptions& options);

// {"version":…} for /api/v1/status/buildinfo and /version.
std::string BuildInfoJson(const BuildInfo& build);

}  // namespace meerkat::web
