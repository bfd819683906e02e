#pragma once

#include <optional>
#include <string_view>

#include "server/net/url.h"

namespace meerkat::net {

// The fields of a multipart/form-data body (RFC 7578) in their order. Files and parts without a
// name are left out; nullopt when the body is malformed or does not end with its last boundary.
std::optional<Params> ParseMultipart(std::string_view body, std::string_view boundary);

}  // namespace meerkat::net
