#include "server/web/pages.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <utility>

#include "base/html_text.h"
#include "server/net/compression.h"
#include "server/web/prometheus/features.h"
#include "ui/assets.h"

namespace meerkat::web {
namespace {

constexpr std::uintmax_t kMaxUserFile = 64 << 20;

// Addresses that the application itself understands.
constexpr std::string_view kApplication[] = {
    "home",
    "query",
    "explore",
    "alerts",
    "alerts/history",
    "silences",
    "routes",
    "targets",
    "service-discovery",
    "alertmanager-discovery",
    "rules",
    "config",
    "flags",
    "status",
    "tsdb-status",
    "dashboards",
    "d/{uid}",
    "d/{uid}/{slug}",
};

void Secure(net::Response& response) {
  response.headers.Set("Content-Security-Policy", std::string(ui::kContentSecurityPolicy));
  response.headers.Set("X-Content-Type-Options", "nosniff");
  response.headers.Set("X-Frame-Options", "SAMEORIGIN");
  response.headers.Set("Referrer-Policy", "same-origin");
}

// The embedded form the client takes best.
net::Response Serve(const ui::Asset& asset, const net::Request& request) {
  net::Response response;
  response.compressible = false;
  response.headers.Set("Content-Type", std::string(asset.content_type));
  response.headers.Set("ETag", std::string(asset.etag));
  response.headers.Set("Cache-Control",
                       asset.immutable ? "public, max-age=31536000, immutable" : "no-cache");
  response.headers.Set("Vary", "Accept-Encoding");
  response.headers.Set("X-Content-Type-Options", "nosniff");
  if (request.headers.Get("If-None-Match").find(asset.etag) != std::string_view::npos) {
    response.status = 304;
    return response;
  }
  const std::string_view accept = request.headers.Get("Accept-Encoding");
  if (!asset.brotli.empty() && net::Accepts(accept, net::Encoding::kBrotli)) {
    response.headers.Set("Content-Encoding", "br");
    response.body = net::StaticBytes{asset.brotli};
  } else if (!asset.gzip.empty() && net::Accepts(accept, net::Encoding::kGzip)) {
    response.headers.Set("Content-Encoding", "gzip");
    response.body = net::StaticBytes{asset.gzip};
  } else {
    response.body = net::StaticBytes{asset.identity};
  }
  return response;
}

// index.html with its base address set to where this server is seen from outside, and under the
// name --web.page-title gives it.
class Document {
 public:
  Document(const std::string& base, const std::string& title)
      : rewritten_(base != "/" || !title.empty()) {
    const ui::Asset* index = ui::FindAsset("index.html");
    if (index == nullptr) return;
    text_ = index->identity;
    if (const auto at = text_.find(ui::kBaseToken); at != std::string::npos) {
      text_.replace(at, ui::kBaseToken.size(), "<base href=\"" + EscapeHtml(base) + "\">");
    }
    if (const auto at = text_.find(ui::kTitleToken); at != std::string::npos && !title.empty()) {
      text_.replace(at, ui::kTitleToken.size(), "<title>" + EscapeHtml(title) + "</title>");
    }
  }

  net::Response Answer(const net::Request& request) const {
    const ui::Asset* index = ui::FindAsset("index.html");
    if (index == nullptr) return net::Response::Failure(404, "404 page not found");
    net::Response response;
    if (rewritten_) {
      response = net::Response::Text(200, text_, index->content_type);
      response.headers.Set("Cache-Control", "no-cache");
    } else {
      response = Serve(*index, request);
    }
    Secure(response);
    return response;
  }

