// How the application takes the pushes of short-lived jobs: on the web address, and on one of its
// own that speaks as Pushgateway does. What is held is scraped as a built-in page.
#include <algorithm>

#include "base/json_writer.h"
#include "base/rfc3339.h"
#include "server/app/application_impl.h"

namespace meerkat::app {
namespace {

constexpr std::uint64_t kMaxPush = 128 << 20;
constexpr std::string_view kTextFormat = "text/plain; version=0.0.4; charset=utf-8";

// Pages of other sites must not push with a visitor's rights; only browsers send this header.
bool IsCrossSite(const net::Request& request) {
  const std::string_view site = request.headers.Get("Sec-Fetch-Site");
  return site == "cross-site" || site == "same-site";
}

}  // namespace

Result<> Application::Impl::OpenPush() {
  if (!HasPushReceiver(flags_)) return {};
  push::PushGroups::Options options;
  options.time_to_live = flags_.duration("push.ttl");
  options.check = !flags_.on("push.disable-consistency-check");
  push_groups_ = std::make_unique<push::PushGroups>(database_->state(), clock_,
                                                    log_.With("component", "push"), options);
  if (auto loaded = push_groups_->Load(); !loaded) {
    return std::move(loaded).error().Within("pushed groups");
  }
  push_ = std::make_unique<push::PushDoor>(*push_groups_, registry_);
  return {};
}

void Application::Impl::AddPushRoutes(net::Router& router, const std::string& prefix) {
  const auto add = [&](std::vector<std::string> methods, const std::string& path,
                       std::function<net::Response(const net::Request&)> answer) {
    net::Route route;
    route.methods = std::move(methods);
    route.pattern = prefix + path;
    route.lane = net::Lane::kIngest;
    route.max_body_bytes = kMaxPush;
    route.name = path;
    route.handler = [this, answer = std::move(answer)](const net::Request& request,
                                                       std::stop_token) {
      if (!open_) return net::Response::Text(503, "Service Unavailable");
      if (request.method != "GET" && IsCrossSite(request)) {
        return net::Response::Text(403, "Forbidden\n");
      }
      return answer(request);
    };
    web_->Instrument(route);
    router.Add(std::move(route));
  };
  add({}, "/metrics/{kind}/{rest...}",
      [this, prefix](const net::Request& request) { return push_->Handle(request, prefix); });
  add({"GET"}, "/api/v1/metrics", [this](const net::Request&) { return push_->List(); });
  add({"PUT"}, "/api/v1/admin/wipe", [this](const net::Request&) {
    if (flags_.on("web.enable-admin-api")) return push_->Wipe();
    return net::Response::Text(403, "Admin API is not enabled.");
  });
}

Result<> Application::Impl::ListenForPushes(net::ServerOptions options, net::ServerHooks hooks) {
  options.listen = flags_.list("push.listen-address");
  if (options.listen.empty()) return {};
  const auto status = [this](const net::Request&, const std::stop_token&) {
    return open_ ? net::Response::Text(200, "OK") : net::Response::Text(503, "Service Unavailable");
  };
  for (const char* const path : {"/-/healthy", "/-/ready"}) push_router_.Get(path, status);
  push_router_.Get("/", [this](const net::Request&, const std::stop_token&) {
    return net::Response::Redirect(302, external_url_ + "targets");
  });
  push_router_.Get("/metrics", [this](const net::Request&, const std::stop_token&) {
    if (!open_) return net::Response::Text(503, "Service Unavailable");
    return net::Response::Text(200, *push_groups_->Page(), kTextFormat);
  });
  push_router_.Get("/api/v1/status", [this](const net::Request&, const std::stop_token&) {
    std::string body;
    JsonWriter json(body);
    json.BeginObject().Key("status").String("success").Key("data").BeginObject();
    json.Key("build_information").BeginObject();
    json.Key("branch").String(doors_.build.branch);
    json.Key("buildDate").String(doors_.build.build_date);
    json.Key("buildUser").String(doors_.build.build_user);
    json.Key("goVersion").String(doors_.build.go_version);
    json.Key("revision").String(doors_.build.revision);
    json.Key("version").String(doors_.build.version);
    json.EndObject().Key("flags").BeginObject();
    for (const auto& [name, value] : flags_.all()) json.Key(name).String(value);
    json.EndObject().Key("start_time").String(FormatRfc3339Millis(started_));
    json.EndObject().EndObject();
    return net::Response::Json(200, std::move(body));
  });
  AddPushRoutes(push_router_, "");
  auto file = WebConfigReader("web.config.file");
  if (!file) return std::move(file).error();
  hooks.web_config = std::move(*file);
  auto listening = net::Server::Listen(io_, net::Lanes{quick_, query_, ingest_}, push_router_,
                                       std::move(options), std::move(hooks), registry_,
                                       log_.With("component", "push"));
  if (!listening) return std::move(listening).error();
  push_server_ = std::move(*listening);
  return {};
}

}  // namespace meerkat::app
