#include "alerting/backtest.h"

#include <algorithm>
#include <unordered_map>

#include "alerting/notify/rehearsal.h"
#include "alerting/rules/alerting_rule.h"
#include "base/quote.h"
#include "promql/parser.h"

namespace meerkat::alerting {
namespace {

// Range queries of this many steps: large enough that their fixed cost does not show, small enough
// that a request is dropped soon and holds little memory.
constexpr std::int64_t kStepsPerQuery = 500;
constexpr std::size_t kShownFailures = 20;

// Words whose meaning depends on the range of the query: such expressions are asked instant by
// instant, as a rule would ask them.
bool DependsOnRange(std::string_view query) {
  constexpr std::string_view kWords[] = {"start()", "end()", "step()", "range()"};
  return std::any_of(std::begin(kWords), std::end(kWords), [query](std::string_view word) {
    return query.find(word) != std::string_view::npos;
  });
}

// Hands out a matrix step by step.
class Steps {
 public:
  explicit Steps(promql::Matrix matrix) : matrix_(std::move(matrix)), next_(matrix_.size()) {}

  promql::Vector At(Timestamp t) {
    promql::Vector vector;
    for (std::size_t i = 0; i < matrix_.size(); ++i) {
      const promql::MatrixSeries& series = matrix_[i];
      auto& [floats, histograms] = next_[i];
      while (floats < series.floats.size() && series.floats[floats].time < t) ++floats;
      while (histograms < series.histograms.size() && series.histograms[histograms].time < t)
        ++histograms;
      if (floats < series.floats.size() && series.floats[floats].time == t) {
        vector.push_back({series.labels, t, series.floats[floats].value, nullptr});
      } else if (histograms < series.histograms.size() && series.histograms[histograms].time == t) {
        vector.push_back({series.labels, t, 0, series.histograms[histograms].histogram});
      }
    }
    return vector;
  }

 private:
  promql::Matrix matrix_;
  std::vector<std::pair<std::size_t, std::size_t>> next_;
};

class Run {
 public:
  Run(const BacktestRequest& request, const BacktestWorld& world, const BacktestLimits& limits)
      : group_(request.group),
        rule_(group_.rules.front()),
        range_(request.range),
        world_(world),
        limits_(limits),
        alerting_(rule_) {}

  Result<Backtest> Go() {
    const Millis interval = group_.interval;
    const Timestamp start = FirstTick(group_, range_.min - rule_.hold - rule_.keep_firing);
    if (auto counted = CountEvaluations(start); !counted) return std::move(counted).error();
    result_.first_evaluation = start;
    if (world_.config != nullptr) {
      auto rehearsal = Rehearsal::Make(*world_.config, world_.zone, start);
      if (!rehearsal) return std::move(rehearsal).error();
      rehearsal_ = std::move(*rehearsal);
    }
    const std::int64_t steps = DependsOnRange(rule_.query) ? 1 : kStepsPerQuery;
    for (Timestamp from = start; from <= range_.max; from += steps * interval) {
      const Timestamp last = from + (range_.max - from) / interval * interval;
      const Timestamp to = std::min(from + (steps - 1) * interval, last);
      const Millis offset = group_.query_offset;
      auto matrix = world_.query(*rule_.expression, rule_.query, from - offset, to - offset,
                                 steps == 1 ? Millis(0) : interval);
      if (!matrix) return std::move(matrix).error();
      auto others = SourceMatrix(from, to, steps == 1 ? Millis(0) : interval);
      if (!others) return std::move(others).error();
      Steps values(std::move(*matrix));
      Steps sources(std::move(*others));
      for (Timestamp at = from; at <= to; at += interval) {
        if (auto done = Evaluate(at, values.At(at - offset), sources.At(at)); !done) {
          return std::move(done).error();
        }
      }
    }
    if (rehearsal_ != nullptr) {
      rehearsal_->AdvanceTo(range_.max);
      TakeTold();
    }
    Finish();
    return std::move(result_);
  }

