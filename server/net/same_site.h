#pragma once

#include "server/net/http.h"

namespace meerkat::net {

// Whether a page of another site sent the request. Browsers say where a request comes from
// (Sec-Fetch-Site, and Origin on everything that writes); other clients say nothing and are let in.
// What changes something refuses these with 403, so that no page elsewhere can write here in the
// name of its reader.
bool IsCrossSite(const Request& request);

}  // namespace meerkat::net
