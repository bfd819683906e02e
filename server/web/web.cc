#include "server/web/web.h"

#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "base/regex.h"
#include "server/remote/otlp_receiver.h"
#include "server/remote/read_server.h"
#include "server/remote/write_receiver.h"
#include "server/web/exposition_format.h"
#include "server/web/federate.h"
#include "server/web/instrument.h"
#include "server/web/pages.h"
#include "server/web/prometheus/api.h"
#include "server/web/prometheus/query_api.h"
#include "server/web/prometheus/self_metrics.h"

namespace meerkat::web {
namespace {

constexpr std::uint64_t kMaxIngestBody = 128 << 20;

net::Response NotReady(const Doors& doors) {
  net::Response response = net::Response::Text(503, "Service Unavailable");
  response.headers.Set("X-Prometheus-Stopping",
                       doors.phase() == Phase::kStopping ? "true" : "false");
  return response;
}

// Too short to be compressed for anybody.
net::Response Line(std::string text) {
  net::Response response = net::Response::Text(200, std::move(text));
  response.compressible = false;
  return response;
}

// A request that changes something must not come from a page of another site: browsers say where it
// comes from, other clients say nothing and are let in.
bool IsCrossSite(const net::Request& request) {
  const std::string_view site = request.headers.Get("Sec-Fetch-Site");
  return site == "cross-site" || site == "same-site";
}

}  // namespace

class Web::Impl {
 public:
  Impl(WebOptions options, const Doors& doors, Registry& registry, Notifications& notifications,
       Logger log)
      : options_(std::move(options)),
        doors_(doors),
        registry_(registry),
        notifications_(notifications),
        log_(std::move(log)),
        context_{options_, doors_, registry_, notifications_, log_},
        query_(context_),
        federation_(doors_, registry_),
        metrics_in_flight_(registry_.gauge("promhttp_metric_handler_requests_in_flight",
                                           "Current number of scrapes being served.")) {
    if (auto origin = Regex::Compile(options_.cors_origin); origin.ok()) {
      cors_origin_ = std::move(*origin);
    }
    remote::ReadServerOptions reading;
    reading.sample_limit = options_.read_sample_limit;
    reading.max_bytes_in_frame = options_.read_max_bytes_in_frame;
    reading.concurrent_limit = options_.read_concurrent_limit;
    read_server_ = std::make_unique<remote::ReadServer>(doors_.database, doors_.external_labels,
                                                        reading, registry_);
    if (options_.enable_otlp && doors_.otlp) {
      const auto lookback = [this] {
        const auto engine = doors_.engine();
        return engine == nullptr ? promql::EngineOptions().lookback : engine->options().lookback;
      };
      const auto deltas = options_.feature("otlp-deltatocumulative") ? remote::OtlpDeltas::kAddUp
                          : options_.feature("otlp-native-delta-ingestion")
                              ? remote::OtlpDeltas::kKeep
                              : remote::OtlpDeltas::kRefuse;
      const bool starts =
          options_.feature("created-timestamp-zero-ingestion") || options_.feature("st-storage");
      otlp_receiver_ = std::make_unique<remote::OtlpReceiver>(
          doors_.database, doors_.otlp, lookback, remote::OtlpReceiverOptions{deltas, starts},
          *doors_.clock, registry_, log_.With("component", "otlp_receiver"));
    }
    if (options_.enable_remote_write) {
      remote::WriteReceiverOptions receiver;
      receiver.accept_v1 = options_.remote_write_v1;
      receiver.accept_v2 = options_.remote_write_v2;
      write_receiver_ = std::make_unique<remote::WriteReceiver>(
          *doors_.clock, doors_.database, receiver, registry_,
          log_.With("component", "remote_write_receiver"));
    }
  }

  void AddRoutes(net::Router& router) {
    for (auto list : {query_.Routes(), SeriesRoutes(context_), TargetRoutes(context_),
                      RuleRoutes(context_), StatusRoutes(context_), SearchRoutes(context_),
                      AdminRoutes(context_), ReceiverRoutes()}) {
      for (ApiRoute& route : list) AddApi(router, std::move(route));
    }
    router.Add(Plain({"OPTIONS"}, "/api/v1/{path...}", Options()));
    router.Add(Plain({"OPTIONS"}, "/api/v1/", Options()));
    router.Add(Plain({}, "/api/v1", [this](const net::Request& request, std::stop_token) {
      const std::string query = request.raw_query.empty() ? "" : "?" + request.raw_query;
      std::string location = options_.route_prefix + "/api/v1/" + query;
      if (request.method == "GET" || request.method == "HEAD") {
        return net::Response::Redirect(301, std::move(location));
      }
      net::Response moved = net::Response::Empty(301);
      moved.headers.Set("Location", std::move(location));
      return moved;
    }));
    router.Add(Plain({}, "/api/v1/", [](const net::Request&, std::stop_token) {
      return net::Response::Failure(404, "404 page not found");
    }));
    AddProbes(router);
    AddLifecycle(router);
    for (net::Route& route : PageRoutes(options_, doors_)) Add(router, std::move(route));
  }

