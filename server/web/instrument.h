#pragma once

#include <string>

#include "base/metrics.h"
#include "server/net/http.h"

namespace meerkat::web {

// Counts a handler under upstream's names: prometheus_http_requests_total{handler,code},
// …_request_duration_seconds{handler}, …_response_size_bytes{handler}. The registry outlives the
// handler.
net::Handler Instrument(Registry& registry, std::string name, net::Handler handler);

}  // namespace meerkat::web
