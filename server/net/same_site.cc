#include "server/net/same_site.h"

#include <string_view>

namespace meerkat::net {

bool IsCrossSite(const Request& request) {
  const std::string_view site = request.headers.Get("Sec-Fetch-Site");
  if (!site.empty()) return site != "same-origin" && site != "none";
  const std::string_view origin = request.headers.Get("Origin");
  if (origin.empty()) return false;
  const auto host = origin.find("://");
  return host == std::string_view::npos ||
         !EqualsIgnoreCase(origin.substr(host + 3), request.headers.Get("Host"));
}

}  // namespace meerkat::net
