#pragma once

#include <string>
#include <string_view>

namespace meerkat::web {

// The OpenAPI description of /api/v1 in YAML.
std::string OpenApiDocument(std::string_view openapi_version, std::string_view external_url);

}  // namespace meerkat::web
