#include "server/commands/rule_test_run.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <limits>
#include <memory>
#include <optional>
#include <utility>

#include "alerting/template.h"
#include "base/duration.h"
#include "base/manual_clock.h"
#include "base/number.h"
#include "base/quote.h"
#include "promql/histogram_buckets.h"
#include "promql/notation.h"
#include "server/commands/rule_test_report.h"
#include "server/commands/scratch_storage.h"

namespace meerkat::commands {
namespace {

using alerting::AlertState;

// One instant result; a scalar is a sample without labels.
Result<promql::Vector> ToVector(Result<promql::QueryResult> result) {
  if (!result) return std::move(result).error();
  if (auto* vector = std::get_if<promql::Vector>(&result->value)) return std::move(*vector);
  if (const auto* scalar = std::get_if<promql::Scalar>(&result->value)) {
    return promql::Vector{{Labels(), scalar->time, scalar->value, nullptr}};
  }
  return Error(Code::kExecution, "rule result is not a vector or scalar");
}

promql::QueryOptions InstantAt(Timestamp at) {
  promql::QueryOptions options;
  options.start = options.end = at;
  return options;
}

class RuleTestRun {
 public:
  RuleTestRun(const config::RuleTestGroup& test, Millis evaluation_interval,
              std::vector<alerting::RuleGroupConfig> groups, const RuleTestOptions& options)
      : test_(test),
        interval_(evaluation_interval),
        options_(options),
        engine_(WithStep(options.engine, evaluation_interval), storage_),
        clock_(test.start),
        bench_(Doors(), RuleOptions(test), std::move(groups)) {
    LabelsBuilder external;
    for (const auto& [name, value] : test.external_labels) external.Set(name, value);
    external_labels_ = external.Build();
  }

  std::vector<std::string> Run() {
    if (!ReadInput() || !CheckAlertNames()) return std::move(errors_);
    const Timestamp end = test_.start + LastEvalTime();
    for (Timestamp at = test_.start; at <= end; at += interval_) {
      Load(at);
      clock_.AdvanceTo(at);
      bench_.Evaluate(at);
      if (!CheckEvaluation(at)) return std::move(errors_);
      CheckAlerts(at);
    }
    for (const config::QueryTestCase& test : test_.queries) CheckQuery(test);
    complete_ = true;
    return std::move(errors_);
  }
  bool complete() const { return complete_; }

  void Dump(std::ostream& out) const {
    const Millis shown = LastEvalTime() + std::chrono::seconds(1);
    out << "DEBUG: Dump of all data (input_series and rules) at " << FormatDuration(shown) << ":\n";
    for (const auto& [labels, series] : storage_.series()) {
      std::string lines;
      for (const ScratchStorage::Sample& sample : series.samples) {
        if (sample.time <= test_.start) continue;
        if (sample.histogram == nullptr && IsStaleNan(sample.value)) continue;
        lines += sample.histogram == nullptr ? FormatFloat(sample.value, 'g')
                                             : promql::FormatHistogram(*sample.histogram);
        lines += " @[" + std::to_string(ToMillis(sample.time)) + "]\n";
      }
      if (!lines.empty()) out << ShowLabels(labels) << " =>\n" << lines;
    }
  }

 private:
  struct Input {
    Labels labels;
    std::vector<promql::NotatedValue> values;
    std::size_t next = 0;
  };

  static promql::EngineOptions WithStep(promql::EngineOptions engine, Millis step) {
    engine.default_subquery_step = step;
    return engine;
  }

  static alerting::RuleOptions RuleOptions(const config::RuleTestGroup& test) {
    alerting::RuleOptions options;
    options.external_url = test.external_url;
    return options;
  }

  alerting::RuleDoors Doors() {
    alerting::RuleDoors doors{.query = {},
                              .expand = {},
                              .notify = [](std::vector<alerting::Alert>) {},
                              .submit = [](std::function<void()> work) { work(); },
                              .storage = storage_,
                              .state = state_,
                              .clock = clock_,
                              .registry = registry_,
                              .log = Logger::Silent()};
    doors.query = [this](const alerting::RuleGroupConfig&, const promql::Expr& expression,
                         std::string_view text, Timestamp at) {
      return ToVector(engine_.Run(expression, text, InstantAt(at)));
    };
    doors.expand = [this](std::string_view alert, std::string_view text,
                          const promql::VectorSample& sample, Timestamp at) {
      alerting::templates::RuleData data;
      data.labels = sample.labels;
      data.external_labels = external_labels_;
      data.value =
          sample.histogram == nullptr
              ? alerting::templates::Value::Float(sample.value)
              : alerting::templates::Value::String(promql::FormatHistogram(*sample.histogram));
      return alerting::templates::ExpandRuleTemplate(alert, text, data, World(at));
    };
    return doors;
  }

