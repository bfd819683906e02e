#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alerting/alert.h"
#include "base/clock.h"
#include "base/labels.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "base/result.h"
#include "base/state_store.h"
#include "promql/ast.h"
#include "promql/value.h"
#include "tsdb/storage.h"

// Recording and alerting rules: what a rule file says, and what becomes of it over time.
namespace meerkat::alerting {

// One rule as its file has it; exactly one of `record` and `alert` is set.
struct RuleConfig {
  std::string record;
  std::string alert;
  std::shared_ptr<const promql::Expr> expression;
  std::string query;  // the expression as the printer writes it: shown by the API and in links
  Millis hold{0};     // `for`
  Millis keep_firing{0};
  // Of the group and the rule; an empty value takes the label away. Of alerts the values are
  // templates.
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> annotations;  // templates

  bool SameAs(const RuleConfig& other) const;
};

struct RuleGroupConfig {
  std::string name;
  std::string file;
  Millis interval{0};
  Millis query_offset{0};
  std::uint64_t limit = 0;  // of series or alerts a rule may give; 0: no limit
  std::vector<RuleConfig> rules;

  std::string key() const { return file + ";" + name; }  // names the group, also in metrics
  bool SameAs(const RuleGroupConfig& other) const;
};

enum class AlertState : std::uint8_t { kInactive, kPending, kFiring };
std::string_view NameOf(AlertState state);

// Expands the template of a label or annotation of the rule `alert` for one sample. An error
// becomes the text upstream writes in its place.
using ExpandFn =
    std::function<Result<std::string>(std::string_view alert, std::string_view text,
                                      const promql::VectorSample& sample, Timestamp at)>;

// What the world is to the rules. All functions are called on the thread that evaluates and must
// outlive the rules.
struct RuleDoors {
  // An instant query of a rule of `group`; a scalar result comes as one sample without labels.
  std::function<Result<promql::Vector>(const RuleGroupConfig& group, const promql::Expr& expression,
                                       std::string_view text, Timestamp at)>
      query;
  ExpandFn expand;
  // Firing and just resolved alerts that are due to be told.
  std::function<void(std::vector<Alert>)> notify;
  // Runs work elsewhere than on the clock's executor; evaluations are submitted through it.
  std::function<void(std::function<void()>)> submit;

  tsdb::Storage& storage;
  StateStore& state;
  Clock& clock;
  Registry& registry;
  Logger log;
};

struct RuleOptions {
  Millis outage_tolerance = std::chrono::hours(1);
  Millis grace_period = std::chrono::minutes(10);
  Millis resend_delay = std::chrono::minutes(1);
  std::string external_url;  // without a slash at its end
  // Evaluations at the same time beyond one for each group; 0: the rules of a group in order.
  std::size_t concurrent_evaluations = 0;
};

struct ActiveAlertStatus {
  Labels labels;
  Labels annotations;
  AlertState state = AlertState::kInactive;
  Timestamp active_at{};
  Timestamp keep_firing_since = kZeroTime;
  double value = 0;
};

enum class RuleHealth : std::uint8_t { kUnknown, kGood, kBad };

struct RuleStatus {
  const RuleConfig* config = nullptr;  // lives as long as `keep`
  RuleHealth health = RuleHealth::kUnknown;
  std::string last_error;
  Timestamp last_evaluation = kZeroTime;
  double evaluation_seconds = 0;
  std::optional<AlertState> state;  // of an alerting rule that was evaluated
  std::vector<ActiveAlertStatus> alerts;
};

struct RuleGroupStatus {
  std::shared_ptr<const RuleGroupConfig> config;
  Timestamp last_evaluation = kZeroTime;
  double evaluation_seconds = 0;
  std::vector<RuleStatus> rules;
};

class RuleGroup;
class SharedWork;

// Runs every group at its interval, shifted by a hash of its key so that groups spread out. Groups
// run beside each other, the rules of one group in order. A tick that falls into a running
// evaluation is missed and counted. Threads: Load, Stop and Status from any; evaluations run where
// `submit` puts them.
class RuleSchedule {
 public:
  RuleSchedule(RuleDoors doors, RuleOptions options);
  ~RuleSchedule();

  // Replaces the groups. An unchanged group goes on untouched; rules of a changed one keep the
  // state of those they equal; series of what is gone end with a stale marker.
  void Load(std::vector<RuleGroupConfig> groups) EXCLUDES(mu_);
  // No further evaluation begins; waits for those that run. Series are left as they are, since a
  // restart goes on.
  void Stop() EXCLUDES(mu_);

  std::vector<RuleGroupStatus> Status() const EXCLUDES(mu_);

 private:
  struct Running;
  void Schedule(const std::shared_ptr<Running>& running, Timestamp tick) REQUIRES(mu_);
  void Tick(const std::shared_ptr<Running>& running, Timestamp tick);
  void Evaluate(const std::shared_ptr<Running>& running, Timestamp tick);

  const RuleDoors doors_;
  const RuleOptions options_;
  const std::unique_ptr<SharedWork> shared_work_;  // null: rules of a group go in order
  mutable Mutex mu_;
  std::condition_variable_any idle_;
  std::vector<std::shared_ptr<Running>> groups_ GUARDED_BY(mu_);
  std::vector<std::unique_ptr<Timer>> retirements_ GUARDED_BY(mu_);
  bool loaded_ GUARDED_BY(mu_) = false;  // once at least: what comes later did not run before
  bool stopped_ GUARDED_BY(mu_) = false;
  std::size_t evaluating_ GUARDED_BY(mu_) = 0;
};

// Groups that are evaluated only when told to, one after the other: for tests of rules. One thread.
class RuleBench {
 public:
  RuleBench(RuleDoors doors, RuleOptions options, std::vector<RuleGroupConfig> groups);
  ~RuleBench();

  void Evaluate(Timestamp at);
  std::vector<RuleGroupStatus> Status() const;

 private:
  const RuleDoors doors_;
  const RuleOptions options_;
  std::vector<std::unique_ptr<RuleGroup>> groups_;
};

// The first tick at or after `now` of a group: a multiple of its interval plus a hash of its key.
Timestamp FirstTick(const RuleGroupConfig& group, Timestamp now);

}  // namespace meerkat::alerting
