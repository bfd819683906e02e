#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "server/net/router.h"
#include "server/web/doors.h"
#include "server/web/notifications.h"

// The parts of the API under /api/v1. Each gives a list of routes; web.cc wraps them all in the
// same way (readiness, CORS, request metrics) and adds them to the router.
namespace meerkat::web {

struct ApiContext {
  const WebOptions& options;
  const Doors& doors;
  Registry& registry;
  Notifications& notifications;
  Logger log;
};

struct ApiRoute {
  std::vector<std::string> methods;
  std::string path;  // below /api/v1: "/query"
  net::Handler handler;
  net::Lane lane = net::Lane::kQuick;
  bool before_ready = false;  // works while the store is still opening
  std::uint64_t max_body_bytes = 10 << 20;
  net::PromptHandler prompt = {};
  bool any_origin = true;  // pages of other sites may read it, as --web.cors.origin allows
};

// /labels, /label/{name}/values, /series, /metadata
std::vector<ApiRoute> SeriesRoutes(const ApiContext& context);
// /targets, /targets/metadata, /targets/relabel_steps, /scrape_pools, /scrape_pools/config
std::vector<ApiRoute> TargetRoutes(const ApiContext& context);
// /rules, /rules/backtest, /alerts, /alertmanagers
std::vector<ApiRoute> RuleRoutes(const ApiContext& context);
net::Response Backtest(const Doors& doors, const net::Request& request,
                       const std::stop_token& stop);
// /status/…, /features, /notifications, /openapi.yaml
std::vector<ApiRoute> StatusRoutes(const ApiContext& context);
// /search/metric_names, /search/label_names, /search/label_values
std::vector<ApiRoute> SearchRoutes(const ApiContext& context);
// /admin/tsdb/…
std::vector<ApiRoute> AdminRoutes(const ApiContext& context);

inline net::Response NoDatabase() {
  net::Response response = net::Response::Text(503, "Service Unavailable");
  response.headers.Set("X-Prometheus-Stopping", "false");
  return response;
}

}  // namespace meerkat::web