 private:
  struct Open {
    std::size_t instance;
    AlertState state;
  };

  // The alerts of other rules that fired then, when any could inhibit this one.
  Result<promql::Matrix> SourceMatrix(Timestamp start, Timestamp end, Millis step) {
    if (rehearsal_ == nullptr || world_.config->inhibit_rules.empty()) return promql::Matrix();
    const std::string text = R"(ALERTS{alertstate="firing",alertname!=)" + Quote(rule_.alert) + "}";
    const auto expression = promql::Parse(text);
    if (!expression) return expression.error();
    return world_.query(**expression, text, start, end, step);
  }

  void PostSources(const promql::Vector& samples, Timestamp at) {
    std::vector<Alert> sources;
    for (const promql::VectorSample& sample : samples) {
      LabelsBuilder labels(sample.labels);
      labels.Delete(kMetricName).Delete("alertstate");
      Alert source;
      source.labels = labels.Build();
      source.starts_at = at;
      // A flush at the very time of the next evaluation comes before it.
      source.ends_at = at + group_.interval + group_.interval / 2;
      sources.push_back(std::move(source));
    }
    if (world_.relabel) sources = world_.relabel(std::move(sources));
    std::erase_if(sources, [this](const Alert& source) {
      const auto& rules = world_.config->inhibit_rules;
      return std::none_of(rules.begin(), rules.end(), [&source](const InhibitRuleConfig& rule) {
        return AllMatch(rule.source, source.labels);
      });
    });
    if (!sources.empty()) rehearsal_->PostSources(sources);
  }

  Result<> CountEvaluations(Timestamp start) {
    const auto span = (range_.max - start) / group_.interval;
    result_.evaluations = span < 0 ? 0 : static_cast<std::uint64_t>(span) + 1;
    if (result_.evaluations <= limits_.evaluations) return {};
    return Error(Code::kInvalid, "the range has " + std::to_string(result_.evaluations) +
                                     " evaluations of the rule, at most " +
                                     std::to_string(limits_.evaluations) +
                                     " are made: ask for a shorter range or a longer interval");
  }

  Result<> Evaluate(Timestamp at, const promql::Vector& values, const promql::Vector& sources) {
    if (auto go_on = world_.go_on(); !go_on) return go_on;
    result_.samples += values.size();
    if (result_.samples > limits_.samples) {
      return Error(Code::kInvalid, "the rule gave more than " + std::to_string(limits_.samples) +
                                       " samples: ask for a shorter range");
    }
    const auto stepped = alerting_.Step(values, at, group_.query_offset, group_.limit,
                                        world_.expand, Logger::Silent());
    if (!stepped) {
      ++result_.failures;
      if (result_.failed.size() < kShownFailures)
        result_.failed.emplace_back(at, stepped.error().message());
    }
    NotePhases(at);
    // A rule whose evaluation failed tells nobody, as the real one.
    auto due = stepped ? alerting_.TakeDue(at, world_.resend_delay, group_.interval, "")
                       : std::vector<Alert>();
    if (rehearsal_ == nullptr) return {};
    rehearsal_->AdvanceTo(at);
    TakeTold();
    PostSources(sources, at);
    if (due.empty()) return {};
    if (!world_.relabel) {
      rehearsal_->Post(due);
      return {};
    }
    // What the receiver sees has other labels; its instance is found by them.
    const auto relabeled = world_.relabel(due);
    if (relabeled.size() == due.size()) {
      for (std::size_t i = 0; i < due.size(); ++i) {
        if (const auto known = by_labels_.find(due[i].labels); known != by_labels_.end())
          by_labels_.emplace(relabeled[i].labels, known->second);
      }
    }
    rehearsal_->Post(relabeled);
    return {};
  }

  // The instance with these labels; none when there are too many.
  std::optional<std::size_t> InstanceOf(const Labels& labels) {
    if (const auto known = by_labels_.find(labels); known != by_labels_.end()) return known->second;
    if (result_.instances.size() >= limits_.instances) {
      result_.instances_cut = true;
      return std::nullopt;
    }
    by_labels_.emplace(labels, result_.instances.size());
    result_.instances.push_back({labels, {}, {}});
    return result_.instances.size() - 1;
  }

