// What alerts remember over a restart. Firing ones are in the StateStore, written when they change,
// and go on firing. Pending ones are taken from the series ALERTS_FOR_STATE, by the rules of
// upstream: the outage does not count as waiting, and at least the grace period is waited before
// they fire.
#include <algorithm>
#include <array>
#include <bit>

#include "alerting/notify/codec.h"
#include "alerting/rules/group.h"
#include "base/number.h"

namespace meerkat::alerting {
namespace {

constexpr std::int64_t kVersion = 1;

std::string Hex(std::uint64_t value) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out;
  for (int shift = 60; shift >= 0; shift -= 4) out += kHex[value >> shift & 15];
  return out;
}

std::string Encode(const ActiveAlert& alert) {
  Encoder encoder;
  encoder.Int(kVersion).Pairs(alert.labels).Pairs(alert.annotations);
  encoder.Time(alert.active_at).Time(alert.fired_at).Time(alert.keep_firing_since);
  encoder.Int(std::bit_cast<std::int64_t>(alert.value));
  return encoder.Take();
}

std::optional<ActiveAlert> Decode(std::string_view bytes) {
  Decoder decoder(bytes);
  if (decoder.Int() != kVersion) return std::nullopt;
  ActiveAlert alert;
  alert.state = AlertState::kFiring;
  alert.labels = decoder.LabelSet();
  alert.annotations = decoder.LabelSet();
  alert.active_at = decoder.Time();
  alert.fired_at = decoder.Time();
  alert.keep_firing_since = decoder.Time();
  alert.value = std::bit_cast<double>(decoder.Int());
  if (!decoder.ok()) return std::nullopt;
  return alert;
}

}  // namespace

std::string RuleGroup::StateKey(const RuleConfig& rule) const {
  // By names and labels, not by file: a rule file may move.
  LabelsBuilder identity;
  for (const auto& [name, value] : rule.labels) identity.Set(name, value);
  identity.Set("__group__", config_->name).Set("__alert__", rule.alert);
  return "rules/" + Hex(identity.Build().hash()) + "/";
}

void RuleGroup::SaveFiring(const Rule& rule, const std::map<std::uint64_t, ActiveAlert>& before) {
  const std::string prefix = StateKey(*rule.config);
  std::vector<StateStore::Change> changes;
  for (const auto& [hash, alert] : rule.alerting->active()) {
    if (alert.state != AlertState::kFiring) continue;
    const auto was = before.find(hash);
    const bool known = was != before.end() && was->second.state == AlertState::kFiring &&
                       was->second.keep_firing_since == alert.keep_firing_since;
    if (!known) changes.push_back({prefix + Hex(hash), Encode(alert)});
  }
  for (const auto& [hash, alert] : before) {
    if (alert.state != AlertState::kFiring) continue;
    const auto now = rule.alerting->active().find(hash);
    const bool fires =
        now != rule.alerting->active().end() && now->second.state == AlertState::kFiring;
    if (!fires) changes.push_back({prefix + Hex(hash), std::nullopt});
  }
  if (changes.empty()) return;
  if (auto written = doors_.state.Write(std::move(changes)); !written) {
    log_.Error("The state of alerts was not saved",
               {{"alert", rule.config->alert}, {"err", written.error().message()}});
  }
}

std::map<Labels, promql::FloatPoint> RuleGroup::StoredStates(const AlertingRule& rule,
                                                             Timestamp at) const {
  std::map<Labels, promql::FloatPoint> states;
  auto querier = doors_.storage.NewQuerier({at - options_.outage_tolerance, at});
  if (!querier) return states;
  const std::array<Matcher, 2> matchers = {
      Matcher::Equal(std::string(kMetricName), "ALERTS_FOR_STATE"),
      Matcher::Equal("alertname", rule.config().alert)};
  auto series = (*querier)->Select(matchers, {});
  if (!series) return states;
  tsdb::SeriesColumns columns;
  while (true) {
    auto more = (*series)->Next();
    if (!more || !*more) break;
    if (!(*series)->Read(columns) || columns.size() == 0) continue;
    const promql::FloatPoint newest{columns.times->back(), columns.values.back()};
    if (!IsStaleNan(newest.value)) states.emplace((*series)->labels(), newest);
  }
  return states;
}

void RuleGroup::RestoreFiring(Timestamp at) {
  for (Rule& rule : rules_) {
    if (!rule.alerting) continue;
    // A fresh state machine: it holds its series back until RestorePending has read the old ones.
    rule.alerting = std::make_unique<AlertingRule>(*rule.config);
    if (rule.config->hold < options_.grace_period) rule.alerting->set_restored();

    const auto states = StoredStates(*rule.alerting, at);
    std::vector<StateStore::Change> outdated;
    const auto scanned = doors_.state.Scan(
        StateKey(*rule.config), [&](std::string_view key, std::string_view value) {
          auto alert = Decode(value);
          if (alert && states.contains(ForStateLabels(*alert, rule.config->alert))) {
            rule.alerting->active().emplace(alert->labels.hash(), std::move(*alert));
          } else {
            outdated.push_back({std::string(key), std::nullopt});
          }
          return true;
        });
    if (!scanned) {
      log_.Warn("The state of alerts was not restored", {{"err", scanned.error().message()}});
    }
    if (outdated.empty()) continue;
    if (auto written = doors_.state.Write(std::move(outdated)); !written) {
      log_.Warn("Outdated state of alerts was not deleted", {{"err", written.error().message()}});
    }
  }
}

void RuleGroup::RestorePending(Timestamp at) {
  for (Rule& rule : rules_) {
    if (!rule.alerting || rule.alerting->restored()) continue;
    const Millis hold = rule.config->hold;
    const auto states = StoredStates(*rule.alerting, at);
    for (auto& [hash, alert] : rule.alerting->active()) {
      const auto stored = states.find(ForStateLabels(alert, rule.config->alert));
      if (stored == states.end() || alert.state != AlertState::kPending) continue;
      const Timestamp down_at = stored->second.time;
      Timestamp active_at = FromMillis(static_cast<std::int64_t>(stored->second.value) * 1000);
      const Millis remaining = hold - (down_at - active_at);
      if (remaining <= Millis(0)) {
        // It was firing; the next evaluation finds it has waited long enough.
      } else if (remaining < options_.grace_period) {
        active_at = at + options_.grace_period - hold;
      } else {
        active_at += at - down_at;
      }
      alert.active_at = active_at;
    }
    rule.alerting->set_restored();
  }
}

}  // namespace meerkat::alerting