  alerting::templates::RuleWorld World(Timestamp at) {
    alerting::templates::RuleWorld world;
    world.query = [this](std::string_view query, Timestamp when) {
      return ToVector(engine_.Run(query, InstantAt(when)));
    };
    world.now = at;
    world.external_url = test_.external_url;
    return world;
  }

  bool ReadInput() {
    for (const config::RuleTestSeries& series : test_.input) {
      auto parsed = promql::ParseNotatedSeries(series.series + " " + series.values);
      if (!parsed) {
        errors_.push_back(parsed.error().message());
        return false;
      }
      // Of a series that is given twice upstream keeps what was given last.
      const auto known = std::ranges::find(inputs_, parsed->labels, &Input::labels);
      if (known == inputs_.end()) {
        inputs_.push_back({std::move(parsed->labels), std::move(parsed->values), 0});
      } else {
        known->values = std::move(parsed->values);
      }
    }
    return true;
  }

  bool CheckAlertNames() {
    for (const config::AlertTestCase& test : test_.alerts) {
      if (!test.alertname.empty()) continue;
      const std::string group = test_.name.empty() ? "" : " (in TestGroup " + test_.name + ")";
      errors_.push_back(
          "an item under alert_rule_test misses required attribute alertname at eval_time " +
          FormatDuration(test.eval_time) + group);
      return false;
    }
    return true;
  }

  Millis LastEvalTime() const {
    Millis last{0};
    for (const auto& test : test_.alerts) last = std::max(last, test.eval_time);
    for (const auto& test : test_.queries) last = std::max(last, test.eval_time);
    return last;
  }

  // Samples up to `until` become visible.
  void Load(Timestamp until) {
    const Millis step = test_.interval.value_or(interval_);
    const auto appender = storage_.NewAppender(nullptr);
    for (Input& input : inputs_) {
      for (; input.next < input.values.size(); ++input.next) {
        const Timestamp time = test_.start + step * static_cast<std::int64_t>(input.next);
        if (time > until) break;
        const promql::NotatedValue& value = input.values[input.next];
        if (!value.present) continue;
        const tsdb::SeriesRef ref = appender->Resolve(input.labels);
        const tsdb::Refusal refusal = value.histogram != nullptr
                                          ? appender->Append(ref, time, value.histogram)
                                          : appender->Append(ref, time, value.value);
        if (refusal != tsdb::Refusal::kNone) {
          errors_.push_back("    series " + ShowLabels(input.labels) + " is given twice");
          input.next = input.values.size();
          break;
        }
      }
    }
    if (const Result<> done = appender->Commit(); !done) {
      errors_.push_back(done.error().message());
    }
  }

  bool CheckEvaluation(Timestamp at) {
    bool good = true;
    for (const alerting::RuleGroupStatus& group : bench_.Status()) {
      for (const alerting::RuleStatus& rule : group.rules) {
        if (rule.last_error.empty()) continue;
        const std::string& name =
            rule.config->alert.empty() ? rule.config->record : rule.config->alert;
        errors_.push_back("    rule: " + name + ", time: " + GoDuration(at - test_.start) +
                          ", err: " + rule.last_error);
        good = false;
      }
    }
    return good;
  }

  static std::string GoDuration(Millis duration) {
    return alerting::templates::Value::Duration(
               std::chrono::duration_cast<alerting::templates::Nanos>(duration))
        .ToText();
  }

  // Alerts of the tests whose time lies in [at, at + interval).
  void CheckAlerts(Timestamp at) {
    std::vector<const config::AlertTestCase*> due;
    for (const config::AlertTestCase& test : test_.alerts) {
      const Timestamp when = test_.start + test.eval_time;
      if (at <= when && when < at + interval_) due.push_back(&test);
    }
    std::ranges::stable_sort(due, {}, [](const auto* test) { return test->eval_time; });
    for (const config::AlertTestCase* test : due) CheckAlert(*test);
  }

