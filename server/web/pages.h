#pragma once

#include <string>
#include <vector>

#include "server/net/router.h"
#include "server/web/doors.h"

namespace meerkat::web {

// The browser's side: the application's document and assets, the addresses of old, the user's own
// files, /version. Only what is in the binary, or lies below the directory of --web.user-assets,
// can be reached.
std::vector<net::Route> PageRoutes(const WebOptions& options, const Doors& doors);

}  // namespace meerkat::web
