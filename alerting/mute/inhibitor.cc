#include "alerting/mute/inhibitor.h"

namespace meerkat::alerting {
namespace {

// The values of the labels that must agree; a missing one is an empty one.
std::string EqualKey(const std::vector<std::string>& names, const Labels& labels) {
  std::string key;
  for (const std::string& name : names) {
    key += labels.Get(name);
    key += '\xff';
  }
  return key;
}

std::optional<Fingerprint> FirstFiring(const std::map<Fingerprint, AlertPtr>& sources,
                                       Timestamp now) {
  for (const auto& [fingerprint, alert] : sources) {
    if (!alert->ResolvedAt(now)) return fingerprint;
  }
  return std::nullopt;
}

}  // namespace

Inhibitor::Inhibitor(const std::vector<InhibitRuleConfig>& rules) {
  for (const InhibitRuleConfig& config : rules) rules_.push_back({config, {}});
}

void Inhibitor::Update(const AlertPtr& alert, Timestamp now) {
  if (alert->ResolvedAt(now)) return Remove(*alert);
  for (Rule& rule : rules_) {
    if (!AllMatch(rule.config.source, alert->labels)) continue;
    Sources& sources = rule.sources[EqualKey(rule.config.equal, alert->labels)];
    auto& side =
        AllMatch(rule.config.target, alert->labels) ? sources.two_sided : sources.one_sided;
    side.insert_or_assign(alert->fingerprint, alert);
  }
}

void Inhibitor::Remove(const Alert& alert) {
  for (Rule& rule : rules_) {
    if (!AllMatch(rule.config.source, alert.labels)) continue;
    const auto found = rule.sources.find(EqualKey(rule.config.equal, alert.labels));
    if (found == rule.sources.end()) continue;
    found->second.one_sided.erase(alert.fingerprint);
    found->second.two_sided.erase(alert.fingerprint);
    if (found->second.one_sided.empty() && found->second.two_sided.empty()) {
      rule.sources.erase(found);
    }
  }
}

std::optional<Fingerprint> Inhibitor::InhibitedBy(const Labels& labels, Timestamp now) const {
  for (const Rule& rule : rules_) {
    if (rule.sources.empty() || !AllMatch(rule.config.target, labels)) continue;
    const auto found = rule.sources.find(EqualKey(rule.config.equal, labels));
    if (found == rule.sources.end()) continue;
    if (const auto source = FirstFiring(found->second.one_sided, now)) return source;
    if (found->second.two_sided.empty() || AllMatch(rule.config.source, labels)) continue;
    if (const auto source = FirstFiring(found->second.two_sided, now)) return source;
  }
  return std::nullopt;
}

}  // namespace meerkat::alerting
