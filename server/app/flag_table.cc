#include <array>

#include "server/app/flags.h"

namespace meerkat::app {
namespace {

using Kind = FlagSpec::Kind;

constexpr std::string_view kConfig = "Configuration";
constexpr std::string_view kWeb = "Web";
constexpr std::string_view kPush = "Push receiver";
constexpr std::string_view kHost = "Host collector";
constexpr std::string_view kStorage = "Storage";
constexpr std::string_view kRules = "Rules";
constexpr std::string_view kAlert = "Alert manager";
constexpr std::string_view kQuery = "Queries";
constexpr std::string_view kOther = "Other";
constexpr std::string_view kHidden = "";

// Names and defaults of the first groups are upstream's, so that an existing command line works as
// it is.
constexpr auto kFlags = std::to_array<FlagSpec>({
    {"config.file", Kind::kString, "", kConfig,
     "prometheus.yml. Without it meerkat watches itself and this host."},
    {"config.auto-reload", Kind::kBool, "false", kConfig,
     "Reload by itself when a configuration file changes."},
    {"config.auto-reload-interval", Kind::kDuration, "30s", kConfig,
     "How often to look for such changes."},
    {"config.expand-env", Kind::kBool, "false", kConfig,
     "Replace ${VAR} by the environment in the whole configuration file."},
    {"dashboards.path", Kind::kList, "", kConfig,
     "Folder of Grafana dashboards (JSON) or of Grafana provisioning files. May be repeated."},

    {"web.listen-address", Kind::kList, "0.0.0.0:9090", kWeb,
     "Address of pages and APIs. May be repeated."},
    {"web.config.file", Kind::kString, "", kWeb, "TLS, users and headers of the web addresses."},
    {"web.read-timeout", Kind::kDuration, "5m", kWeb,
     "Longest time to read a request and to keep an idle connection."},
    {"web.slow-client-timeout", Kind::kDuration, "5s", kWeb,
     "How long a client may keep its answer waiting until the rest is made at once and kept for "
     "it, so that its query ends."},
    {"web.max-connections", Kind::kInt, "512", kWeb,
     "Connections at the same time, over all addresses."},
    {"web.max-notifications-subscribers", Kind::kInt, "16", kWeb,
     "Listeners of live notifications."},
    {"web.external-url", Kind::kString, "", kWeb,
     "Where users reach the server, for links in notifications; its path is the prefix of all "
     "pages."},
    {"web.route-prefix", Kind::kString, "", kWeb,
     "Prefix of all paths; by default the path of the external URL."},
    {"web.user-assets", Kind::kString, "", kWeb, "Folder served under /user."},
    {"web.enable-lifecycle", Kind::kBool, "false", kWeb, "Allow reload and shutdown by HTTP."},
    {"web.enable-admin-api", Kind::kBool, "false", kWeb, "Allow deletes and snapshots by HTTP."},
    {"web.enable-remote-write-receiver", Kind::kBool, "false", kWeb, "Accept remote write."},
    {"web.remote-write-receiver.accepted-protobuf-messages", Kind::kList,
     "prometheus.WriteRequest,io.prometheus.write.v2.Request", kWeb,
     "Remote write messages to accept."},
    {"web.enable-otlp-receiver", Kind::kBool, "false", kWeb, "Accept OTLP metrics."},
    {"web.enable-push-receiver", Kind::kBool, "false", kWeb,
     "Accept pushes of short-lived jobs under /metrics/job/..., as Pushgateway does."},
    {"web.console.templates", Kind::kString, "consoles", kHidden, "Folder of console templates."},
    {"web.console.libraries", Kind::kString, "console_libraries", kHidden,
     "Folder of console libraries."},
    {"web.page-title", Kind::kString, "meerkat", kWeb, "Title of the pages."},
    {"web.cors.origin", Kind::kString, ".*", kWeb,
     "Origins that may call the API from a browser; an anchored regex."},
    {"web.search.max-limit", Kind::kInt, "10000", kHidden, "Most results of a search."},

    {"push.listen-address", Kind::kList, "", kPush,
     "Extra address that speaks as Pushgateway does (:9091), /metrics included."},
    {"push.ttl", Kind::kDuration, "0s", kPush,
     "How long a pushed group stays after its last push, unless the push says ?ttl=. 0: until it "
     "is deleted."},
    {"push.disable-consistency-check", Kind::kBool, "false", kPush,
     "Take what contradicts other pushed metrics."},

    {"host.disable-collectors", Kind::kList, "", kHost,
     "Collectors of the built-in host page to leave out, comma separated: hwmon,systemd."},
    {"host.textfile-directory", Kind::kString, "", kHost,
     "Folder of *.prom files whose metrics are added to the host page."},

    {"storage.tsdb.path", Kind::kString, "data/", kStorage, "Folder of the data."},
    {"storage.tsdb.retention.time", Kind::kDuration, "", kStorage,
     "How long samples are kept (15d when nothing is said anywhere). The configuration file "
     "overrides it."},
    {"storage.tsdb.retention.size", Kind::kSize, "0", kStorage,
     "Most bytes of samples to keep: 512MB, 10GB. 0: no limit."},
    {"storage.tsdb.no-lockfile", Kind::kBool, "false", kStorage, "Do not lock the data folder."},
    {"storage.journal.sync", Kind::kBool, "false", kStorage,
     "Sync the journal on every write: survives power loss."},
    {"storage.journal.window", Kind::kDuration, "0s", kStorage,
     "Collect writes this long before they are journalled."},
    {"storage.remote.flush-deadline", Kind::kDuration, "1m", kHidden,
     "Longest wait for remote writes at shutdown."},
    {"storage.remote.read-sample-limit", Kind::kInt, "50000000", kStorage,
     "Most samples in one remote read answer."},
    {"storage.remote.read-concurrent-limit", Kind::kInt, "10", kStorage,
     "Remote reads at the same time."},
    {"storage.remote.read-max-bytes-in-frame", Kind::kInt, "1048576", kStorage,
     "Most bytes in a streamed frame."},
    {"storage.tsdb.head-chunks-write-queue-size", Kind::kInt, "0", kHidden,
     "Accepted, without effect."},
    {"storage.tsdb.delay-compact-file.path", Kind::kString, "", kHidden,
     "Accepted, without effect."},
    {"storage.tsdb.min-block-duration", Kind::kDuration, "2h", kHidden, "Length of a partition."},
    {"storage.tsdb.max-block-duration", Kind::kDuration, "0s", kHidden,
     "Accepted, without effect."},
    {"storage.tsdb.max-block-chunk-segment-size", Kind::kSize, "0", kHidden,
     "Accepted, without effect."},
    {"storage.tsdb.wal-segment-size", Kind::kSize, "0", kHidden, "Accepted, without effect."},
    {"storage.tsdb.wal-compression", Kind::kBool, "true", kHidden, "Accepted, without effect."},
    {"storage.tsdb.wal-compression-type", Kind::kString, "snappy", kHidden,
     "Accepted, without effect."},
    {"storage.tsdb.samples-per-chunk", Kind::kInt, "120", kHidden, "Accepted, without effect."},
    {"storage.tsdb.allow-overlapping-compaction", Kind::kBool, "true", kHidden,
     "Accepted, without effect."},
    {"storage.tsdb.allow-overlapping-blocks", Kind::kBool, "true", kHidden,
     "Accepted, without effect."},
    {"storage.tsdb.block-reload-interval", Kind::kDuration, "1m", kHidden,
     "Accepted, without effect."},

    {"storage.tsdb.delayed-compaction.max-percent", Kind::kInt, "10", kHidden,
     "Accepted, without effect."},
    {"storage.agent.path", Kind::kString, "data-agent/", kHidden, "Agent mode."},
    {"storage.agent.wal-compression", Kind::kBool, "true", kHidden, "Agent mode."},
    {"storage.agent.retention.min-time", Kind::kDuration, "5m", kHidden, "Agent mode."},
    {"storage.agent.retention.max-time", Kind::kDuration, "4h", kHidden, "Agent mode."},
    {"storage.agent.no-lockfile", Kind::kBool, "false", kHidden, "Agent mode."},

    {"rules.alert.for-outage-tolerance", Kind::kDuration, "1h", kRules,
     "Longest outage after which the `for` state of alerts is restored."},
    {"rules.alert.for-grace-period", Kind::kDuration, "10m", kRules,
     "Least time between alert and restored `for` state, for rules with a longer `for`."},
    {"rules.alert.resend-delay", Kind::kDuration, "1m", kRules,
     "Least time before an alert is sent again."},
    {"rules.max-concurrent-evals", Kind::kInt, "4", kRules,
     "Rules evaluated at once beyond their groups' order."},

    {"alertmanager.config.file", Kind::kString, "", kAlert,
     "alertmanager.yml of the built-in alert manager."},
    {"alertmanager.listen-address", Kind::kList, ":9093", kAlert,
     "Extra address of the Alertmanager API; empty turns it off (the API is on the web address "
     "too)."},
    {"alertmanager.web.external-url", Kind::kString, "", kAlert,
     "External URL in notifications; by default the server's."},
    {"alertmanager.web.route-prefix", Kind::kString, "", kAlert,
     "Prefix of paths on the extra address."},
    {"alertmanager.web.config.file", Kind::kString, "", kAlert,
     "TLS, users and headers of the extra address."},
    {"alertmanager.data.retention", Kind::kDuration, "120h", kAlert,
     "How long silences and the notification log are kept."},
    {"alertmanager.alerts.gc-interval", Kind::kDuration, "30m", kAlert,
     "How often resolved alerts are dropped."},
    {"alertmanager.alerts.per-alertname-limit", Kind::kInt, "0", kAlert,
     "Most alerts of one name; 0: no limit."},
    {"alertmanager.silences.max-silences", Kind::kInt, "0", kAlert, "Most silences; 0: no limit."},
    {"alertmanager.silences.max-silence-size-bytes", Kind::kInt, "0", kAlert,
     "Largest silence; 0: no limit."},
    {"alertmanager.web.get-concurrency", Kind::kInt, "0", kAlert,
     "GET requests at the same time; 0: 8 or the cores."},
    {"alertmanager.web.timeout", Kind::kDuration, "0s", kAlert,
     "Longest time of a request; 0: no limit."},
    {"alertmanager.enable-feature", Kind::kList, "", kAlert,
     "Features of the alert manager: classic-mode, utf8-strict-mode."},
    {"alertmanager.notification-queue-capacity", Kind::kInt, "10000", kAlert,
     "Alerts waiting for an external Alertmanager."},
    {"alertmanager.notification-batch-size", Kind::kInt, "256", kAlert,
     "Alerts in one request to an external Alertmanager."},
    {"alertmanager.drain-notification-queue-on-shutdown", Kind::kBool, "true", kAlert,
     "Send waiting alerts before the end."},

    {"alertmanager.data.maintenance-interval", Kind::kDuration, "15m", kAlert,
     "How often old silences and log entries are dropped."},
    {"alertmanager.dispatch.start-delay", Kind::kDuration, "0s", kAlert,
     "No notification before this long after the start."},
    {"alertmanager.dispatch.maintenance-interval", Kind::kDuration, "30s", kHidden,
     "Accepted, without effect."},
    {"alertmanager.log.silences", Kind::kBool, "false", kHidden, "Accepted, without effect."},
    {"alertmanager.storage.path", Kind::kString, "", kHidden,
     "Accepted: the state is in the data folder."},
    {"alertmanager.cluster.listen-address", Kind::kString, "", kHidden,
     "Accepted: one process needs no cluster."},
    {"alertmanager.timeout", Kind::kDuration, "10s", kHidden, "Accepted, without effect."},

    {"query.lookback-delta", Kind::kDuration, "5m", kQuery,
     "How far back the newest sample may lie."},
    {"query.timeout", Kind::kDuration, "2m", kQuery, "Longest time of a query."},
    {"query.max-concurrency", Kind::kInt, "20", kQuery, "Queries at the same time."},
    {"query.max-samples", Kind::kInt, "50000000", kQuery,
     "Most samples a query may hold in memory."},
    {"query.max-memory", Kind::kSize, "2GB", kQuery,
     "Most memory a query may hold in samples and results: 512MB, 4GB. 0: no limit."},

    {"enable-feature", Kind::kList, "", kOther,
     "Features to switch on, comma separated. Upstream's names."},
    {"agent", Kind::kBool, "false", kHidden, "Agent mode."},
    {"auto-gomaxprocs", Kind::kBool, "true", kHidden, "Accepted, without effect."},
    {"auto-gomemlimit", Kind::kBool, "true", kHidden, "Accepted, without effect."},
    {"auto-gomemlimit.ratio", Kind::kFloat, "0.9", kHidden, "Accepted, without effect."},
    {"auto-gomemlimit.refresh-interval", Kind::kDuration, "0s", kHidden,
     "Accepted, without effect."},
    {"scrape.adjust-timestamps", Kind::kBool, "true", kHidden,
     "Align scrape times to the schedule."},
    {"scrape.timestamp-tolerance", Kind::kDuration, "2ms", kHidden,
     "How far they are moved for that."},
    {"scrape.discovery-reload-interval", Kind::kDuration, "5s", kHidden,
     "How often discovered targets are taken over."},
    {"log.level", Kind::kString, "info", kOther, "debug, info, warn or error."},
    {"log.format", Kind::kString, "logfmt", kOther, "logfmt or json."},
});

}  // namespace

std::span<const FlagSpec> FlagSpecs() {
  return kFlags;
}

}  // namespace meerkat::app
