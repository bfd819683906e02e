#pragma once

#include <span>
#include <string_view>

// The browser pages, as bytes inside the binary.
//
// Every asset is served at its path under the server's route prefix. The document "index.html" is
// also the answer to each application address that names no other asset: "", home, query, graph,
// explore, alerts, alerts/history, silences, routes, targets, service-discovery, rules, config,
// flags, status, tsdb-status, dashboards, d/<uid> and d/<uid>/<slug>.
//
// index.html holds the exact text kBaseToken once. A server behind a prefix or an external URL path
// replaces it with <base href="/PATH/"> (a slash at both ends, escaped for HTML) in `identity` and
// compresses the result itself, or sends it as it is; all other addresses in the pages are relative
// to that base. With the path "/" the document can be sent unchanged, compressed forms included.
namespace meerkat::ui {

struct Asset {
  std::string_view path;          // "assets/app-KW3Z7DF2.js"
  std::string_view content_type;  // "text/javascript; charset=utf-8"
  std::string_view etag;          // with its quotes; of the identity form
  std::string_view identity;
  std::string_view gzip;
  std::string_view brotli;
  bool immutable;  // the name holds a hash of the content: cache for a year
};

inline constexpr std::string_view kBaseToken = "<base href=\"/\">";
// Likewise for the name of the site, which every page's title ends with.
inline constexpr std::string_view kTitleToken = "<title>meerkat</title>";

// Sent with every document. No inline script or style is used, and no other host is asked.
inline constexpr std::string_view kContentSecurityPolicy =
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'self'";

// All assets, sorted by path. The bytes live as long as the program. Threads: any.
std::span<const Asset> Assets();

// The asset at this path, or nullptr.
const Asset* FindAsset(std::string_view path);

}  // namespace meerkat::ui