  QueryLog& query_log() { return query_.log(); }
  Timestamp Now() const { return doors_.clock->Now(); }
  void Count(net::Route& route) { web::Instrument(registry_, route); }

 private:
  void Add(net::Router& router, net::Route route) {
    Count(route);
    router.Add(std::move(route));
  }

  // What a browser needs to know before it shows a page of another site our answer.
  void AllowOrigin(const net::Request& request, net::Response& response) const {
    response.headers.Add("Vary", "Origin");
    const std::string origin(request.headers.Get("Origin"));
    if (origin.empty() || !cors_origin_) return;
    response.headers.Set("Access-Control-Allow-Headers",
                         "Accept, Authorization, Content-Type, Origin");
    response.headers.Set("Access-Control-Allow-Methods", "GET, POST, OPTIONS");
    response.headers.Set("Access-Control-Expose-Headers", "Date");
    const bool any = options_.cors_origin == ".*";
    if (!any && !cors_origin_->Matches(origin)) return;
    response.headers.Set("Access-Control-Allow-Origin", any ? "*" : origin);
  }

  net::Handler Options() const {
    return [this](const net::Request& request, std::stop_token) {
      net::Response response = net::Response::Empty(204);
      AllowOrigin(request, response);
      return response;
    };
  }

  // The same treatment for every API route: OPTIONS, readiness, origins, request metrics.
  void AddApi(net::Router& router, ApiRoute api) {
    net::Route route;
    route.methods = std::move(api.methods);
    const bool changes = route.methods.front() != "GET" && api.lane != net::Lane::kIngest;
    route.pattern = options_.route_prefix + "/api/v1" + api.path;
    route.lane = api.lane;
    route.max_body_bytes = api.max_body_bytes;
    route.name = "/api/v1" + api.path;
    net::Handler handler = [this, changes, early = api.before_ready, shared = api.any_origin,
                            inner = std::move(api.handler)](const net::Request& request,
                                                            std::stop_token stop) {
      if (!early && doors_.phase() != Phase::kReady) return NotReady(doors_);
      if (changes && IsCrossSite(request)) return net::Response::Failure(403, "Forbidden");
      net::Response response = inner(request, std::move(stop));
      if (shared) AllowOrigin(request, response);
      return response;
    };
    route.handler = std::move(handler);
    if (api.prompt) {
      route.prompt = [this, shared = api.any_origin, inner = std::move(api.prompt)](
                         const net::Request& request) -> std::optional<net::Response> {
        if (doors_.phase() != Phase::kReady) return std::nullopt;
        auto response = inner(request);
        if (response && shared) AllowOrigin(request, *response);
        return response;
      };
    }
    net::Route options = route;
    options.prompt = nullptr;
    options.methods = {"OPTIONS"};
    options.lane = net::Lane::kQuick;
    options.handler = Options();
    router.Add(std::move(options));
    Add(router, std::move(route));
  }

  net::Route Plain(std::vector<std::string> methods, std::string path, net::Handler handler) {
    net::Route route;
    route.methods = std::move(methods);
    route.pattern = options_.route_prefix + path;
    route.name = std::move(path);
    route.handler = std::move(handler);
    return route;
  }

  std::vector<ApiRoute> ReceiverRoutes() {
    std::vector<ApiRoute> routes;
    ApiRoute write;
    write.methods = {"POST"};
    write.path = "/write";
    write.lane = net::Lane::kIngest;
    write.max_body_bytes = kMaxIngestBody;
    write.any_origin = false;
    write.handler = [this](const net::Request& request, std::stop_token stop) {
      if (write_receiver_ == nullptr) {
        return net::Response::Text(404,
                                   "remote write receiver needs to be enabled with "
                                   "--web.enable-remote-write-receiver\n");
      }
      return write_receiver_->Handle(request, std::move(stop));
    };
    routes.push_back(std::move(write));
    ApiRoute read;
    read.methods = {"POST"};
    read.path = "/read";
    read.lane = net::Lane::kQuery;
    read.any_origin = false;
    read.handler = [this](const net::Request& request, std::stop_token stop) {
      return read_server_->Handle(request, std::move(stop));
    };
    routes.push_back(std::move(read));
    ApiRoute otlp;
    otlp.methods = {"POST"};
    otlp.path = "/otlp/v1/metrics";
    otlp.lane = net::Lane::kIngest;
    otlp.max_body_bytes = kMaxIngestBody;
    otlp.any_origin = false;
    otlp.handler = [this](const net::Request& request, std::stop_token stop) {
      if (otlp_receiver_ == nullptr) {
        return net::Response::Text(
            404, "otlp write receiver needs to be enabled with --web.enable-otlp-receiver\n");
      }
      return otlp_receiver_->Handle(request, std::move(stop));
    };
    routes.push_back(std::move(otlp));
    return routes;
  }

