#pragma once

#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>
#include <vector>

#include "server/discovery/kubernetes_watch.h"
#include "server/discovery/provider.h"
#include "server/net/http_client.h"

namespace meerkat::discovery {

// Objects of a Kubernetes API, listed once and then watched. A watch that breaks is taken up where
// it was; when the server has forgotten that place the kind is listed again.
class KubernetesDiscovery : public Provider,
                            public std::enable_shared_from_this<KubernetesDiscovery> {
 public:
  KubernetesDiscovery(const DiscoveryContext& context, KubernetesSd config,
                      const std::string& name);
  void Start(Sink sink) override;
  void Stop() override;

 private:
  // One kind in one namespace ("" for all).
  struct Watch {
    KubernetesKind kind{};
    std::string path;
    std::string selectors;  // &labelSelector=…&fieldSelector=…
    KubernetesFeed feed;
  };

  static net::Awaitable<void> Run(std::shared_ptr<KubernetesDiscovery> self);
  static net::Awaitable<void> Follow(std::shared_ptr<KubernetesDiscovery> self,
                                     std::shared_ptr<Watch> watch);
  static net::Awaitable<void> PublishLater(std::shared_ptr<KubernetesDiscovery> self);
  Result<> Connect();  // reads files: on a pool
  std::shared_ptr<Watch> NewWatch(KubernetesKind kind, const std::string& name_space) const;
  net::Awaitable<Result<>> List(Watch& watch);
  net::Awaitable<Result<>> WatchOnce(Watch& watch);
  void CountEvent(KubernetesKind kind, KubernetesFeed::Event event);
  net::Awaitable<void> Pause(Millis duration);
  void Changed();

  const DiscoveryContext& context_;
  const KubernetesSd config_;
  const Logger log_;
  std::string server_;
  std::vector<std::string> namespaces_;
  std::unique_ptr<net::HttpClient> client_;
  boost::asio::steady_timer gate_;
  Sink sink_;
  bool stopped_ = false;
  bool publishing_ = false;
  bool dirty_ = false;
  std::vector<std::shared_ptr<Watch>> watches_;
};

// Where a cluster is and how to speak to it.
struct KubernetesAccess {
  std::string server;
  std::string own_namespace;
  net::HttpClientConfig http;
};
// From the configuration, a kubeconfig file, or the files every pod has. Reads files.
Result<KubernetesAccess> FindKubernetes(const KubernetesSd& config);

}  // namespace meerkat::discovery
