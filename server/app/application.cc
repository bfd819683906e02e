#include "server/app/application.h"

#include <algorithm>
#include <csignal>
#include <future>
#include <random>
#include <utility>

#include "server/app/application_impl.h"
#include "server/app/backtest_wiring.h"
#include "server/app/process_metrics.h"
#include "server/app/rules_wiring.h"
#include "server/dashboards/grafana_provisioning.h"
#include "server/notify/transport.h"

extern "C" const char meerkat_embedded_host_dashboard[];
extern "C" const char meerkat_embedded_host_dashboard_end[];

namespace meerkat::app {
namespace {

constexpr std::string_view kHostPage = "/host";

std::string_view HostDashboard() {
  return {meerkat_embedded_host_dashboard,
          static_cast<std::size_t>(meerkat_embedded_host_dashboard_end -
                                   meerkat_embedded_host_dashboard)};
}

promql::EngineOptions EngineOptionsOf(const Flags& flags, const config::PrometheusConfig& config) {
  promql::EngineOptions options;
  options.lookback = flags.duration("query.lookback-delta");
  options.timeout = flags.duration("query.timeout");
  options.max_samples = static_cast<std::uint64_t>(flags.integer("query.max-samples"));
  options.max_memory = flags.bytes("query.max-memory");
  options.default_subquery_step = config.global.evaluation_interval;
  options.parse = ParseOptionsOf(flags);
  options.delayed_name_removal = flags.feature("promql-delayed-name-removal");
  options.use_start_timestamps = flags.feature("use-start-timestamps");
  options.per_step_stats = flags.feature("promql-per-step-stats");
  options.type_and_unit_labels = flags.feature("type-and-unit-labels");
  return options;
}

remote::OtlpOptions OtlpOptionsOf(const config::OtlpConfig& config) {
  using remote::TranslationStrategy;
  remote::OtlpOptions options;
  options.promote_resource_attributes = config.promote_resource_attributes;
  options.promote_all_resource_attributes = config.promote_all_resource_attributes;
  options.ignore_resource_attributes = config.ignore_resource_attributes;
  options.keep_identifying_resource_attributes = config.keep_identifying_resource_attributes;
  options.convert_histograms_to_nhcb = config.convert_histograms_to_nhcb;
  options.promote_scope_metadata = config.promote_scope_metadata;
  options.label_name_underscore_sanitization = config.label_name_underscore_sanitization;
  options.label_name_preserve_multiple_underscores =
      config.label_name_preserve_multiple_underscores;
  if (config.translation_strategy == "UnderscoreEscapingWithoutSuffixes") {
    options.strategy = TranslationStrategy::kUnderscoreEscapingWithoutSuffixes;
  } else if (config.translation_strategy == "NoUTF8EscapingWithSuffixes") {
    options.strategy = TranslationStrategy::kNoUtf8EscapingWithSuffixes;
  } else if (config.translation_strategy == "NoTranslation") {
    options.strategy = TranslationStrategy::kNoTranslation;
  }
  return options;
}

// What --alertmanager.config.file names; without it, what was made on the Home page; without that,
// alerts are kept and shown but told to nobody.
Result<config::AlertmanagerFile> LoadAlertmanagerFile(const Flags& flags) {
  const auto syntax = MatcherSyntaxOf(flags);
  if (!syntax) return syntax.error();
  const std::string& file = flags.text("alertmanager.config.file");
  if (!file.empty()) return config::LoadAlertmanagerConfig(file, *syntax);
  const std::filesystem::path own = OwnAlertmanagerFile(flags);
  std::error_code error;
  if (std::filesystem::exists(own, error))
    return config::LoadAlertmanagerConfig(own.string(), *syntax);
  return config::ParseAlertmanagerConfig("embedded/alertmanager.yml",
                                         "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n",
                                         *syntax);
}

bool ReadsFile(const config::PrometheusConfig& config, const std::filesystem::path& file) {
  for (const scrape::ScrapeConfig& job : config.AllScrapeConfigs()) {
    for (const discovery::SdConfig& source : job.service_discovery) {
      const auto* files = std::get_if<discovery::FileSd>(&source);
      if (files == nullptr) continue;
      for (const std::string& name : files->files) {
        if (std::filesystem::path(name).lexically_normal() == file.lexically_normal()) return true;
      }
    }
  }
  return false;
}

// Runs `work` on the io thread and waits for it; for what lives there.
void RunOn(net::IoThread& io, const std::function<void()>& work) {
  std::promise<void> done;
  io.Post([&] {
    work();
    done.set_value();
  });
  done.get_future().wait();
}

}  // namespace

// ------------------------------------------------------------------------------------------------
// start

Result<> Application::Impl::Start() {
  started_ = clock_.Now();
  RegisterProcessMetrics(registry_, started_);
  const auto& listen = flags_.list("web.listen-address");
  if (listen.empty())
    return Error(Code::kInvalid, "--web.listen-address: at least one address is needed");
  if (auto known = host::HostCollector::CheckNames(flags_.list("host.disable-collectors")); !known)
    return std::move(known).error().Within("--host.disable-collectors");
  auto external_url = ExternalUrlOf(flags_.text("web.external-url"), listen.front());
  if (!external_url) return std::move(external_url).error();
  external_url_ = std::move(*external_url);

  // Everything that can be wrong with what was given is found before anything is opened.
  auto configuration = LoadConfiguration(flags_, SelfAddressOf(listen.front()));
  if (!configuration) return std::move(configuration).error();
  auto alertmanager = LoadAlertmanagerFile(flags_);
  if (!alertmanager) return std::move(alertmanager).error();

  BuildDoors();
  if (auto done = Listen(); !done) return done;
  if (auto done = OpenDatabase(*configuration); !done) return done;
  if (auto done = StartAlertManager(std::move(*alertmanager)); !done) return done;
  StartRules();
  StartScraping(configuration->prometheus);
  {
    MutexLock lock(reload_mu_);
    Apply(std::move(*configuration));
  }
  NoteReload({});
  targets_ = std::make_unique<scrape::WebTargets>(*scraping_);
  rule_provider_ = std::make_unique<RuleProvider>(*rules_);
  // Handlers look at these only once open_ and phase_ say that they may.
  doors_.targets = targets_.get();
  doors_.rules = rule_provider_.get();
  doors_.backtest = [this](const web::BacktestQuestion& question, const std::stop_token& stop) {
    return RunBacktest(question, stop);
  };
  open_ = true;
  phase_ = web::Phase::kReady;
  notifications_.Delete(web::kStartingUp);
  registry_.gauge("prometheus_ready", "Whether startup was completed and the server is ready.")
      .Set(1);
  log_.Info("Server is ready to receive web requests.",
            {{"address", "http://" + server_->addresses().front()}});
  HandleSignals();
  WatchFiles();
  return {};
}

Result<> Application::Impl::OpenDatabase(const Configuration& configuration) {
  tsdb::Options options;
  options.path = flags_.text("storage.tsdb.path");
  options.lock_file = !flags_.on("storage.tsdb.no-lockfile");
  options.sync_journal = flags_.on("storage.journal.sync");
  options.journal_window = flags_.duration("storage.journal.window");
  options.partition = flags_.duration("storage.tsdb.min-block-duration");
  options.live = LiveOptionsOf(flags_, configuration.prometheus);
  options.replay = replay_;
  auto opened = tsdb::Database::Open(options, clock_, registry_, log_.With("component", "tsdb"));
  if (!opened) return std::move(opened).error();
  database_ = std::move(*opened);

  if (auto done = OpenPush(); !done) return done;

  std::vector<server::DashboardFolder> folders;
  for (const std::string& path : flags_.list("dashboards.path")) {
    auto more = server::DashboardFoldersAt(path);
    if (!more) return std::move(more).error().Within("--dashboards.path");
    std::move(more->begin(), more->end(), std::back_inserter(folders));
  }
  // The folder is watched for changes from the start, so it has to be there.
  std::error_code ignored;
  std::filesystem::create_directories(watch_list_->file().parent_path(), ignored);
  dashboards_ = std::make_unique<server::DashboardLibrary>(
      std::move(folders), std::vector{std::string(HostDashboard())}, database_->state(), clock_,
      log_.With("component", "dashboards"));
  return {};
}

Result<> Application::Impl::StartAlertManager(config::AlertmanagerFile file) {
  alerting::AlertManagerOptions options;
  const std::string& own_url = flags_.text("alertmanager.web.external-url");
  options.external_url = own_url.empty() ? external_url_ : own_url;
  while (options.external_url.ends_with('/')) options.external_url.pop_back();
  options.hostname = HostName();
  options.retention = flags_.duration("alertmanager.data.retention");
  options.gc_interval = flags_.duration("alertmanager.alerts.gc-interval");
  options.maintenance_interval = flags_.duration("alertmanager.data.maintenance-interval");
  options.start_delay = flags_.duration("alertmanager.dispatch.start-delay");
  options.receiver_in_metrics = ReceiverInMetrics(flags_);
  options.alerts_per_name =
      static_cast<std::size_t>(flags_.integer("alertmanager.alerts.per-alertname-limit"));
  options.max_silences =
      static_cast<std::size_t>(flags_.integer("alertmanager.silences.max-silences"));
  options.max_silence_bytes =
      static_cast<std::size_t>(flags_.integer("alertmanager.silences.max-silence-size-bytes"));
  auto random = std::make_shared<std::mt19937_64>(std::random_device{}());
  alert_manager_ = std::make_unique<alerting::AlertManager>(
      alerting::AlertManagerWorld{upkeep_clock_, database_->state(), registry_,
                                  log_.With("component", "alertmanager"), notify::ReadSecretFile,
                                  [random] { return (*random)(); }, config::LoadZone},
      options);
  if (auto loaded = alert_manager_->Load(); !loaded)
    return std::move(loaded).error().Within("the alert manager's state");
  if (auto applied = ApplyAlertManager(std::move(file)); !applied) return applied;
  AddAlertManagerRoutes();
  return {};
}

Result<> Application::Impl::ApplyAlertManager(config::AlertmanagerFile file) {
  for (const std::string& warning : file.warnings) log_.Warn(warning);
  auto transport = std::make_shared<notify::Transport>(io_, blocking_, upkeep_, file.clients);
  return alert_manager_->Apply(std::make_shared<alerting::Config>(std::move(file.config)),
                               std::move(transport));
}

RuleSurroundings Application::Impl::RulesLookAt() {
  RuleSurroundings surroundings(registry_);
  surroundings.engine = [this] { return engine(); };
  surroundings.external_labels = [this] { return ExternalLabels(); };
  surroundings.log_query = [this](const alerting::RuleGroupConfig& group, std::string_view text,
                                  const promql::QueryOptions& options,
                                  const promql::QueryStats& stats, std::string_view error) {
    web_->LogRuleQuery(group.file, group.name, text, options, stats, error);
  };
  surroundings.external_url = external_url_;
  return surroundings;
}

Result<web::BacktestAnswer> Application::Impl::RunBacktest(const web::BacktestQuestion& question,
                                                           const std::stop_token& stop) {
  BacktestSurroundings surroundings(RulesLookAt());
  for (const alerting::RuleGroupStatus& group : rules_->Status())
    surroundings.loaded.push_back(group.config);
  {
    MutexLock lock(state_mu_);
    surroundings.global = global_;
  }
  surroundings.relabel = [this](const std::vector<alerting::Alert>& alerts) {
    return external_->Relabeled(alerts);
  };
  surroundings.alertmanager = alert_manager_->config();
  surroundings.resend_delay = flags_.duration("rules.alert.resend-delay");
  surroundings.clock = &clock_;
  return AnswerBacktest(question, surroundings, stop);
}

void Application::Impl::StartRules() {
  const RuleSurroundings surroundings = RulesLookAt();
  notify::ExternalAlertmanagers::Options notifier;
  notifier.queue_capacity =
      static_cast<std::size_t>(flags_.integer("alertmanager.notification-queue-capacity"));
  notifier.batch = static_cast<std::size_t>(
      std::max<std::int64_t>(1, flags_.integer("alertmanager.notification-batch-size")));
  notifier.drain_on_stop = flags_.on("alertmanager.drain-notification-queue-on-shutdown");
  external_ = std::make_unique<notify::ExternalAlertmanagers>(io_, blocking_, notifier, registry_,
                                                              log_.With("component", "notifier"));
  alerting::RuleOptions options;
  options.outage_tolerance = flags_.duration("rules.alert.for-outage-tolerance");
  options.grace_period = flags_.duration("rules.alert.for-grace-period");
  options.resend_delay = flags_.duration("rules.alert.resend-delay");
  options.external_url = external_url_.substr(0, external_url_.size() - 1);
  if (flags_.feature("concurrent-rule-eval")) {
    options.concurrent_evaluations = static_cast<std::size_t>(
        std::max<std::int64_t>(0, flags_.integer("rules.max-concurrent-evals")));
  }
  rules_ = std::make_unique<alerting::RuleSchedule>(
      alerting::RuleDoors{
          .query = RuleQuery(surroundings),
          .expand = RuleTemplates(surroundings),
          .notify = [this](const std::vector<alerting::Alert>& alerts) { Tell(alerts); },
          .submit = [this](std::function<void()> work) { rule_pool_.Submit(std::move(work)); },
          .storage = *database_,
          .state = database_->state(),
          .clock = clock_,
          .registry = registry_,
          .log = log_.With("component", "rules")},
      options);
}

host::HostCollector::Options Application::Impl::HostOptions() const {
  host::HostCollector::Options options;
  const auto& disabled = flags_.list("host.disable-collectors");
  options.disabled.insert(disabled.begin(), disabled.end());
  options.textfile_directory = flags_.text("host.textfile-directory");
  return options;
}

void Application::Impl::StartScraping(const config::PrometheusConfig& config) {
  scrape_metrics_ = std::make_unique<scrape::ScrapeMetrics>(registry_);
  scrape::ScrapeOptions options;
  options.offset_seed = scrape::OffsetSeed(config.ExternalLabels());
  options.extra_metrics = flags_.feature("extra-scrape-metrics");
  options.start_timestamps =
      flags_.feature("created-timestamp-zero-ingestion") || flags_.feature("st-storage");
  options.align_timestamps = flags_.on("scrape.adjust-timestamps");
  options.timestamp_tolerance = flags_.duration("scrape.timestamp-tolerance");
  scrape::BuiltinPages pages;
  pages.emplace(kHostPage, [this](std::string_view) { return host_.Collect(); });
  if (push_groups_) {
    pages.emplace(kPushPagePath, [this](std::string_view) { return *push_groups_->Page(); });
  }
  scrape::ScrapeContext context{
      io_,        ingest_,          clock_,
      *database_, *scrape_metrics_, log_.With("component", "scrape manager"),
      options};
  context.giants = &giants_;
  scraping_ = std::make_unique<scrape::ScrapeManager>(
      context, scrape::HttpFetchers(io_, blocking_, registry_, std::move(pages)));
  const discovery::DiscoveryContext discovery{io_, blocking_, clock_, registry_,
                                              log_.With("component", "discovery")};
  scrape_discovery_ = std::make_unique<discovery::Manager>(
      discovery, "scrape",
      [this](const std::string& job, std::vector<discovery::TargetGroup> groups) {
        scraping_->UpdateTargets(job, std::move(groups));
      });
  notify_discovery_ = std::make_unique<discovery::Manager>(
      discovery, "notify",
      [this](const std::string& entry, const std::vector<discovery::TargetGroup>& groups) {
        std::vector<Labels> targets;
        for (const discovery::TargetGroup& group : groups) {
          for (const Labels& target : group.targets) {
            LabelsBuilder labels(group.labels);
            for (const Label label : target) labels.Set(label.name, label.value);
            targets.push_back(labels.Build());
          }
        }
        blocking_.Submit([this, index = std::stoul(entry), targets = std::move(targets)] {
          external_->SetTargets(index, targets);
        });
      });
}

void Application::Impl::ApplyScraping(const config::PrometheusConfig& config) {
  std::map<std::string, discovery::SdConfigs> jobs;
  for (const scrape::ScrapeConfig& job : config.AllScrapeConfigs())
    jobs[job.job_name] = job.service_discovery;
  std::map<std::string, discovery::SdConfigs> alertmanagers;
  for (std::size_t i = 0; i < config.alerting.alertmanagers.size(); ++i) {
    alertmanagers[std::to_string(i)] = config.alerting.alertmanagers[i].service_discovery;
  }
  RunOn(io_, [&] {
    scraping_->Apply(config.AllScrapeConfigs());
    scrape_discovery_->Apply(jobs);
    notify_discovery_->Apply(alertmanagers);
  });
}

void Application::Impl::StopScraping() {
  if (!scraping_) return;
  RunOn(io_, [&] {
    scrape_discovery_->Stop();
    notify_discovery_->Stop();
    scraping_->Stop();
  });
}

// Alerts of rules go to the built-in alert manager without a network hop, and to the others.
void Application::Impl::Tell(const std::vector<alerting::Alert>& alerts) {
  const auto relabeled = external_->Relabeled(alerts);
  std::vector<alerting::PostedAlert> posted;
  for (const alerting::Alert& alert : relabeled) {
    posted.push_back(
        {alert.labels, alert.annotations, alert.starts_at, alert.ends_at, alert.generator_url});
  }
  if (auto taken = alert_manager_->Post(std::move(posted)); !taken) {
    log_.Error("The alert manager refused alerts of rules", {{"err", taken.error().message()}});
  }
  external_->Send(relabeled);
}

// ------------------------------------------------------------------------------------------------
// reload

void Application::Impl::Apply(Configuration configuration) {
  const config::PrometheusConfig& prometheus = configuration.prometheus;
  const tsdb::LiveOptions live = LiveOptionsOf(flags_, prometheus);
  database_->Apply(live);
  {
    MutexLock lock(state_mu_);
    promql::EngineOptions options = EngineOptionsOf(flags_, prometheus);
    options.workers = &query_workers_;
    engine_ = std::make_shared<promql::Engine>(std::move(options), *database_);
    external_labels_ = prometheus.ExternalLabels();
    global_ = prometheus.global;
    config_yaml_ = prometheus.ToYaml();
    otlp_ = OtlpOptionsOf(prometheus.otlp);
    live_ = live;
    reads_watch_list_ = ReadsFile(prometheus, watch_list_->file());
  }
  for (const std::string& warning : prometheus.warnings) log_.Warn(warning);
  if (auto opened = web_->SetQueryLog(prometheus.global.query_log_file); !opened) {
    log_.Error("The query log cannot be opened", {{"err", opened.error().message()}});
  }
  external_->Apply(prometheus.alerting, prometheus.ExternalLabels());
  rules_->Load(std::move(configuration.rules));
  ApplyScraping(prometheus);
}

Result<> Application::Impl::Reload() {
  MutexLock lock(reload_mu_);
  log_.Info("Loading configuration file", {{"filename", flags_.text("config.file")}});
  auto configuration =
      LoadConfiguration(flags_, SelfAddressOf(flags_.list("web.listen-address").front()));
  Result<> outcome;
  if (!configuration) {
    outcome = std::move(configuration).error();
  } else if (auto checked =
                 scrape::ScrapeManager::Check(configuration->prometheus.AllScrapeConfigs());
             !checked) {
    outcome = std::move(checked).error();
  } else {
    Apply(std::move(*configuration));
  }
  NoteReload(outcome);
  return outcome;
}

void Application::Impl::NoteReload(const Result<>& outcome) {
  {
    MutexLock lock(state_mu_);
    reload_success_ = outcome.ok();
    if (outcome) last_config_ = clock_.Now();
  }
  registry_
      .gauge("prometheus_config_last_reload_successful",
             "Whether the last configuration reload attempt was successful.")
      .Set(outcome ? 1 : 0);
  if (outcome) {
    registry_
        .gauge("prometheus_config_last_reload_success_timestamp_seconds",
               "Timestamp of the last successful configuration reload.")
        .Set(static_cast<double>(ToMillis(clock_.Now())) / 1000);
    notifications_.Delete(web::kConfigurationUnsuccessful);
    log_.Info("Completed loading of configuration file",
              {{"filename", flags_.text("config.file")}});
  } else {
    notifications_.Add(web::kConfigurationUnsuccessful);
    log_.Error("Error reloading config; the old one keeps running",
               {{"err", outcome.error().message()}});
  }
}

Result<> Application::Impl::ReloadAlertManager() {
  MutexLock lock(reload_mu_);
  auto file = LoadAlertmanagerFile(flags_);
  if (!file) {
    alert_manager_->NoteFailedReload();
    log_.Error("Error reloading the alert manager's config; the old one keeps running",
               {{"err", file.error().message()}});
    return std::move(file).error();
  }
  return ApplyAlertManager(std::move(*file));
}

std::string Application::Impl::ConfigYaml() const {
  MutexLock lock(state_mu_);
  return config_yaml_;
}

Labels Application::Impl::ExternalLabels() const {
  MutexLock lock(state_mu_);
  return external_labels_;
}

std::shared_ptr<const promql::Engine> Application::Impl::engine() const {
  MutexLock lock(state_mu_);
  return engine_;
}

void Application::Impl::WatchFiles() {
  if (!flags_.on("config.auto-reload") && !flags_.feature("auto-reload-config")) return;
  auto_reload_ = std::make_unique<AutoReload>(
      blocking_clock_, flags_.duration("config.auto-reload-interval"),
      [this] { return FingerprintOf(flags_); },
      [this] {
        static_cast<void>(Reload());
        static_cast<void>(ReloadAlertManager());
      });
  auto_reload_->Start();
}

void Application::Impl::HandleSignals() {
  signals_ = std::make_unique<boost::asio::signal_set>(io_.context(), SIGTERM, SIGINT, SIGHUP);
  WaitForSignal();
}

void Application::Impl::WaitForSignal() {
  signals_->async_wait([this](const boost::system::error_code& error, int signal) {
    if (error) return;
    if (signal == SIGHUP) {
      blocking_.Submit([this] {
        static_cast<void>(Reload());
        static_cast<void>(ReloadAlertManager());
      });
      WaitForSignal();
      return;
    }
    log_.Warn("Received an OS signal, exiting gracefully...", {{"signal", strsignal(signal)}});
    AskForEnd();
  });
}

void Application::Impl::AskForEnd() {
  MutexLock lock(state_mu_);
  end_asked_ = true;
  end_.notify_all();
}

void Application::Impl::WaitForEnd() {
  MutexLock lock(state_mu_);
  while (!end_asked_) end_.wait(state_mu_);
}

// ------------------------------------------------------------------------------------------------
// stop

Result<> Application::Impl::Stop() {
  const web::Phase before = phase_.exchange(web::Phase::kStopping);
  if (before == web::Phase::kStopping) return {};
  const bool served = before == web::Phase::kReady;
  if (auto_reload_) auto_reload_->Stop();
  notifications_.Add(web::kShuttingDown);
  notifications_.Close();
  if (alert_server_) alert_server_->Stop();
  if (push_server_) push_server_->Stop();
  if (server_) server_->Stop();
  open_ = false;
  StopScraping();
  if (rules_) rules_->Stop();
  if (external_) external_->Stop();
  alert_manager_.reset();
  Result<> closed;
  if (database_) closed = database_->Close();
  io_.Stop();
  for (net::ThreadPool* pool :
       {&upkeep_, &rule_pool_, &quick_, &query_, &ingest_, &giants_, &blocking_})
    pool->Stop();
  if (served) log_.Info("See you next time!");
  return closed;
}

// ------------------------------------------------------------------------------------------------
// the door

Application::Application(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Application::~Application() {
  static_cast<void>(impl_->Stop());
}

Result<std::unique_ptr<Application>> Application::Start(const Flags& flags, Logger log) {
  auto impl = std::make_unique<Impl>(flags, std::move(log));
  if (auto started = impl->Start(); !started) {
    static_cast<void>(impl->Stop());
    return std::move(started).error();
  }
  return std::unique_ptr<Application>(new Application(std::move(impl)));
}

void Application::WaitForEnd() {
  impl_->WaitForEnd();
}
Result<> Application::Stop() {
  return impl_->Stop();
}

}  // namespace meerkat::app
