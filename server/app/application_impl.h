#pragma once

#include <atomic>
#include <boost/asio/signal_set.hpp>
#include <condition_variable>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "alerting/alertmanager.h"
#include "alerting/rules.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "promql/engine.h"
#include "promql/workers.h"
#include "server/app/application.h"
#include "server/app/auto_reload.h"
#include "server/app/configuration.h"
#include "server/app/pool_clock.h"
#include "server/app/rule_provider.h"
#include "server/app/rules_wiring.h"
#include "server/config/alertmanager_config.h"
#include "server/dashboards/dashboard_library.h"
#include "server/discovery/manager.h"
#include "server/host/host_collector.h"
#include "server/net/server.h"
#include "server/net/system_clock.h"
#include "server/notify/external_alertmanagers.h"
#include "server/push/push_door.h"
#include "server/scrape/scrape_manager.h"
#include "server/scrape/web_targets.h"
#include "server/setup/exporter_search.h"
#include "server/setup/watch_list.h"
#include "server/web/alertmanager/api.h"
#include "server/web/web.h"
#include "tsdb/database.h"

namespace meerkat::app {

inline std::size_t Cores() {
  return std::max(1U, std::thread::hardware_concurrency());
}

// Declared in the order of construction; what stands further down uses what stands above it.
class Application::Impl {
 public:
  Impl(const Flags& flags, Logger log) : flags_(flags), log_(std::move(log)) {}

  Result<> Start();
  void WaitForEnd();
  Result<> Stop();

 private:
  // Steps of Start, in order.
  void BuildDoors();
  Result<> Listen();
  Result<> OpenDatabase(const Configuration& configuration);
  Result<> StartAlertManager(config::AlertmanagerFile file);
  void StartRules();
  void StartScraping(const config::PrometheusConfig& config);
  void HandleSignals();
  host::HostCollector::Options HostOptions() const;
  void WatchFiles();

  void AddRoutes(const std::string& prefix);
  void AddAlertManagerRoutes();
  // The push receiver, in application_push.cc.
  Result<> OpenPush();
  void AddPushRoutes(net::Router& router, const std::string& prefix);
  Result<> ListenForPushes(net::ServerOptions options, net::ServerHooks hooks);
  void AddFirstSteps(const std::string& prefix);
  std::set<std::string> ScrapedAddresses() const;
  std::string AlertManagerPrefix() const;  // of the paths on the extra address
  // Hands a request on to routes that exist only once the server has started; 503 before.
  net::Handler Late(const net::Router& router) const;
  // A reader of the file a flag names, checked once; an empty function when it names none.
  Result<std::function<Result<std::shared_ptr<const net::WebConfig>>()>> WebConfigReader(
      std::string_view flag) const;
  void WarnAboutOpenDoors(const std::vector<std::string>& addresses) const;
  void WaitForSignal();

  // Reads everything anew; nothing changes when any of it is wrong.
  Result<> Reload() EXCLUDES(reload_mu_);
  Result<> ReloadAlertManager() EXCLUDES(reload_mu_);
  void Apply(Configuration configuration) REQUIRES(reload_mu_);
  void ApplyScraping(const config::PrometheusConfig& config) REQUIRES(reload_mu_);
  Result<> ApplyAlertManager(config::AlertmanagerFile file);
  void NoteReload(const Result<>& outcome);
  void StopScraping();
  void Tell(const std::vector<alerting::Alert>& alerts);

  std::shared_ptr<const promql::Engine> engine() const EXCLUDES(state_mu_);
  std::string ConfigYaml() const EXCLUDES(state_mu_);
  RuleSurroundings RulesLookAt();
  Result<web::BacktestAnswer> RunBacktest(const web::BacktestQuestion& question,
                                          const std::stop_token& stop) EXCLUDES(state_mu_);
  Labels ExternalLabels() const EXCLUDES(state_mu_);
  web::RuntimeInfo Runtime() const EXCLUDES(state_mu_);
  void AskForEnd() EXCLUDES(state_mu_);

