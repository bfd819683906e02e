#pragma once

#include "base/metrics.h"
#include "server/net/http.h"
#include "server/web/doors.h"

namespace meerkat::web {

// GET /federate: the newest sample of each selected series, in the text format, sorted by metric
// name. Without match[], nothing. Threads: any.
class Federation {
 public:
  Federation(const Doors& doors, Registry& registry);
  net::Response Handle(const net::Request& request, std::stop_token stop);

 private:
  const Doors& doors_;
  Counter& errors_;
  Counter& warnings_;
};

}  // namespace meerkat::web
