#pragma once

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "alerting/rules.h"
#include "alerting/rules/alerting_rule.h"

namespace meerkat::alerting {

// The rules of one group and what they remember. Evaluations come one at a time; Status from any
// thread.
class RuleGroup {
 public:
  // With `shared_work` independent rules are evaluated at the same time.
  RuleGroup(RuleGroupConfig config, const RuleDoors& doors, const RuleOptions& options,
            SharedWork* shared_work = nullptr);
  ~RuleGroup();  // its metrics go with it

  const RuleGroupConfig& config() const { return *config_; }

  // All rules in order at `at`: query, store, tell. `restore`: the process has just started, so
  // that the state of before is looked for in what is stored.
  void Evaluate(Timestamp at) EXCLUDES(mu_);
  void CountMissed(std::uint64_t ticks);

  // What rules of `old` with the same name and labels remember becomes theirs here; series of its
  // other rules end at the next evaluation. `old` is spent.
  void TakeStateFrom(RuleGroup& old) EXCLUDES(mu_);
  // The process has just started: restore before and after the first evaluations.
  void RestoreOnStart() EXCLUDES(mu_) {
    MutexLock lock(mu_);
    to_restore_ = 2;
  }
  // Ends every series the group has written, as of `at`.
  void EndSeries(Timestamp at) EXCLUDES(mu_);

  RuleGroupStatus Status() const EXCLUDES(status_mu_);

 private:
  struct Rule {
    const RuleConfig* config;
    std::unique_ptr<AlertingRule> alerting;              // null: a recording rule
    std::unordered_map<Labels, tsdb::SeriesRef> series;  // written by the last evaluation
    RuleHealth health = RuleHealth::kUnknown;
    std::string last_error;
    Timestamp last_evaluation = kZeroTime;
    double seconds = 0;
  };

  void EvaluateRules(Timestamp at) REQUIRES(mu_);
  // On several threads at once, each with a rule of its own, while mu_ is held for all of them.
  void EvaluateRule(Rule& rule, Timestamp at) REQUIRES(mu_) EXCLUDES(store_mu_);
  Result<promql::Vector> Results(Rule& rule, const promql::Vector& result, Timestamp at)
      REQUIRES(mu_);
  Result<> Store(Rule& rule, const promql::Vector& samples, Timestamp at) REQUIRES(mu_)
      EXCLUDES(store_mu_);
  void EndOrphans(Timestamp at) REQUIRES(mu_);

  // restore.cc
  void RestoreFiring(Timestamp at) REQUIRES(mu_);
  void RestorePending(Timestamp at) REQUIRES(mu_);
  void SaveFiring(const Rule& rule, const std::map<std::uint64_t, ActiveAlert>& before)
      REQUIRES(mu_);
  // Newest sample of ALERTS_FOR_STATE within the outage tolerance, by labels; stale ones are left
  // out.
  std::map<Labels, promql::FloatPoint> StoredStates(const AlertingRule& rule, Timestamp at) const
      REQUIRES(mu_);
  std::string StateKey(const RuleConfig& rule) const;

  const std::shared_ptr<const RuleGroupConfig> config_;
  const RuleDoors& doors_;
  const RuleOptions& options_;
  const Logger log_;
  const Labels metric_labels_;
  SharedWork* const shared_work_;
  const std::vector<std::vector<std::size_t>> order_;  // of the rules; empty without shared work

  // Held while rules are evaluated, too: Status of a slow group waits, other groups do not.
  mutable Mutex mu_;
  std::unique_ptr<tsdb::Source> source_ GUARDED_BY(mu_);
  Mutex store_mu_;  // a source has one appender at a time
  std::vector<Rule> rules_ GUARDED_BY(mu_);
  std::vector<Labels> orphans_ GUARDED_BY(mu_);  // series whose rule is gone
  int to_restore_ GUARDED_BY(mu_) = 0;           // evaluations until the state of before is settled
  bool retired_ GUARDED_BY(mu_) = false;         // another group has its state now

  mutable Mutex status_mu_;
  RuleGroupStatus status_ GUARDED_BY(status_mu_);
  void PublishStatus(Timestamp at, double seconds) REQUIRES(mu_) EXCLUDES(status_mu_);
};

}  // namespace meerkat::alerting