 private:
  bool rewritten_;
  std::string text_;
};

std::string_view ContentTypeOf(std::string_view path) {
  static constexpr std::pair<std::string_view, std::string_view> kTypes[] = {
      {".html", "text/html; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".json", "application/json"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".jpg", "image/jpeg"},
      {".gif", "image/gif"},
      {".ico", "image/x-icon"},
      {".txt", "text/plain; charset=utf-8"},
      {".woff2", "font/woff2"},
  };
  for (const auto& [suffix, type] : kTypes) {
    if (path.ends_with(suffix)) return type;
  }
  return "application/octet-stream";
}

// A file of --web.user-assets. The name is taken segment by segment: none may be empty, "." or
// "..", or hold a separator, so nothing above the directory can be named; links out of it are the
// administrator's business, as upstream.
net::Response UserFile(const std::string& directory, std::string_view name) {
  std::filesystem::path path(directory);
  std::string_view rest = name;
  do {
    const auto slash = rest.find('/');
    const std::string_view segment = rest.substr(0, slash);
    if (segment.empty() || segment == "." || segment == ".." ||
        segment.find_first_of(std::string_view("\\\0", 2)) != std::string_view::npos) {
      return net::Response::Failure(404, "404 page not found");
    }
    path /= segment;
    rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
    if (slash != std::string_view::npos && rest.empty()) {
      return net::Response::Failure(404, "404 page not found");
    }
  } while (!rest.empty());
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error) ||
      std::filesystem::file_size(path, error) > kMaxUserFile || error) {
    return net::Response::Failure(404, "404 page not found");
  }
  std::ifstream file(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  net::Response response = net::Response::Text(200, std::move(text), ContentTypeOf(name));
  response.headers.Set("X-Content-Type-Options", "nosniff");
  return response;
}

net::Route Get(std::string pattern, net::Handler handler, std::string name) {
  net::Route route;
  route.methods = {"GET", "HEAD"};
  route.pattern = std::move(pattern);
  route.handler = std::move(handler);
  route.name = std::move(name);
  return route;
}

}  // namespace

std::vector<net::Route> PageRoutes(const WebOptions& options, const Doors& doors) {
  const std::string& prefix = options.route_prefix;
  // How a browser sees the path: by the external URL.
  std::string base = "/";
  if (const auto external = net::Url::Parse(options.external_url); external.ok()) {
    base = external->path;
    if (!base.ends_with('/')) base += '/';
  }
  const auto document = std::make_shared<Document>(base, options.page_title);
  std::vector<net::Route> routes;
  const std::string home = base + "query";
  const auto to_home = [home](const net::Request&, std::stop_token) {
    return net::Response::Redirect(302, home);
  };
  // A browser sees Home; whatever else asks is sent where upstream sends it.
  routes.push_back(Get(
      prefix + "/",
      [document, to_home](const net::Request& request, std::stop_token stop) {
        const bool browser =
            request.headers.Get("Accept").find("text/html") != std::string_view::npos;
        net::Response response = browser ? document->Answer(request) : to_home(request, stop);
        response.headers.Add("Vary", "Accept");
        return response;
      },
      "/"));
  if (!prefix.empty()) {
    routes.push_back(Get(
        prefix,
        [prefix](const net::Request&, std::stop_token) {
          return net::Response::Redirect(301, prefix + "/");
        },
        "/"));
    routes.push_back(Get(
        "/",
        [prefix](const net::Request&, std::stop_token) {
          return net::Response::Redirect(302, prefix);
        },
        "/"));
  }
  for (const std::string_view old : {"/graph", "/classic/graph"}) {
    routes.push_back(Get(
        prefix + std::string(old),
        [home](const net::Request& request, std::stop_token) {
          return net::Response::Redirect(302, home + "?" + request.raw_query);
        },
        std::string(old)));
  }
  for (const std::string_view page : kApplication) {
    routes.push_back(Get(
        prefix + "/" + std::string(page),
        [document](const net::Request& request, std::stop_token) {
          return document->Answer(request);
        },
        "/" + std::string(page)));
  }
  for (const ui::Asset& asset : ui::Assets()) {
    if (asset.path == "index.html") continue;
    routes.push_back(Get(
        prefix + "/" + std::string(asset.path),
        [&asset](const net::Request& request, std::stop_token) { return Serve(asset, request); },
        "/assets/*filepath"));
  }
  if (!options.user_assets.empty()) {
    routes.push_back(Get(
        prefix + "/user/{path...}",
        [directory = options.user_assets](const net::Request& request, std::stop_token) {
          return UserFile(directory, request.PathValue("path"));
        },
        "/user/*filepath"));
  }
  routes.push_back(Get(
      prefix + "/version",
      [&doors](const net::Request&, std::stop_token) {
        // Upstream leaves the type to be guessed, and this is what comes out.
        return net::Response::Text(200, BuildInfoJson(doors.build) + "\n");
      },
      "/version"));
  return routes;
}

}  // namespace meerkat::web