  const Flags flags_;
  const Logger log_;
  Registry registry_;
  std::string external_url_;
  std::atomic<web::Phase> phase_ = web::Phase::kStarting;
  Timestamp started_{};

  net::IoThread io_{log_};
  net::SystemClock clock_{io_};
  net::ThreadPool quick_{"quick", 4};
  net::ThreadPool query_{"query", static_cast<std::size_t>(std::max<std::int64_t>(
                                      1, flags_.integer("query.max-concurrency")))};
  net::ThreadPool ingest_{"ingest", Cores()};
  net::ThreadPool giants_{"giants", 1};
  net::ThreadPool blocking_{"blocking", 4};
  net::ThreadPool rule_pool_{"rules", std::max<std::size_t>(2, Cores())};
  net::ThreadPool upkeep_{"upkeep", 1};
  PoolClock upkeep_clock_{clock_, upkeep_};
  PoolClock blocking_clock_{clock_, blocking_};

  web::Notifications notifications_{clock_, registry_,
                                    flags_.integer("web.max-notifications-subscribers")};
  web::Doors doors_;
  const std::shared_ptr<tsdb::ReplayProgress> replay_ = std::make_shared<tsdb::ReplayProgress>();
  std::unique_ptr<tsdb::Database> database_;
  promql::Workers query_workers_{std::max(1U, std::thread::hardware_concurrency())};
  // Handlers may use what stands below: false while the server starts and when it stops.
  std::atomic<bool> open_ = false;

  std::unique_ptr<notify::ExternalAlertmanagers> external_;
  std::unique_ptr<alerting::AlertManager> alert_manager_;
  std::unique_ptr<alerting::RuleSchedule> rules_;
  std::unique_ptr<RuleProvider> rule_provider_;
  host::HostCollector host_{clock_, HostOptions()};
  std::unique_ptr<push::PushGroups> push_groups_;
  std::unique_ptr<push::PushDoor> push_;
  std::unique_ptr<scrape::ScrapeMetrics> scrape_metrics_;
  std::unique_ptr<scrape::ScrapeManager> scraping_;
  std::unique_ptr<scrape::WebTargets> targets_;
  std::unique_ptr<discovery::Manager> scrape_discovery_, notify_discovery_;  // io thread
  std::unique_ptr<server::DashboardLibrary> dashboards_;
  std::unique_ptr<setup::WatchList> watch_list_;
  std::unique_ptr<setup::ExporterSearch> exporter_search_;
  std::unique_ptr<web::Web> web_;
  std::unique_ptr<web::AlertmanagerApi> alert_api_;
  net::Router router_, alert_router_, push_router_;
  net::Router late_, alert_late_;  // of the alert manager, which needs the database
  std::unique_ptr<net::Server> server_, alert_server_, push_server_;
  std::unique_ptr<boost::asio::signal_set> signals_;
  std::unique_ptr<AutoReload> auto_reload_;

  Mutex reload_mu_;  // one reload at a time

  mutable Mutex state_mu_;
  std::condition_variable_any end_;
  bool end_asked_ GUARDED_BY(state_mu_) = false;
  std::shared_ptr<const promql::Engine> engine_ GUARDED_BY(state_mu_);
  std::string config_yaml_ GUARDED_BY(state_mu_);
  Labels external_labels_ GUARDED_BY(state_mu_);
  config::GlobalConfig global_ GUARDED_BY(state_mu_);
  bool reads_watch_list_ GUARDED_BY(state_mu_) = false;
  bool reload_success_ GUARDED_BY(state_mu_) = true;
  Timestamp last_config_ GUARDED_BY(state_mu_){};
  tsdb::LiveOptions live_ GUARDED_BY(state_mu_);
  remote::OtlpOptions otlp_ GUARDED_BY(state_mu_);
};

}  // namespace meerkat::app
