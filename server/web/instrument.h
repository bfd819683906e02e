#pragma once

#include "base/metrics.h"
#include "server/net/router.h"

namespace meerkat::web {

// Counts the answers of a route under upstream's names: prometheus_http_requests_total
// {handler,code}, …_request_duration_seconds{handler}, …_response_size_bytes{handler}. The registry
// outlives the route.
void Instrument(Registry& registry, net::Route& route);

}  // namespace meerkat::web
