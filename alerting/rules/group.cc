#include "alerting/rules/group.h"

#include <algorithm>
#include <chrono>

#include "alerting/rules/order.h"
#include "alerting/template/escape.h"
#include "base/number.h"
#include "tsdb/refusal.h"

namespace meerkat::alerting {
namespace {

class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

const std::vector<double> kDurationBounds = {0.01, 0.1, 1, 10};

}  // namespace

bool RuleConfig::SameAs(const RuleConfig& other) const {
  return record == other.record && alert == other.alert && query == other.query &&
         hold == other.hold && keep_firing == other.keep_firing && labels == other.labels &&
         annotations == other.annotations;
}

bool RuleGroupConfig::SameAs(const RuleGroupConfig& other) const {
  return name == other.name && file == other.file && interval == other.interval &&
         query_offset == other.query_offset && limit == other.limit &&
         std::equal(rules.begin(), rules.end(), other.rules.begin(), other.rules.end(),
                    [](const RuleConfig& a, const RuleConfig& b) { return a.SameAs(b); });
}

RuleGroup::RuleGroup(RuleGroupConfig config, const RuleDoors& doors, const RuleOptions& options,
                     SharedWork* shared_work)
    : config_(std::make_shared<RuleGroupConfig>(std::move(config))),
      doors_(doors),
      options_(options),
      log_(doors.log.With("group", config_->name).With("file", config_->file)),
      metric_labels_({{"rule_group", config_->key()}}),
      shared_work_(shared_work),
      order_(shared_work == nullptr ? std::vector<std::vector<std::size_t>>()
                                    : EvaluationOrder(*config_)),
      source_(doors.storage.NewSource()) {
  MutexLock lock(mu_);
  for (const RuleConfig& rule : config_->rules) {
    Rule& made = rules_.emplace_back();
    made.config = &rule;
    if (!rule.alert.empty()) {
      made.alerting = std::make_unique<AlertingRule>(rule);
      made.alerting->set_restored();
    }
  }
  Registry& registry = doors_.registry;
  registry
      .gauge("prometheus_rule_group_interval_seconds", "The interval of a rule group.",
             metric_labels_)
      .Set(static_cast<double>(config_->interval.count()) / 1000);
  registry.gauge("prometheus_rule_group_rules", "The number of rules.", metric_labels_)
      .Set(static_cast<double>(config_->rules.size()));
  registry.counter("prometheus_rule_evaluations_total", "The total number of rule evaluations.",
                   metric_labels_);
  registry.counter("prometheus_rule_evaluation_failures_total",
                   "The total number of rule evaluation failures.", metric_labels_);
  registry.counter("prometheus_rule_group_iterations_total",
                   "The total number of scheduled rule group evaluations.", metric_labels_);
  registry.counter(
      "prometheus_rule_group_iterations_missed_total",
      "The total number of rule group evaluations missed due to slow rule group evaluation.",
      metric_labels_);
  MutexLock status_lock(status_mu_);
  status_.config = config_;
  for (const RuleConfig& rule : config_->rules) status_.rules.emplace_back().config = &rule;
}

RuleGroup::~RuleGroup() = default;

void RuleGroup::CountMissed(std::uint64_t ticks) {
  Registry& registry = doors_.registry;
  registry.counter("prometheus_rule_group_iterations_missed_total", "", metric_labels_)
      .Add(static_cast<double>(ticks));
  registry.counter("prometheus_rule_group_iterations_total", "", metric_labels_)
      .Add(static_cast<double>(ticks));
}

void RuleGroup::Evaluate(Timestamp at) {
  MutexLock lock(mu_);
  if (retired_) return;
  const Stopwatch watch;
  if (to_restore_ == 2) RestoreFiring(at);
  EvaluateRules(at);
  EndOrphans(at);
  if (to_restore_ > 0 && --to_restore_ == 0) {
    const Stopwatch restoring;
    RestorePending(at);
    doors_.registry
        .gauge("prometheus_rule_group_last_restore_duration_seconds",
               "The duration of the last alert rules alerts restoration using the "
               "`ALERTS_FOR_STATE` series.",
               metric_labels_)
        .Set(restoring.seconds());
  }

  const double seconds = watch.seconds();
  Registry& registry = doors_.registry;
  registry.counter("prometheus_rule_group_iterations_total", "", metric_labels_).Add();
  registry
      .gauge("prometheus_rule_group_last_duration_seconds",
             "The duration of the last rule group evaluation.", metric_labels_)
      .Set(seconds);
  registry
      .gauge("prometheus_rule_group_last_evaluation_timestamp_seconds",
             "The timestamp of the last rule group evaluation in seconds.", metric_labels_)
      .Set(static_cast<double>(ToMillis(at)) / 1000);
  registry
      .summary("prometheus_rule_group_duration_seconds", "The duration of rule group evaluations.")
      .Observe(seconds);
  registry
      .histogram("prometheus_rule_group_duration_histogram_seconds",
                 "The duration of rule group evaluations.", kDurationBounds)
      .Observe(seconds);
  std::size_t samples = 0;
  double rule_seconds = 0;
  for (const Rule& rule : rules_) {
    samples += rule.series.size();
    rule_seconds += rule.seconds;
  }
  registry
      .gauge("prometheus_rule_group_last_rule_duration_sum_seconds",
             "The sum of time in seconds it took to evaluate each rule in the group regardless of "
             "concurrency.",
             metric_labels_)
      .Set(rule_seconds);
  registry
      .gauge("prometheus_rule_group_last_evaluation_samples",
             "The number of samples returned during the last rule group evaluation.",
             metric_labels_)
      .Set(static_cast<double>(samples));
  PublishStatus(at, seconds);
}

void RuleGroup::EvaluateRules(Timestamp at) {
  if (shared_work_ == nullptr) {
    for (Rule& rule : rules_) EvaluateRule(rule, at);
    return;
  }
  for (const std::vector<std::size_t>& batch : order_) {
    const std::function<void(std::size_t)> work = [&](std::size_t i) NO_THREAD_SAFETY_ANALYSIS {
      EvaluateRule(rules_[batch[i]], at);
    };
    shared_work_->Run(batch.size(), work);
  }
}

void RuleGroup::EvaluateRule(Rule& rule, Timestamp at) {
  const Stopwatch watch;
  Registry& registry = doors_.registry;
  registry.counter("prometheus_rule_evaluations_total", "", metric_labels_).Add();
  std::map<std::uint64_t, ActiveAlert> before;
  if (rule.alerting) before = rule.alerting->active();

  const auto run = [&]() MEERKAT_THREAD(no_thread_safety_analysis) -> Result<> {
    auto result = doors_.query(*config_, *rule.config->expression, rule.config->query,
                               at - config_->query_offset);
    if (!result) return std::move(result).error();
    auto samples = Results(rule, *result, at);
    if (!samples) return std::move(samples).error();
    if (rule.alerting) {
      SaveFiring(rule, before);
      const std::string link = options_.external_url +
                               "/graph?g0.expr=" + templates::EscapeQuery(rule.config->query) +
                               "&g0.tab=1";
      auto due = rule.alerting->TakeDue(at, options_.resend_delay, config_->interval, link);
      if (!due.empty()) doors_.notify(std::move(due));
    }
    return Store(rule, *samples, at);
  };
  const Result<> done = run();
  rule.health = done ? RuleHealth::kGood : RuleHealth::kBad;
  rule.last_error = done ? "" : done.error().message();
  rule.last_evaluation = at;
  rule.seconds = watch.seconds();
  registry
      .summary("prometheus_rule_evaluation_duration_seconds", "The duration for a rule to execute.")
      .Observe(rule.seconds);
  registry
      .histogram("prometheus_rule_evaluation_duration_histogram_seconds",
                 "The duration for a rule to execute.", kDurationBounds)
      .Observe(rule.seconds);
  if (!done && done.error().code() != Code::kCanceled) {
    registry.counter("prometheus_rule_evaluation_failures_total", "", metric_labels_).Add();
    const std::string& name = rule.alerting ? rule.config->alert : rule.config->record;
    log_.Warn("Evaluating rule failed", {{"rule", name}, {"err", rule.last_error}});
  }
}

Result<promql::Vector> RuleGroup::Results(Rule& rule, const promql::Vector& result, Timestamp at) {
  if (rule.alerting) {
    auto evaluated =
        rule.alerting->Step(result, at, config_->query_offset, config_->limit, doors_.expand, log_);
    if (!evaluated) return std::move(evaluated).error();
    return std::move(evaluated->samples);
  }
  promql::Vector samples;
  std::unordered_map<Labels, bool> seen;
  for (const promql::VectorSample& sample : result) {
    LabelsBuilder labels(sample.labels);
    labels.Set(kMetricName, rule.config->record);
    for (const auto& [name, value] : rule.config->labels) labels.Set(name, value);
    promql::VectorSample& stored = samples.emplace_back(sample);
    stored.labels = labels.Build();
    stored.time = at - config_->query_offset;
    if (!seen.emplace(stored.labels, true).second) {
      return Error(Code::kExecution,
                   "vector contains metrics with the same labelset after applying rule labels");
    }
  }
  if (config_->limit > 0 && samples.size() > config_->limit) {
    return Error(Code::kExecution, "exceeded limit of " + std::to_string(config_->limit) +
                                       " with " + std::to_string(samples.size()) + " series");
  }
  return samples;
}

Result<> RuleGroup::Store(Rule& rule, const promql::Vector& samples, Timestamp at) {
  MutexLock store_lock(store_mu_);
  auto appender = doors_.storage.NewAppender(source_.get());
  const Timestamp stored_at = at - config_->query_offset;
  std::unordered_map<Labels, tsdb::SeriesRef> written;
  tsdb::Refusal worst = tsdb::Refusal::kNone;
  std::size_t refused = 0;
  const auto append = [&](const Labels& labels, tsdb::SeriesRef hint, const auto& value) {
    tsdb::SeriesRef ref = hint != tsdb::SeriesRef::kNone ? hint : appender->Resolve(labels);
    if (ref == tsdb::SeriesRef::kNone) return std::pair(ref, tsdb::Refusal::kSeriesLimit);
    tsdb::Refusal refusal = appender->Append(ref, stored_at, value);
    if (refusal == tsdb::Refusal::kUnknownSeries) {  // forgotten meanwhile
      ref = appender->Resolve(labels);
      refusal = appender->Append(ref, stored_at, value);
    }
    return std::pair(ref, refusal);
  };
  for (const promql::VectorSample& sample : samples) {
    const auto known = rule.series.find(sample.labels);
    const tsdb::SeriesRef hint =
        known == rule.series.end() ? tsdb::SeriesRef::kNone : known->second;
    const auto [ref, refusal] = sample.histogram ? append(sample.labels, hint, sample.histogram)
                                                 : append(sample.labels, hint, sample.value);
    if (refusal == tsdb::Refusal::kNone) {
      written.emplace(sample.labels, ref);
    } else {
      worst = refusal;
      ++refused;
    }
  }
  for (const auto& [labels, ref] : rule.series) {
    // A series that was refused a moment ago is refused its end as well; both were told in the log.
    if (!written.contains(labels)) append(labels, ref, StaleNan());
  }
  if (auto committed = appender->Commit(); !committed)
    return std::move(committed).error().Within("storing the results");
  rule.series = std::move(written);
  if (refused > 0) {
    log_.Warn("Error on ingesting results from rule evaluation",
              {{"num_dropped", std::to_string(refused)}, {"err", std::string(TextOf(worst))}});
    return Error(Code::kExecution, std::string(TextOf(worst)));
  }
  return {};
}

void RuleGroup::EndOrphans(Timestamp at) {
  if (orphans_.empty()) return;
  auto appender = doors_.storage.NewAppender(source_.get());
  for (const Labels& labels : orphans_) {
    // A new rule may write the very series again: that one lives on.
    const bool alive = std::any_of(rules_.begin(), rules_.end(),
                                   [&](const Rule& rule) { return rule.series.contains(labels); });
    if (alive) continue;
    const tsdb::SeriesRef ref = appender->Resolve(labels);
    if (ref != tsdb::SeriesRef::kNone)
      appender->Append(ref, at - config_->query_offset, StaleNan());
  }
  if (auto committed = appender->Commit(); !committed) {
    log_.Warn("Stopping rule group series failed", {{"err", committed.error().message()}});
    return;
  }
  orphans_.clear();
}

void RuleGroup::EndSeries(Timestamp at) {
  MutexLock lock(mu_);
  for (Rule& rule : rules_) {
    for (const auto& [labels, ref] : rule.series) orphans_.push_back(labels);
    rule.series.clear();
  }
  EndOrphans(at);
}

void RuleGroup::TakeStateFrom(RuleGroup& old) {
  // Always new before old; nobody takes two groups' locks in the other order.
  MutexLock lock(mu_);
  MutexLock old_lock(old.mu_);
  to_restore_ = old.to_restore_;
  std::vector<bool> taken(old.rules_.size(), false);
  for (Rule& rule : rules_) {
    for (std::size_t i = 0; i < old.rules_.size(); ++i) {
      Rule& from = old.rules_[i];
      const bool same = !taken[i] && from.config->record == rule.config->record &&
                        from.config->alert == rule.config->alert &&
                        from.config->labels == rule.config->labels;
      if (!same) continue;
      taken[i] = true;
      rule.series = std::move(from.series);
      rule.health = from.health;
      rule.last_error = from.last_error;
      rule.last_evaluation = from.last_evaluation;
      rule.seconds = from.seconds;
      if (rule.alerting && from.alerting) rule.alerting->TakeStateFrom(*from.alerting);
      break;
    }
  }
  orphans_ = std::move(old.orphans_);
  for (std::size_t i = 0; i < old.rules_.size(); ++i) {
    if (taken[i]) continue;
    for (const auto& [labels, ref] : old.rules_[i].series) orphans_.push_back(labels);
  }
  old.retired_ = true;
  const RuleGroupStatus before = old.Status();
  PublishStatus(before.last_evaluation, before.evaluation_seconds);
}

void RuleGroup::PublishStatus(Timestamp at, double seconds) {
  RuleGroupStatus status;
  status.config = config_;
  status.last_evaluation = at;
  status.evaluation_seconds = seconds;
  for (const Rule& rule : rules_) {
    RuleStatus& shown = status.rules.emplace_back();
    shown.config = rule.config;
    shown.health = rule.health;
    shown.last_error = rule.last_error;
    shown.last_evaluation = rule.last_evaluation;
    shown.evaluation_seconds = rule.seconds;
    if (!rule.alerting) continue;
    if (rule.last_evaluation != kZeroTime) shown.state = rule.alerting->state();
    for (const auto& [hash, alert] : rule.alerting->active()) {
      if (alert.state == AlertState::kInactive) continue;
      shown.alerts.push_back({alert.labels, alert.annotations, alert.state, alert.active_at,
                              alert.keep_firing_since, alert.value});
    }
  }
  MutexLock lock(status_mu_);
  status_ = std::move(status);
}

RuleGroupStatus RuleGroup::Status() const {
  MutexLock lock(status_mu_);
  return status_;
}

}  // namespace meerkat::alerting
