#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "alerting/alert.h"
#include "alerting/route.h"
#include "base/clock.h"

namespace meerkat::alerting {

// One flush of one group: what the notification pipeline gets.
struct Flush {
  const Route* route = nullptr;
  Labels group_labels;
  std::string group_key;
  std::vector<Alert> alerts;  // by job, instance, labels; ends_at of firing ones is kZeroTime
  Timestamp now;              // of the tick
  Timestamp deadline;
};

struct FlushResult {
  bool ok = false;
  std::vector<std::string> muted_by;  // names of time intervals
};

using FlushFn = std::function<void(Flush flush, std::function<void(FlushResult)> done)>;

// Keeps alerts in groups by route and group labels, and flushes each group on its timer. Not
// thread-safe: the alert manager's lock guards it, and its clock's tasks run under that.
class Dispatcher {
 public:
  // No group flushes before `start` (so that others can tell what they know first).
  Dispatcher(Clock& clock, std::shared_ptr<const RoutingTree> tree, Timestamp start, FlushFn flush);
  ~Dispatcher();

  void Insert(const AlertPtr& alert);
  // Is it in a group still, waiting for its last notification?
  bool Holds(const Alert& alert) const;

  struct GroupView {
    const Route* route;
    Labels labels;
    std::vector<AlertPtr> alerts;
    std::vector<std::string> muted_by;  // names of time intervals, at the last flush
  };
  std::vector<GroupView> Groups() const;
  std::size_t group_count() const { return groups_.size(); }

 private:
  struct Group;
  void Schedule(Group& group, Timestamp when);
  void OnTick(const std::string& id);
  void StartFlush(const std::shared_ptr<Group>& group, Timestamp now);
  void OnFlushed(Group& group, const std::vector<std::pair<Fingerprint, Timestamp>>& ended,
                 FlushResult result);

  Clock& clock_;
  const std::shared_ptr<const RoutingTree> tree_;
  const Timestamp start_;
  const FlushFn flush_;
  std::map<std::string, std::shared_ptr<Group>> groups_;
};

// Upstream's order of label sets: fewer labels first; then name by name over both, a missing one
// before any value.
bool LabelsBefore(const Labels& a, const Labels& b);
// Upstream's order of alerts in notifications and groups: by job, by instance, those without them
// last; then by labels.
bool AlertLess(const Alert& a, const Alert& b);

}  // namespace meerkat::alerting