  void NotePhases(Timestamp at) {
    const auto& active = alerting_.active();
    for (auto open = open_.begin(); open != open_.end();) {
      const auto alert = active.find(open->first);
      const bool same = alert != active.end() && alert->second.state == open->second.state;
      if (!same) result_.instances[open->second.instance].phases.back().to = at;
      open = same ? std::next(open) : open_.erase(open);
    }
    for (const auto& [hash, alert] : active) {
      if (alert.state == AlertState::kInactive) continue;
      if (const auto open = open_.find(hash); open != open_.end()) {
        result_.instances[open->second.instance].annotations = alert.annotations;
        continue;
      }
      const auto instance = InstanceOf(alert.labels);
      if (!instance) continue;
      BacktestInstance& shown = result_.instances[*instance];
      shown.annotations = alert.annotations;
      shown.phases.push_back({alert.state, at, std::nullopt, alert.value});
      open_.emplace(hash, Open{*instance, alert.state});
    }
  }

  void TakeTold() {
    for (Rehearsal::Told& told : rehearsal_->told) {
      if (told.at < range_.min) continue;
      if (result_.notifications.size() >= limits_.notifications) {
        result_.notifications_cut = true;
        break;
      }
      const auto places = [this](const std::vector<Labels>& alerts) {
        std::vector<std::size_t> out;
        for (const Labels& labels : alerts) {
          if (const auto known = by_labels_.find(labels); known != by_labels_.end())
            out.push_back(known->second);
        }
        std::sort(out.begin(), out.end());
        return out;
      };
      result_.notifications.push_back(
          {told.at, std::move(told.receiver), std::move(told.integration), std::move(told.reason),
           std::move(told.group_labels), places(told.firing), places(told.resolved)});
    }
    rehearsal_->told.clear();
  }

  // Takes out what was over before the range began, and what points there.
  void Finish() {
    std::vector<std::optional<std::size_t>> place(result_.instances.size());
    std::vector<BacktestInstance> kept;
    for (std::size_t i = 0; i < result_.instances.size(); ++i) {
      BacktestInstance& instance = result_.instances[i];
      std::erase_if(instance.phases, [this](const BacktestInstance::Phase& phase) {
        return phase.to && *phase.to < range_.min;
      });
      if (instance.phases.empty()) continue;
      place[i] = kept.size();
      kept.push_back(std::move(instance));
    }
    for (BacktestNotification& told : result_.notifications) {
      for (auto* list : {&told.firing, &told.resolved}) {
        std::vector<std::size_t> moved;
        for (const std::size_t i : *list) {
          if (place[i]) moved.push_back(*place[i]);
        }
        *list = std::move(moved);
      }
    }
    result_.instances = std::move(kept);
  }

  const RuleGroupConfig& group_;
  const RuleConfig& rule_;
  const TimeRange range_;
  const BacktestWorld& world_;
  const BacktestLimits& limits_;
  AlertingRule alerting_;
  std::unique_ptr<Rehearsal> rehearsal_;
  std::unordered_map<std::uint64_t, Open> open_;  // by hash of the alert's labels
  std::unordered_map<Labels, std::size_t> by_labels_;
  Backtest result_;
};

}  // namespace

Result<Backtest> RunBacktest(const BacktestRequest& request, const BacktestWorld& world,
                             const BacktestLimits& limits) {
  if (request.group.rules.size() != 1 || request.group.rules.front().alert.empty())
    return Error(Code::kInvalid, "a backtest takes one alerting rule");
  if (request.group.interval <= Millis(0))
    return Error(Code::kInvalid, "the interval must be greater than 0");
  if (request.range.max < request.range.min)
    return Error(Code::kInvalid, "end timestamp must not be before start time");
  return Run(request, world, limits).Go();
}

}  // namespace meerkat::alerting
