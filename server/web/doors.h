#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "alerting/backtest.h"
#include "base/clock.h"
#include "base/labels.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/regex.h"
#include "base/result.h"
#include "promql/engine.h"
#include "server/remote/otlp_options.h"
#include "tsdb/database.h"

// What the web handlers ask of the rest of the server. Scraping, rules and the composition root
// answer; handlers never see more than this. Threads: every method and function, from any thread,
// also while the configuration is reloaded.
namespace meerkat::web {

// ------------------------------------------------------------------ scraping
enum class Health : std::uint8_t { kUnknown, kUp, kDown };

struct ActiveTarget {
  Labels discovered_labels;
  Labels labels;
  std::string scrape_pool;
  std::string scrape_url;
  std::string last_error;
  std::optional<Timestamp> last_scrape;
  double last_scrape_duration = 0;  // seconds
  Health health = Health::kUnknown;
  std::string scrape_interval;  // as the target has it: "15s"
  std::string scrape_timeout;
};

struct DroppedTarget {
  Labels discovered_labels;
  std::string scrape_pool;
};

struct TargetMetadata {
  std::string_view metric;  // valid during the visit
  tsdb::MetricType type = tsdb::MetricType::kUnknown;
  std::string_view help;
  std::string_view unit;
};

struct RelabelStep {
  std::string rule;  // JSON object of the rule's keys, as upstream prints them
  Labels output;
  bool keep = true;
};

class TargetProvider {
 public:
  virtual ~TargetProvider() = default;
  virtual std::vector<std::string> ScrapePools() const = 0;  // sorted
  // Of one pool ("" for all), sorted by pool, then as discovered.
  virtual std::vector<ActiveTarget> Active(std::string_view pool) const = 0;
  virtual std::vector<DroppedTarget> Dropped(std::string_view pool) const = 0;
  virtual std::map<std::string, std::uint64_t> DroppedCounts() const = 0;
  // Metadata target by target, in the order of Active(""), until `visit` returns false.
  virtual void VisitMetadata(
      const std::function<bool(const Labels& target, const TargetMetadata&)>& visit) const = 0;
  // kNotFound: no such pool.
  virtual Result<std::vector<RelabelStep>> RelabelSteps(std::string_view pool,
                                                        const Labels& labels) const = 0;
  virtual Result<std::string> PoolConfig(std::string_view pool) const = 0;
};

// ------------------------------------------------------------------ rules
struct AlertInfo {
  Labels labels;
  std::vector<std::pair<std::string, std::string>> annotations;  // sorted by name
  std::string state;                                             // pending, firing
  std::optional<Timestamp> active_at;
  std::optional<Timestamp> keep_firing_since;
  double value = 0;
};

struct RuleInfo {
  bool alerting = false;
  std::string name;
  std::string query;
  Labels labels;
  std::string health = "unknown";  // ok, err, unknown
  std::string last_error;
  double evaluation_time = 0;  // seconds
  std::optional<Timestamp> last_evaluation;
  // Alerting rules only.
  std::string state;  // inactive, pending, firing, unknown
  double duration = 0;
  double keep_firing_for = 0;
  std::vector<std::pair<std::string, std::string>> annotations;
  std::vector<AlertInfo> alerts;
};

struct RuleGroupInfo {
  std::string name;
  std::string file;
  double interval = 0;  // seconds
  std::int64_t limit = 0;
  double evaluation_time = 0;
  std::optional<Timestamp> last_evaluation;
  std::vector<RuleInfo> rules;
};

class RuleProvider {
 public:
  virtual ~RuleProvider() = default;
  virtual std::vector<RuleGroupInfo> Groups() const = 0;  // sorted by file, then as written
};

// An alerting rule to try over stored history: one that is loaded, by name; one of a text; or an
// expression.
struct BacktestQuestion {
  std::string rule, group, file;  // names; "" leaves it open
  std::string yaml;               // a rule, a list of rules, or a rule file
  std::string expr;
  std::map<std::string, std::string> labels;  // of the rule made of `expr`, as the next two
  Millis hold{0};
  Millis keep_firing{0};
  std::optional<std::size_t> index;  // which one, when several fit
  TimeRange range;
  Millis interval{0};                      // 0: the group's
  Millis timeout = std::chrono::hours(1);  // the engine's counts when it is shorter
  bool notifications = true;
};

struct BacktestAnswer {
  alerting::RuleGroupConfig group;  // with the one rule
  alerting::Backtest result;
  std::vector<std::string> warnings;
};

struct AlertmanagerUrls {
  std::vector<std::string> active;
  std::vector<std::string> dropped;
};

// ------------------------------------------------------------------ the server itself
struct BuildInfo {
  std::string version, revision, branch, build_user, build_date, go_version;
};

struct RuntimeInfo {
  Timestamp start_time{};
  std::string working_directory;
  std::string hostname;
  bool reload_success = true;
  Timestamp last_config_time{};
  std::int64_t corruptions = 0;
  std::int64_t threads = 0;
  std::int64_t cores = 0;
  std::string storage_retention;  // "15d", "15d or 1GiB"
};

struct ReplayStatus {
  std::int64_t min = 0, max = 0, current = 0;
};

enum class Phase : std::uint8_t { kStarting, kReady, kStopping };

// Functions the composition root sets before the first request; the required ones are marked.
struct Doors {
  const Clock* clock = nullptr;                                   // required
  std::function<Phase()> phase;                                   // required
  std::function<tsdb::Database*()> database;                      // required; null: not open
  std::function<std::shared_ptr<const promql::Engine>()> engine;  // required
  std::function<Labels()> external_labels;                        // required
  std::function<std::string()> config_yaml;                       // secrets are hidden
  std::function<std::map<std::string, std::string>()> flags;
  std::function<RuntimeInfo()> runtime;
  std::function<ReplayStatus()> replay;
  std::function<std::string()> process;  // of /debug/process; "": there is nothing to say
  std::function<AlertmanagerUrls()> alertmanagers;
  std::function<remote::OtlpOptions()> otlp;  // required with enable_otlp
  std::function<Result<BacktestAnswer>(const BacktestQuestion&, const std::stop_token&)> backtest;
  std::function<Result<>()> reload;  // blocks until done
  std::function<void()> quit;        // returns at once
  const TargetProvider* targets = nullptr;
  const RuleProvider* rules = nullptr;
  BuildInfo build;
};

// What the flags say.
struct WebOptions {
  std::string external_url = "http://localhost:9090/";  // with a slash at its end
  std::string route_prefix;                             // "" or "/prom", no slash at its end
  std::string page_title = "Prometheus Time Series Collection and Processing Server";
  std::string cors_origin = ".*";  // anchored
  std::string user_assets;         // a directory; "": none
  std::string listen_address;      // the first, for localhost targets' global URLs
  bool enable_lifecycle = false;
  bool enable_admin_api = false;
  bool enable_remote_write = false;
  bool remote_write_v1 = true;  // accepted protobuf messages
  bool remote_write_v2 = false;
  bool enable_otlp = false;
  bool agent = false;
  std::set<std::string> features;  // of --enable-feature
  std::int64_t max_notification_subscribers = 16;
  std::uint64_t read_sample_limit = 50'000'000;
  std::uint64_t read_max_bytes_in_frame = 1 << 20;
  std::uint64_t read_concurrent_limit = 10;
  std::uint64_t search_max_limit = 10'000;
  std::uint64_t query_max_concurrency = 20;
  // Queries that took less than the first the last time are answered on the io thread, and given up
  // there after the second: other connections wait meanwhile.
  std::chrono::microseconds prompt_cost{200};
  std::chrono::microseconds prompt_patience{1000};
  std::string snapshot_directory;  // <data>/snapshots

  bool feature(std::string_view name) const { return features.count(std::string(name)) != 0; }
};

}  // namespace meerkat::web
