#include "server/discovery/kubernetes_discovery.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>
#include <utility>

#include "server/net/url.h"

namespace meerkat::discovery {
namespace {

constexpr Millis kRetry = std::chrono::seconds(5);
constexpr Millis kListTimeout = std::chrono::minutes(1);
constexpr int kWatchSeconds = 300;
constexpr Millis kShortest = std::chrono::seconds(1);  // from one watch to what follows it
// Bursts of events (a rollout) become one update.
constexpr Millis kGather{500};
constexpr int kPageSize = 1000;
constexpr int kGone = 410;

struct KindPath {
  std::string_view api;
  std::string_view resource;
  bool namespaced;
};

KindPath PathOf(KubernetesKind kind) {
  switch (kind) {
    case KubernetesKind::kNode:
      return {"/api/v1", "nodes", false};
    case KubernetesKind::kNamespace:
      return {"/api/v1", "namespaces", false};
    case KubernetesKind::kPod:
      return {"/api/v1", "pods", true};
    case KubernetesKind::kService:
      return {"/api/v1", "services", true};
    case KubernetesKind::kEndpoints:
      return {"/api/v1", "endpoints", true};
    case KubernetesKind::kEndpointSlice:
      return {"/apis/discovery.k8s.io/v1", "endpointslices", true};
    case KubernetesKind::kJob:
      return {"/apis/batch/v1", "jobs", true};
    case KubernetesKind::kIngress:
      return {"/apis/networking.k8s.io/v1", "ingresses", true};
  }
  return {};
}

KubernetesKind KindOf(KubernetesSd::Role role) {
  using Role = KubernetesSd::Role;
  switch (role) {
    case Role::kNode:
      return KubernetesKind::kNode;
    case Role::kPod:
      return KubernetesKind::kPod;
    case Role::kService:
      return KubernetesKind::kService;
    case Role::kEndpoints:
      return KubernetesKind::kEndpoints;
    case Role::kEndpointSlice:
      return KubernetesKind::kEndpointSlice;
    case Role::kIngress:
      return KubernetesKind::kIngress;
  }
  return KubernetesKind::kPod;
}

}  // namespace

KubernetesDiscovery::KubernetesDiscovery(const DiscoveryContext& context, KubernetesSd config,
                                         const std::string& name)
    : context_(context),
      config_(std::move(config)),
      log_(context.log.With("discovery", "kubernetes").With("config", name)),
      gate_(context.io.context(), boost::asio::steady_timer::time_point::max()) {}

void KubernetesDiscovery::Start(Sink sink) {
  sink_ = std::move(sink);
  context_.io.Spawn(Run(shared_from_this()));
}

void KubernetesDiscovery::Stop() {
  stopped_ = true;
  gate_.cancel();
}

net::Awaitable<void> KubernetesDiscovery::Pause(Millis duration) {
  const Timestamp until = context_.clock.Now() + duration;
  constexpr auto kToken = boost::asio::as_tuple(boost::asio::use_awaitable);
  while (!stopped_ && context_.clock.Now() < until) {
    const auto timer = context_.clock.CallAt(until, [this] { gate_.cancel(); });
    co_await gate_.async_wait(kToken);
  }
}

Result<> KubernetesDiscovery::Connect() {
  auto access = FindKubernetes(config_);
  if (!access) return std::move(access).error();
  server_ = access->server;
  namespaces_ = config_.namespaces;
  if (config_.own_namespace && !access->own_namespace.empty()) {
    namespaces_.push_back(access->own_namespace);
  }
  if (namespaces_.empty()) namespaces_.emplace_back();
  client_ = std::make_unique<net::HttpClient>(
      context_.io, context_.blocking, access->http,
      net::HttpClientOptions::CountedAs("kubernetes_sd", context_.registry));
  return {};
}

std::shared_ptr<KubernetesDiscovery::Watch> KubernetesDiscovery::NewWatch(
    KubernetesKind kind, const std::string& name_space) const {
  auto watch = std::make_shared<Watch>();
  const KindPath path = PathOf(kind);
  watch->kind = kind;
  watch->path = path.api;
  if (path.namespaced && !name_space.empty()) {
    watch->path += "/namespaces/" + net::PathEscape(name_space);
  }
  watch->path += "/" + std::string(path.resource);
  for (const auto& selector : config_.selectors) {
    if (KindOf(selector.role) != kind) continue;
    if (!selector.label.empty()) {
      watch->selectors += "&labelSelector=" + net::QueryEscape(selector.label);
    }
    if (!selector.field.empty()) {
      watch->selectors += "&fieldSelector=" + net::QueryEscape(selector.field);
    }
  }
  return watch;
}

net::Awaitable<void> KubernetesDiscovery::Run(std::shared_ptr<KubernetesDiscovery> self) {
  KubernetesDiscovery& cluster = *self;
  while (!cluster.stopped_) {
    auto work = [self] { return self->Connect(); };
    auto connected = co_await net::Offload(cluster.context_.blocking, std::move(work));
    if (connected) break;
    cluster.log_.Error("Cannot reach Kubernetes", {{"err", connected.error().message()}});
    co_await cluster.Pause(kRetry);
  }
  if (cluster.stopped_) co_return;
  for (const KubernetesKind kind : KindsOf(cluster.config_)) {
    for (const std::string& name_space : cluster.namespaces_) {
      cluster.watches_.push_back(cluster.NewWatch(kind, name_space));
      if (!PathOf(kind).namespaced) break;
    }
  }
  for (const auto& watch : cluster.watches_) {
    cluster.context_.io.Spawn(Follow(self, watch));
  }
}

net::Awaitable<void> KubernetesDiscovery::Follow(std::shared_ptr<KubernetesDiscovery> self,
                                                 std::shared_ptr<Watch> watch) {
  KubernetesDiscovery& cluster = *self;
  while (!cluster.stopped_) {
    Result<> outcome;
    if (watch->feed.version().empty()) {
      outcome = co_await cluster.List(*watch);
      if (outcome && !cluster.stopped_) cluster.Changed();
    } else {
      const Timestamp began = cluster.context_.clock.Now();
      outcome = co_await cluster.WatchOnce(*watch);
      // A server that ends every watch at once is not asked without a break.
      if (outcome && !cluster.stopped_ && cluster.context_.clock.Now() < began + kShortest) {
        co_await cluster.Pause(kShortest);
      }
    }
    if (cluster.stopped_) break;
    if (outcome) continue;
    cluster.context_.registry
        .counter("prometheus_sd_kubernetes_failures_total",
                 "The number of failed WATCH/LIST requests.")
        .Add();
    cluster.log_.Warn("Kubernetes request failed", {{"err", outcome.error().message()}});
    co_await cluster.Pause(kRetry);
  }
}

net::Awaitable<Result<>> KubernetesDiscovery::List(Watch& watch) {
  KubernetesStore objects;
  std::string next;
  std::string version;
  do {
    net::ClientRequest request;
    request.url = server_ + watch.path + "?limit=" + std::to_string(kPageSize) + watch.selectors;
    if (!next.empty()) request.url += "&continue=" + net::QueryEscape(next);
    request.timeout = kListTimeout;
    request.headers.Set("Accept", "application/json");
    auto response = co_await client_->Fetch(std::move(request));
    if (!response) co_return std::move(response).error();
    if (response->status != 200) {
      co_return Error(Code::kUnavailable,
                      "list " + watch.path + ": HTTP status " + response->StatusLine());
    }
    auto work = [body = std::move(response->body)] { return ParseKubernetesPage(body); };
    auto page = co_await net::Offload(context_.blocking, std::move(work));
    if (!page) co_return std::move(page).error().Within("list " + watch.path);
    objects.merge(page->objects);
    next = std::move(page->next);
    version = std::move(page->version);
  } while (!next.empty() && !stopped_);
  watch.feed.TakeList(std::move(objects), std::move(version));
  co_return Result<>();
}

net::Awaitable<Result<>> KubernetesDiscovery::WatchOnce(Watch& watch) {
  net::ClientRequest request;
  request.url = server_ + watch.path + "?watch=1&allowWatchBookmarks=true&timeoutSeconds=" +
                std::to_string(kWatchSeconds) +
                "&resourceVersion=" + net::QueryEscape(watch.feed.version()) + watch.selectors;
  request.timeout = std::chrono::seconds(kWatchSeconds + 30);
  request.accept_compressed = false;
  request.headers.Set("Accept", "application/json");
  watch.feed.BeginWatch();
  request.on_body = [this, &watch](std::string_view piece) {
    if (stopped_) return false;
    watch.feed.TakePiece(piece, [&](KubernetesFeed::Event event) {
      CountEvent(watch.kind, event);
      Changed();
    });
    return !watch.feed.version().empty();
  };
  auto response = co_await client_->Fetch(std::move(request));
  if (response && response->status == kGone) {
    watch.feed.ListAgain();
    co_return Result<>();
  }
  if (response && response->status != 200) {
    co_return Error(Code::kUnavailable,
                    "watch " + watch.path + ": HTTP status " + response->StatusLine());
  }
  // A watch that ends, or breaks off in the middle, is simply taken up again.
  co_return Result<>();
}

void KubernetesDiscovery::CountEvent(KubernetesKind kind, KubernetesFeed::Event event) {
  using Event = KubernetesFeed::Event;
  context_.registry
      .counter("prometheus_sd_kubernetes_events_total", "The number of Kubernetes events handled.",
               Labels{{"role", std::string(PathOf(kind).resource)},
                      {"event", event == Event::kAdd      ? "add"
                                : event == Event::kDelete ? "delete"
                                                          : "update"}})
      .Add();
}

void KubernetesDiscovery::Changed() {
  dirty_ = true;
  if (std::exchange(publishing_, true)) return;
  context_.io.Spawn(PublishLater(shared_from_this()));
}

net::Awaitable<void> KubernetesDiscovery::PublishLater(std::shared_ptr<KubernetesDiscovery> self) {
  KubernetesDiscovery& cluster = *self;
  while (cluster.dirty_ && !cluster.stopped_) {
    co_await cluster.Pause(kGather);
    cluster.dirty_ = false;
    KubernetesStores stores;
    bool complete = true;
    for (const auto& watch : cluster.watches_) {
      complete = complete && watch->feed.listed();
      stores[watch->kind].insert(watch->feed.objects().begin(), watch->feed.objects().end());
    }
    // Until every kind was listed once, labels of the others would be missing.
    if (!complete || cluster.stopped_) continue;
    auto work = [config = cluster.config_, stores = std::move(stores)] {
      return KubernetesTargets(config, stores);
    };
    auto groups = co_await net::Offload(cluster.context_.blocking, std::move(work));
    if (cluster.stopped_) break;
    cluster.sink_(std::move(groups));
  }
  cluster.publishing_ = false;
}

}  // namespace meerkat::discovery