  void AddProbes(net::Router& router) {
    Add(router, Plain({"GET", "HEAD"}, "/-/healthy", [](const net::Request&, std::stop_token) {
          return Line("Prometheus Server is Healthy.\n");
        }));
    Add(router, Plain({"GET", "HEAD"}, "/-/ready", [this](const net::Request&, std::stop_token) {
          if (doors_.phase() != Phase::kReady) return NotReady(doors_);
          return Line("Prometheus Server is Ready.\n");
        }));
    Add(router, Plain({"GET"}, "/debug/process", [this](const net::Request&, std::stop_token) {
          return net::Response::Text(200, doors_.process ? doors_.process() : "");
        }));
    net::Route federate =
        Plain({"GET"}, "/federate", [this](const net::Request& request, std::stop_token stop) {
          if (doors_.phase() != Phase::kReady) return NotReady(doors_);
          return federation_.Handle(request, std::move(stop));
        });
    federate.lane = net::Lane::kQuery;
    Add(router, std::move(federate));
    Counter& served =
        registry_.counter("promhttp_metric_handler_requests_total",
                          "Total number of scrapes by HTTP status code.", Labels{{"code", "200"}});
    const auto metrics = [this, &served](const net::Request& request, std::stop_token) {
      metrics_in_flight_.Add(1);
      served.Add();
      const ExpositionFormat format = Negotiate(request.headers.Get("Accept"));
      std::string text = registry_.Exposition();
      if (format.protobuf) text = FamilyMessages(text);
      metrics_in_flight_.Add(-1);
      return net::Response::Text(200, std::move(text), format.content_type);
    };
    Add(router, Plain({"GET"}, "/metrics", metrics));
  }

  void AddLifecycle(net::Router& router) {
    const auto guarded = [this](net::Handler inner) -> net::Handler {
      return [this, inner = std::move(inner)](const net::Request& request, std::stop_token stop) {
        if (!options_.enable_lifecycle) {
          return net::Response::Text(403, "Lifecycle API is not enabled.");
        }
        if (IsCrossSite(request)) return net::Response::Failure(403, "Forbidden");
        return inner(request, std::move(stop));
      };
    };
    const auto only_post = [](const net::Request&, std::stop_token) {
      return net::Response::Text(405, "Only POST or PUT requests allowed");
    };
    Add(router,
        Plain({"POST", "PUT"}, "/-/quit", guarded([this](const net::Request&, std::stop_token) {
                doors_.quit();
                return net::Response::Text(200, "Requesting termination... Goodbye!");
              })));
    Add(router,
        Plain({"POST", "PUT"}, "/-/reload", guarded([this](const net::Request&, std::stop_token) {
                auto reloaded = doors_.reload();
                if (reloaded) return net::Response::Empty(200);
                return net::Response::Failure(
                    500, "failed to reload config: " + reloaded.error().message());
              })));
    Add(router, Plain({"GET"}, "/-/quit", only_post));
    Add(router, Plain({"GET"}, "/-/reload", only_post));
  }

  const WebOptions options_;
  const Doors& doors_;
  Registry& registry_;
  Notifications& notifications_;
  const Logger log_;
  const ApiContext context_;
  QueryApi query_;
  Federation federation_;
  Gauge& metrics_in_flight_;
  std::optional<Regex> cors_origin_;
  std::unique_ptr<remote::OtlpReceiver> otlp_receiver_;
  std::unique_ptr<remote::ReadServer> read_server_;
  std::unique_ptr<remote::WriteReceiver> write_receiver_;
};

Web::Web(WebOptions options, const Doors& doors, Registry& registry, Notifications& notifications,
         Logger log)
    : impl_(std::make_unique<Impl>(std::move(options), doors, registry, notifications,
                                   std::move(log))) {}
Web::~Web() = default;

void Web::AddRoutes(net::Router& router) {
  impl_->AddRoutes(router);
}

Result<> Web::SetQueryLog(const std::string& path) {
  return impl_->query_log().Open(path);
}

void Web::LogRuleQuery(std::string_view file, std::string_view group, std::string_view query,
                       const promql::QueryOptions& options, const promql::QueryStats& stats,
                       std::string_view error) {
  if (!impl_->query_log().enabled()) return;
  impl_->query_log().WriteRule(file, group, {query, options, stats, error, impl_->Now()});
}

void Web::Instrument(net::Route& route) {
  impl_->Count(route);
}

}  // namespace meerkat::web
