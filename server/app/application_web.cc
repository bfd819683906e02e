// How the application meets the web: addresses, routes, and the doors handlers look through.
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "server/app/application_impl.h"
#include "server/app/process_metrics.h"
#include "server/app/process_report.h"
#include "server/app/version.h"
#include "server/config/web_config_file.h"
#include "server/dashboards/dashboard_api.h"
#include "server/setup/listeners.h"
#include "server/setup/private_file.h"
#include "server/setup/setup_api.h"

namespace meerkat::app {
namespace {

// --web.route-prefix, or the path of the external URL; "" or "/prom".
std::string RoutePrefix(const Flags& flags, const std::string& external_url) {
  std::string prefix = flags.text("web.route-prefix");
  if (!flags.is_set("web.route-prefix")) {
    const std::size_t path = external_url.find('/', external_url.find("://") + 3);
    prefix = path == std::string::npos ? "" : external_url.substr(path);
  }
  while (prefix.ends_with('/')) prefix.pop_back();
  if (!prefix.empty() && prefix.front() != '/') prefix.insert(0, "/");
  return prefix;
}

web::WebOptions WebOptionsOf(const Flags& flags, const std::string& external_url) {
  web::WebOptions options;
  options.external_url = external_url;
  options.route_prefix = RoutePrefix(flags, external_url);
  // Upstream's default names upstream; ours is in the document.
  options.page_title = flags.is_set("web.page-title") ? flags.text("web.page-title") : "";
  options.cors_origin = flags.text("web.cors.origin");
  options.user_assets = flags.text("web.user-assets");
  options.listen_address = flags.list("web.listen-address").front();
  options.enable_lifecycle = flags.on("web.enable-lifecycle");
  options.enable_admin_api = flags.on("web.enable-admin-api");
  options.enable_remote_write = flags.on("web.enable-remote-write-receiver");
  const auto& messages = flags.list("web.remote-write-receiver.accepted-protobuf-messages");
  const auto accepts = [&](std::string_view name) {
    return std::find(messages.begin(), messages.end(), name) != messages.end();
  };
  options.remote_write_v1 = accepts("prometheus.WriteRequest");
  options.remote_write_v2 = accepts("io.prometheus.write.v2.Request");
  options.enable_otlp = flags.on("web.enable-otlp-receiver");
  options.agent = flags.on("agent");
  options.features.insert(flags.list("enable-feature").begin(), flags.list("enable-feature").end());
  options.max_notification_subscribers = flags.integer("web.max-notifications-subscribers");
  options.read_sample_limit =
      static_cast<std::uint64_t>(flags.integer("storage.remote.read-sample-limit"));
  options.read_max_bytes_in_frame =
      static_cast<std::uint64_t>(flags.integer("storage.remote.read-max-bytes-in-frame"));
  options.read_concurrent_limit =
      static_cast<std::uint64_t>(flags.integer("storage.remote.read-concurrent-limit"));
  options.search_max_limit = static_cast<std::uint64_t>(flags.integer("web.search.max-limit"));
  options.query_max_concurrency =
      static_cast<std::uint64_t>(flags.integer("query.max-concurrency"));
  options.snapshot_directory =
      (std::filesystem::path(flags.text("storage.tsdb.path")) / "snapshots").string();
  return options;
}

}  // namespace

// The web address is bound and answers first: a port in use is told before the data is touched, and
// /-/ready can say that the server is starting.
Result<> Application::Impl::Listen() {
  const web::WebOptions options = WebOptionsOf(flags_, external_url_);
  web_ = std::make_unique<web::Web>(options, doors_, registry_, notifications_,
                                    log_.With("component", "web"));
  notifications_.Add(web::kStartingUp);
  AddRoutes(options.route_prefix);

  net::ServerHooks hooks;
  auto web_file = WebConfigReader("web.config.file");
  if (!web_file) return std::move(web_file).error();
  hooks.web_config = std::move(*web_file);
  net::ServerOptions server;
  server.listen = flags_.list("web.listen-address");
  server.max_connections =
      static_cast<std::size_t>(std::max<std::int64_t>(1, flags_.integer("web.max-connections")));
  server.read_timeout = server.idle_timeout = flags_.duration("web.read-timeout");
  server.slow_client = flags_.duration("web.slow-client-timeout");
  const net::Lanes lanes{quick_, query_, ingest_};
  auto listening = net::Server::Listen(io_, lanes, router_, server, hooks, registry_,
                                       log_.With("component", "web"));
  if (!listening) return std::move(listening).error();
  server_ = std::move(*listening);

  server.listen = flags_.list("alertmanager.listen-address");
  if (!server.listen.empty()) {
    auto alert_file = WebConfigReader("alertmanager.web.config.file");
    if (!alert_file) return std::move(alert_file).error();
    hooks.web_config = std::move(*alert_file);
    auto extra = net::Server::Listen(io_, lanes, alert_router_, server, hooks, registry_,
                                     log_.With("component", "alertmanager"));
    if (extra) {
      alert_server_ = std::move(*extra);
    } else if (flags_.is_set("alertmanager.listen-address")) {
      return std::move(extra).error();
    } else {
      log_.Warn("The Alertmanager API has no address of its own; it is on the web address",
                {{"address", server.listen.front()}, {"err", extra.error().message()}});
    }
  }
  if (auto done = ListenForPushes(server, hooks); !done) return done;
  server_->Start();
  if (alert_server_) alert_server_->Start();
  if (push_server_) push_server_->Start();
  WarnAboutOpenDoors(server_->addresses());
  return {};
}

void Application::Impl::BuildDoors() {
  doors_.clock = &clock_;
  doors_.phase = [this] { return phase_.load(); };
  doors_.database = [this] { return open_ ? database_.get() : nullptr; };
  doors_.engine = [this] { return engine(); };
  doors_.external_labels = [this] { return ExternalLabels(); };
  doors_.config_yaml = [this] { return ConfigYaml(); };
  doors_.flags = [this] { return flags_.all(); };
  doors_.runtime = [this] { return Runtime(); };
  doors_.process = [] { return ProcessReport(); };
  doors_.replay = [this] {
    return web::ReplayStatus{replay_->min, replay_->max, replay_->current};
  };
  doors_.alertmanagers = [this] {
    web::AlertmanagerUrls urls;
    if (!open_) return urls;
    auto addresses = external_->addresses();
    urls.active = std::move(addresses.active);
    urls.dropped = std::move(addresses.dropped);
    return urls;
  };
  doors_.otlp = [this] {
    MutexLock lock(state_mu_);
    return otlp_;
  };
  doors_.reload = [this] { return Reload(); };
  doors_.quit = [this] { AskForEnd(); };
  doors_.build.version = kPrometheusVersion;
  doors_.build.revision = "meerkat-" + std::string(kVersion);
  doors_.build.branch = "main";
  doors_.build.build_user = "meerkat";
  doors_.build.go_version = Compiler();
}

Result<std::function<Result<std::shared_ptr<const net::WebConfig>>()>>
Application::Impl::WebConfigReader(std::string_view flag) const {
  const std::string& path = flags_.text(flag);
  if (path.empty()) return std::function<Result<std::shared_ptr<const net::WebConfig>>()>();
  auto file = std::make_shared<config::WebConfigFile>(path);
  auto now = file->Current();
  if (!now) return std::move(now).error().Within("--" + std::string(flag));
  // A server that could not show its certificate to anybody does not start.
  if ((*now)->tls.enabled()) {
    if (auto tls = net::CheckWebTls((*now)->tls); !tls) {
      return std::move(tls).error().Within("--" + std::string(flag));
    }
  }
  return std::function([file] { return file->Current(); });
}

void Application::Impl::AddRoutes(const std::string& prefix) {
  web_->AddRoutes(router_);
  server::AddDashboardRoutes(router_, prefix,
                             [this] { return open_ ? dashboards_.get() : nullptr; });
  AddFirstSteps(prefix);
  net::Route alerts;
  alerts.pattern = prefix + "/api/v2/{rest...}";
  alerts.handler = Late(late_);
  router_.Add(alerts);

  if (HasPushReceiver(flags_)) AddPushRoutes(router_, prefix);

  // The extra address speaks as Alertmanager does.
  const auto status = [this](const net::Request&, const std::stop_token&) {
    return open_ ? net::Response::Text(200, "OK") : net::Response::Text(503, "Service Unavailable");
  };
  const std::string own_prefix = AlertManagerPrefix();
  for (const char* path : {"/-/healthy", "/-/ready"}) {
    net::Route probe;
    probe.methods = {"GET", "HEAD"};
    probe.pattern = own_prefix + path;
    probe.handler = status;
    alert_router_.Add(std::move(probe));
  }
  alert_router_.Get(own_prefix + "/metrics", [this](const net::Request&, const std::stop_token&) {
    return net::Response::Text(200, registry_.Exposition(),
                               "text/plain; version=0.0.4; charset=utf-8");
  });
  alert_router_.Post(own_prefix + "/-/reload", [this](const net::Request&, const std::stop_token&) {
    if (!open_) return net::Response::Text(503, "Service Unavailable");
    const auto done = ReloadAlertManager();
    if (done) return net::Response::Text(200, "");
    return net::Response::Text(500, "failed to reload config: " + done.error().message() + "\n");
  });
  alert_router_.Get(own_prefix + "/", [this](const net::Request&, const std::stop_token&) {
    return net::Response::Redirect(302, external_url_ + "alerts");
  });
  net::Route rest;
  rest.pattern = own_prefix + "/api/{rest...}";
  rest.handler = Late(alert_late_);
  alert_router_.Add(rest);
}

void Application::Impl::AddFirstSteps(const std::string& prefix) {
  watch_list_ = std::make_unique<setup::WatchList>(WatchListFile(flags_));
  exporter_search_ = std::make_unique<setup::ExporterSearch>(
      io_, blocking_, [] { return setup::ListeningPorts(); });
  setup::SetupDoors doors;
  doors.scraped = [this] { return ScrapedAddresses(); };
  doors.reads_watch_list = [this] {
    MutexLock lock(state_mu_);
    return reads_watch_list_;
  };
  doors.own_alert_file = flags_.text("alertmanager.config.file");
  doors.take_alert_file = [this](const std::string& text) -> Result<> {
    const std::filesystem::path file = OwnAlertmanagerFile(flags_);
    const auto syntax = MatcherSyntaxOf(flags_);
    if (!syntax) return syntax.error();
    auto checked = config::ParseAlertmanagerConfig(file.string(), text, *syntax);
    if (!checked) return std::move(checked).error();
    if (auto written = setup::ReplaceFile(file, text); !written) return written;
    return ReloadAlertManager();
  };
  setup::AddSetupRoutes(
      router_, prefix, [this] { return open_.load(); }, *exporter_search_, *watch_list_,
      std::move(doors));
}

// Of this machine, as 127.0.0.1:PORT: what is scraped, and where this server itself answers.
std::set<std::string> Application::Impl::ScrapedAddresses() const {
  std::set<std::string> addresses;
  const auto add = [&](std::string_view host, std::string_view port) {
    if (host == "localhost" || host == "::1" || host == HostName() || host.starts_with("127."))
      addresses.insert("127.0.0.1:" + std::string(port));
  };
  for (const web::ActiveTarget& target : targets_->Active("")) {
    if (const auto url = net::Url::Parse(target.scrape_url); url.ok()) add(url->host, url->port);
  }
  for (const auto* server : {server_.get(), alert_server_.get()}) {
    if (server == nullptr) continue;
    for (const std::string& address : server->addresses())
      add("localhost", std::string_view(address).substr(address.rfind(':') + 1));
  }
  return addresses;
}

std::string Application::Impl::AlertManagerPrefix() const {
  std::string prefix = flags_.text("alertmanager.web.route-prefix");
  while (prefix.ends_with('/')) prefix.pop_back();
  return prefix;
}

void Application::Impl::AddAlertManagerRoutes() {
  web::BuildInfo build = doors_.build;
  build.version = kAlertmanagerVersion;
  alert_api_ = std::make_unique<web::AlertmanagerApi>(
      *alert_manager_, registry_, build,
      static_cast<std::size_t>(
          std::max<std::int64_t>(0, flags_.integer("alertmanager.web.get-concurrency"))),
      flags_.duration("alertmanager.web.timeout"));
  alert_api_->AddRoutes(late_, RoutePrefix(flags_, external_url_), false);
  alert_api_->AddRoutes(alert_late_, AlertManagerPrefix(), true);
}

net::Handler Application::Impl::Late(const net::Router& router) const {
  return [this, &router](const net::Request& request, std::stop_token stop) {
    if (!open_) return net::Response::Text(503, "Service Unavailable");
    net::Router::Match match = router.Find(request.method, request.path);
    if (match.route == nullptr) return match.fallback(request, std::move(stop));
    net::Request handed = request;
    handed.path_values = std::move(match.path_values);
    return match.route->handler(handed, std::move(stop));
  };
}

void Application::Impl::WarnAboutOpenDoors(const std::vector<std::string>& addresses) const {
  if (!flags_.text("web.config.file").empty()) return;
  for (const std::string& address : addresses) {
    const bool loopback = address.starts_with("127.") || address.starts_with("[::1]");
    if (loopback) continue;
    log_.Warn(
        "Anybody who reaches this address can read everything: no users are set "
        "(--web.config.file)",
        {{"address", address}});
    return;
  }
}

web::RuntimeInfo Application::Impl::Runtime() const {
  web::RuntimeInfo info;
  info.start_time = started_;
  std::error_code error;
  info.working_directory = std::filesystem::current_path(error).string();
  info.hostname = HostName();
  info.threads = static_cast<std::int64_t>(ThreadCount());
  info.cores = static_cast<std::int64_t>(Cores());
  MutexLock lock(state_mu_);
  info.reload_success = reload_success_;
  info.last_config_time = last_config_;
  info.storage_retention = RetentionText(live_);
  return info;
}

}  // namespace meerkat::app
