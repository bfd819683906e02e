#include "alerting/route/dispatcher.h"

#include <algorithm>

namespace meerkat::alerting {
namespace {

// A flush may take as long as the group has until the next one, but always a fair try.
constexpr Millis kLeastFlushTime = std::chrono::seconds(10);

}  // namespace

bool LabelsBefore(const Labels& a, const Labels& b) {
  if (a.size() != b.size()) return a.size() < b.size();
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].name != b[i].name) return a[i].name > b[i].name;
    if (a[i].value != b[i].value) return a[i].value < b[i].value;
  }
  return false;
}

namespace {

std::string GroupId(const Route& route, const Labels& labels) {
  return route.id + ":" + LabelSetText(labels);
}

}  // namespace

bool AlertLess(const Alert& a, const Alert& b) {
  for (const std::string_view name : {"job", "instance"}) {
    const auto left = a.labels.Get(name);
    const auto right = b.labels.Get(name);
    if (left == right) continue;
    // What has the label goes before what has not.
    return left.empty() || right.empty() ? right.empty() : left < right;
  }
  return LabelsBefore(a.labels, b.labels);
}

struct Dispatcher::Group {
  const Route* route;
  Labels labels;
  std::string id;
  std::map<Fingerprint, AlertPtr> alerts;
  std::unique_ptr<Timer> timer;
  std::vector<std::string> muted_by;
  bool has_flushed = false;
  bool flushing = false;
  bool tick_missed = false;  // the timer fired during a flush
};

Dispatcher::Dispatcher(Clock& clock, std::shared_ptr<const RoutingTree> tree, Timestamp start,
                       FlushFn flush)
    : clock_(clock), tree_(std::move(tree)), start_(start), flush_(std::move(flush)) {}

Dispatcher::~Dispatcher() = default;

void Dispatcher::Insert(const AlertPtr& alert) {
  const Timestamp now = clock_.Now();
  for (const Route* route : tree_->Match(alert->labels)) {
    Labels labels = route->GroupLabels(alert->labels);
    std::string id = GroupId(*route, labels);
    auto& group = groups_[id];
    if (group == nullptr) {
      group = std::make_shared<Group>(Group{route, std::move(labels), std::move(id), {}, {}, {}});
      Schedule(*group, std::max(now + route->group_wait, start_));
    }
    group->alerts.insert_or_assign(alert->fingerprint, alert);
    // Its group_wait is over already: it has waited elsewhere.
    if (!group->has_flushed && alert->starts_at + route->group_wait < now) {
      Schedule(*group, std::max(now, start_));
    }
  }
}

bool Dispatcher::Holds(const Alert& alert) const {
  for (const Route* route : tree_->Match(alert.labels)) {
    const auto group = groups_.find(GroupId(*route, route->GroupLabels(alert.labels)));
    if (group != groups_.end() && group->second->alerts.contains(alert.fingerprint)) return true;
  }
  return false;
}

void Dispatcher::Schedule(Group& group, Timestamp when) {
  group.timer = clock_.CallAt(when, [this, id = group.id] { OnTick(id); });
}

void Dispatcher::OnTick(const std::string& id) {
  const auto found = groups_.find(id);
  if (found == groups_.end()) return;
  const std::shared_ptr<Group> group = found->second;
  if (group->flushing) {
    group->tick_missed = true;
    return;
  }
  StartFlush(group, clock_.Now());
}

void Dispatcher::StartFlush(const std::shared_ptr<Group>& group, Timestamp now) {
  Schedule(*group, now + group->route->group_interval);
  group->has_flushed = true;
  group->flushing = true;
  group->tick_missed = false;

  Flush flush;
  flush.route = group->route;
  flush.group_labels = group->labels;
  flush.group_key = group->route->GroupKey(group->labels);
  flush.now = now;
  flush.deadline = now + std::max(group->route->group_interval, kLeastFlushTime);
  for (const auto& [fingerprint, alert] : group->alerts) {
    flush.alerts.push_back(*alert);
    if (!alert->ResolvedAt(now)) flush.alerts.back().ends_at = kZeroTime;
  }
  std::sort(flush.alerts.begin(), flush.alerts.end(), AlertLess);
  // Those that leave the group once everybody knows of their end, unless they change meanwhile.
  std::vector<std::pair<Fingerprint, Timestamp>> ended;
  for (const Alert& alert : flush.alerts) {
    if (alert.ends_at != kZeroTime) ended.emplace_back(alert.fingerprint, alert.updated_at);
  }
  flush_(std::move(flush),
         [this, weak = std::weak_ptr<Group>(group), ended = std::move(ended)](FlushResult result) {
           // Groups die with their dispatcher, so a living group means a living `this`.
           if (const auto alive = weak.lock()) OnFlushed(*alive, ended, std::move(result));
         });
}

void Dispatcher::OnFlushed(Group& group,
                           const std::vector<std::pair<Fingerprint, Timestamp>>& ended,
                           FlushResult result) {
  group.flushing = false;
  group.muted_by = std::move(result.muted_by);
  if (result.ok) {
    for (const auto& [fingerprint, updated_at] : ended) {
      const auto current = group.alerts.find(fingerprint);
      if (current != group.alerts.end() && current->second->updated_at == updated_at) {
        group.alerts.erase(current);
      }
    }
    if (group.alerts.empty()) {
      groups_.erase(std::string(group.id));
      return;
    }
  }
  if (group.tick_missed) StartFlush(groups_.at(group.id), clock_.Now());
}

std::vector<Dispatcher::GroupView> Dispatcher::Groups() const {
  std::vector<GroupView> views;
  for (const auto& [id, group] : groups_) {
    GroupView view{group->route, group->labels, {}, group->muted_by};
    for (const auto& [fingerprint, alert] : group->alerts) view.alerts.push_back(alert);
    views.push_back(std::move(view));
  }
  return views;
}

}  // namespace meerkat::alerting
