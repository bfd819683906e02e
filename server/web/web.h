#pragma once

#include <memory>

#include "base/log.h"
#include "base/metrics.h"
#include "server/net/router.h"
#include "server/net/server.h"
#include "server/web/doors.h"
#include "server/web/notifications.h"

namespace meerkat::web {

// Every Prometheus endpoint: the API, federation, probes, pages, /metrics, the receivers. Owns what
// they remember between requests (query log, label caches of the receivers). Build one, add its
// routes to the router of the server, serve. Threads: as the handlers it adds, any.
class Web {
 public:
  // Doors, registry and notifications outlive the Web.
  Web(WebOptions options, const Doors& doors, Registry& registry, Notifications& notifications,
      Logger log);
  ~Web();
  Web(const Web&) = delete;
  Web& operator=(const Web&) = delete;

  // Adds all routes under the route prefix, each counted in the request metrics.
  void AddRoutes(net::Router& router);

  // Of the configuration: global.query_log_file ("" closes it). Called at start and on reload.
  Result<> SetQueryLog(const std::string& path);
  // Tells it of a rule's query; `error` is "" for an answer.
  void LogRuleQuery(std::string_view file, std::string_view group, std::string_view query,
                    const promql::QueryOptions& options, const promql::QueryStats& stats,
                    std::string_view error);
  // Counts a route of somebody else's like ours.
  void Instrument(net::Route& route);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace meerkat::web
