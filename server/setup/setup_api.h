#pragma once

#include <functional>
#include <set>
#include <string>

#include "base/result.h"
#include "server/net/router.h"
#include "server/setup/exporter_search.h"
#include "server/setup/watch_list.h"

namespace meerkat::setup {

// What the endpoints ask of the server. Threads: any.
struct SetupDoors {
  // Addresses that are scraped already, and the server's own.
  std::function<std::set<std::string>()> scraped;
  // Whether the configuration that runs reads the watch list.
  std::function<bool()> reads_watch_list;
  // The --alertmanager.config.file of the user; "" when the built-in one runs.
  std::string own_alert_file;
  // Checks an alertmanager.yml, puts it in place and has it loaded; nothing changes on an error.
  std::function<Result<>(const std::string& text)> take_alert_file;
};

// meerkat's own endpoints for the Home page, as ui/API.md describes them:
//   POST /api/v1/setup/search, POST|DELETE /api/v1/setup/watch, GET|POST /api/v1/setup/receiver.
// `prefix` is the route prefix without a slash at its end. `ready` is false while the server
// starts: 503. What is named here outlives the router.
void AddSetupRoutes(net::Router& router, const std::string& prefix, std::function<bool()> ready,
                    ExporterSearch& search, WatchList& list, SetupDoors doors);

}  // namespace meerkat::setup
