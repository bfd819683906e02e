#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "alerting/alert.h"
#include "base/labels.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "server/config/prometheus_config.h"
#include "server/net/http_client.h"
#include "server/notify/alert_sender.h"

namespace meerkat::notify {

// The Alertmanagers named under alerting.alertmanagers: each alert goes to every one of them,
// beside the built-in alert manager. Threads: every method, from any thread but the io thread.
class ExternalAlertmanagers {
 public:
  struct Options {
    std::size_t queue_capacity = 10000;
    std::size_t batch = 256;
    bool drain_on_stop = true;
  };
  // `io` and `blocking` outlive this object.
  ExternalAlertmanagers(net::IoThread& io, net::ThreadPool& blocking, Options options,
                        Registry& registry, Logger log);
  ~ExternalAlertmanagers();  // Stop()

  // Takes a configuration; senders whose address and client stay go on with their queue.
  void Apply(const config::AlertingConfig& config, const Labels& external_labels) EXCLUDES(mu_);
  // What discovery found for the n-th entry of the configuration, before relabeling.
  void SetTargets(std::size_t entry, const std::vector<Labels>& discovered) EXCLUDES(mu_);

  // What every alert manager gets to see, the built-in one too: external labels added,
  // alert_relabel_configs applied. An alert they drop is sent nowhere.
  std::vector<alerting::Alert> Relabeled(const std::vector<alerting::Alert>& alerts) const
      EXCLUDES(mu_);
  // Queues alerts that Relabeled() gave.
  void Send(const std::vector<alerting::Alert>& alerts) EXCLUDES(mu_);

  struct Addresses {
    std::vector<std::string> active, dropped;  // URLs
  };
  Addresses addresses() const EXCLUDES(mu_);

  // Ends after what is queued was tried, at the longest after a few seconds.
  void Stop() EXCLUDES(mu_);

 private:
  struct Entry {
    config::AlertmanagerConfig config;
    std::shared_ptr<net::HttpClient> client;
    std::map<std::string, std::shared_ptr<AlertSender>> senders;  // by URL
    std::vector<std::string> dropped;
  };
  void CountDiscovered() REQUIRES(mu_);

  net::IoThread& io_;
  net::ThreadPool& blocking_;
  const Options options_;
  Registry& registry_;
  const Logger log_;

  mutable Mutex mu_;
  Labels external_labels_ GUARDED_BY(mu_);
  std::vector<RelabelRule> relabel_rules_ GUARDED_BY(mu_);
  std::vector<Entry> entries_ GUARDED_BY(mu_);
};

// Where an Alertmanager is, from its labels after relabeling: scheme, address (with the scheme's
// port when it has none) and path. "" when there is no address.
std::string AlertmanagerUrl(const Labels& labels);

}  // namespace meerkat::notify
