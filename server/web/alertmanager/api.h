#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
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
  // `manager` and `registry` outlive every request. At most `get_concurrency` GET requests are
  // answered at a time, others get 503; 0: as many as there are cores, but no less than 8. What
  // took longer than `timeout` is answered with 503 as well; 0: there is no limit.
  AlertmanagerApi(alerting::AlertManager& manager, Registry& registry, BuildInfo build,
                  std::size_t get_concurrency = 0, Millis timeout = Millis(0));

  // Adds PREFIX/api/v2/…; with `version_1` also PREFIX/api/v1/…, which on the web address belongs
  // to Prometheus.
  void AddRoutes(net::Router& router, const std::string& prefix, bool version_1) const;

 private:
  alerting::AlertManager& manager_;
  Registry& registry_;
  const BuildInfo build_;
  const std::int64_t get_concurrency_;
  const Millis timeout_;
  // GET requests that are being answered, on all addresses.
  const std::shared_ptr<std::atomic<std::int64_t>> busy_ =
      std::make_shared<std::atomic<std::int64_t>>(0);
};

}  // namespace meerkat::web
