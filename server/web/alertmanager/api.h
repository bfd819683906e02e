#pragma once

#include <functional>
#include <string>

#include "alerting/alertmanager.h"
#include "base/metrics.h"
#include "server/net/router.h"
#include "server/web/doors.h"

namespace meerkat::web {

// Alertmanager's HTTP API: version 2 as upstream has it, the history and acknowledgement beyond it,
// and the calls of version 1 that runbooks still make. Threads: as the handlers it adds, any.
class AlertmanagerApi {
 public:
  // `manager` and `registry` outlive every request.
  AlertmanagerApi(alerting::AlertManager& manager, Registry& registry, BuildInfo build);

  // Adds PREFIX/api/v2/…; with `version_1` also PREFIX/api/v1/…, which on the web address belongs
  // to Prometheus.
  void AddRoutes(net::Router& router, const std::string& prefix, bool version_1) const;

 private:
  alerting::AlertManager& manager_;
  Registry& registry_;
  const BuildInfo build_;
};

}  // namespace meerkat::web