  void CheckAlert(const config::AlertTestCase& test) {
    std::vector<ShownAlert> got;
    for (const alerting::RuleGroupStatus& group : bench_.Status()) {
      for (const alerting::RuleStatus& rule : group.rules) {
        if (rule.config->alert != test.alertname) continue;
        for (const alerting::ActiveAlertStatus& alert : rule.alerts) {
          if (alert.state == AlertState::kFiring) got.push_back({alert.labels, alert.annotations});
        }
      }
    }
    std::vector<ShownAlert> expected;
    for (const config::AlertTestCase::Expected& alert : test.alerts) {
      LabelsBuilder labels;
      for (const auto& [name, value] : alert.labels) labels.Set(name, value);
      labels.Set("alertname", test.alertname);
      LabelsBuilder annotations;
      for (const auto& [name, value] : alert.annotations) annotations.Set(name, value);
      expected.push_back({labels.Build(), annotations.Build()});
    }
    std::ranges::sort(got);
    std::ranges::sort(expected);
    if (got == expected) return;
    constexpr std::string_view kIndent = "            ";
    std::string error = test_.name.empty() ? "" : "    name: " + test_.name + ",\n";
    error += "    alertname: " + test.alertname + ", time: " + FormatDuration(test.eval_time) +
             ", \n        ";
    if (options_.diff) {
      error += "diff: " + DiffAlerts(std::move(expected), std::move(got), kIndent);
    } else {
      error +=
          "exp:" + ShowAlerts(expected, kIndent) + ", \n        got:" + ShowAlerts(got, kIndent);
    }
    errors_.push_back(std::move(error));
  }

  bool SameValue(double a, double b) const {
    if (a == b || (std::isnan(a) && std::isnan(b))) return true;
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    return options_.fuzzy_compare &&
           (std::nextafter(a, -kInfinity) == b || std::nextafter(a, kInfinity) == b);
  }

  Result<std::vector<ShownSample>> ExpectedSamples(const config::QueryTestCase& test) const {
    std::vector<ShownSample> samples;
    for (const config::QueryTestCase::Expected& sample : test.samples) {
      const auto fail = [&](const Error& why) {
        return Error(Code::kInvalid, "labels " + Quote(sample.labels) + ": " + why.message());
      };
      const auto labels = promql::ParseSeriesLabels(sample.labels);
      if (!labels) return fail(labels.error());
      ShownSample& shown = samples.emplace_back();
      shown.labels = *labels;
      shown.value = sample.value;
      if (sample.histogram.empty()) continue;
      const auto histogram = promql::ParseNotatedHistogram(sample.histogram);
      if (!histogram) return fail(histogram.error());
      shown.histogram = HistogramNotation(**histogram);
    }
    return samples;
  }

  void CheckQuery(const config::QueryTestCase& test) {
    const std::string where =
        "    expr: " + Quote(test.expr) + ", time: " + FormatDuration(test.eval_time) + ",";
    const Timestamp at = test_.start + test.eval_time;
    const auto result = ToVector(engine_.Run(test.expr, InstantAt(at)));
    if (!result) {
      errors_.push_back(where + " err: " + result.error().message());
      return;
    }
    std::vector<ShownSample> got;
    for (const promql::VectorSample& sample : *result) {
      got.push_back({sample.labels, sample.value,
                     sample.histogram == nullptr ? "" : HistogramNotation(*sample.histogram)});
    }
    auto expected = ExpectedSamples(test);
    if (!expected) {
      errors_.push_back(where + " err: " + expected.error().message());
      return;
    }
    std::ranges::stable_sort(got, {}, &ShownSample::labels);
    std::ranges::stable_sort(*expected, {}, &ShownSample::labels);
    const bool same =
        std::ranges::equal(got, *expected, [this](const ShownSample& a, const ShownSample& b) {
          return a.labels == b.labels && a.histogram == b.histogram && SameValue(a.value, b.value);
        });
    if (same) return;
    errors_.push_back(where + "\n        exp: " + ShowSamples(*expected) +
                      "\n        got: " + ShowSamples(got));
  }

  const config::RuleTestGroup& test_;
  const Millis interval_;
  const RuleTestOptions& options_;
  ScratchStorage storage_;
  ScratchStateStore state_;
  Registry registry_;
  promql::Engine engine_;
  ManualClock clock_;
  Labels external_labels_;
  alerting::RuleBench bench_;
  std::vector<Input> inputs_;
  std::vector<std::string> errors_;
  bool complete_ = false;  // nothing ended it early
};

}  // namespace

std::vector<std::string> RunRuleTest(const config::RuleTestGroup& test, const std::string& name,
                                     Millis evaluation_interval,
                                     std::vector<alerting::RuleGroupConfig> groups,
                                     const RuleTestOptions& options) {
  const auto begin = std::chrono::steady_clock::now();
  if (options.debug != nullptr) *options.debug << "DEBUG: Starting test " << name << "\n";
  RuleTestRun run(test, evaluation_interval, std::move(groups), options);
  std::vector<std::string> errors = run.Run();
  if (options.debug != nullptr) {
    if (run.complete()) run.Dump(*options.debug);
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    *options.debug << "DEBUG: Test " << name << " finished, took " << took.count() << "ms\n";
  }
  return errors;
}

}  // namespace meerkat::commands
