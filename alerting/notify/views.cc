// What the alert manager shows: alerts, groups and counts, as they are at the moment of the
// question.
#include <algorithm>

#include "alerting/notify/core.h"

namespace meerkat::alerting {

Labels LabelsOf(const ReceiverConfig& receiver) {
  std::vector<Label> labels = {{"name", receiver.name}};
  for (const auto& [name, value] : receiver.labels) labels.push_back({name, value});
  return Labels::From(std::move(labels));
}

AlertView AlertManager::Core::View(const AlertPtr& alert, Timestamp now) const {
  AlertView view;
  view.alert = alert;
  view.silenced_by = silences_.MutedBy(alert->labels, now);
  if (inhibitor_ != nullptr) {
    if (const auto source = inhibitor_->InhibitedBy(alert->labels, now)) {
      view.inhibited_by.push_back(FingerprintText(*source));
    }
  }
  return view;
}

bool AlertManager::Core::Shows(const AlertView& view, const AlertFilter& filter) const {
  return (filter.active || !view.active()) && (filter.silenced || view.silenced_by.empty()) &&
         (filter.inhibited || view.inhibited_by.empty());
}

bool AlertManager::Core::ReceiverShown(const std::string& receiver,
                                       const AlertFilter& filter) const {
  if (filter.receiver && !filter.receiver->Matches(receiver)) return false;
  if (filter.receiver_matchers.empty()) return true;
  const auto config =
      std::find_if(config_->receivers.begin(), config_->receivers.end(),
                   [&receiver](const ReceiverConfig& known) { return known.name == receiver; });
  if (config == config_->receivers.end()) return false;
  return AllMatch(filter.receiver_matchers, LabelsOf(*config));
}

std::vector<AlertView> AlertManager::Core::Alerts(const AlertFilter& filter) const {
  std::vector<AlertView> views;
  if (tree_ == nullptr) return views;
  const Timestamp now = clock_.Now();
  alerts_.ForEach([&](const AlertPtr& alert) NO_THREAD_SAFETY_ANALYSIS {
    if (alert->ResolvedAt(now) || !AllMatch(filter.matchers, alert->labels)) return;
    std::vector<std::string> receivers;
    bool shown = false;
    for (const Route* route : tree_->Match(alert->labels)) {
      receivers.push_back(route->receiver);
      shown = shown || ReceiverShown(route->receiver, filter);
    }
    if (!shown) return;
    AlertView view = View(alert, now);
    if (!Shows(view, filter)) return;
    view.receivers = std::move(receivers);
    views.push_back(std::move(view));
  });
  return views;
}

std::vector<GroupView> AlertManager::Core::Groups(const AlertFilter& filter) const {
  std::vector<GroupView> groups;
  if (dispatcher_ == nullptr) return groups;
  const Timestamp now = clock_.Now();
  for (const Dispatcher::GroupView& group : dispatcher_->Groups()) {
    if (!ReceiverShown(group.route->receiver, filter)) continue;
    if (!filter.muted && !group.muted_by.empty()) continue;
    GroupView out;
    out.labels = group.labels;
    out.receiver = group.route->receiver;
    for (const auto& [name, value] : group.route->labels) out.route_labels[name] = value;
    for (const AlertPtr& alert : group.alerts) {
      if (alert->ResolvedAt(now) || !AllMatch(filter.matchers, alert->labels)) continue;
      AlertView view = View(alert, now);
      if (!Shows(view, filter)) continue;
      view.muted_by = group.muted_by;
      for (const Route* route : tree_->Match(alert->labels)) {
        view.receivers.push_back(route->receiver);
      }
      out.alerts.push_back(std::move(view));
    }
    if (out.alerts.empty()) continue;
    std::stable_sort(
        out.alerts.begin(), out.alerts.end(),
        [](const AlertView& a, const AlertView& b) { return AlertLess(*a.alert, *b.alert); });
    groups.push_back(std::move(out));
  }
  std::stable_sort(groups.begin(), groups.end(), [](const GroupView& a, const GroupView& b) {
    return a.labels != b.labels ? LabelsBefore(a.labels, b.labels) : a.receiver < b.receiver;
  });
  return groups;
}

AlertManager::Core::StateCounts AlertManager::Core::CountAlerts() const {
  StateCounts counts;
  const Timestamp now = clock_.Now();
  alerts_.ForEach([&](const AlertPtr& alert) NO_THREAD_SAFETY_ANALYSIS {
    if (alert->ResolvedAt(now)) return;
    ++(View(alert, now).active() ? counts.active : counts.suppressed);
  });
  return counts;
}

double AlertManager::Core::CountSilences(SilenceState state) const {
  const Timestamp now = clock_.Now();
  return static_cast<double>(
      std::count_if(silences_.all().begin(), silences_.all().end(),
                    [&](const auto& entry) { return entry.second.StateAt(now) == state; }));
}

}  // namespace meerkat::alerting
