#include <algorithm>
#include <tuple>

#include "alerting/rules/group.h"
#include "alerting/rules/order.h"

namespace meerkat::alerting {

struct RuleSchedule::Running {
  explicit Running(std::shared_ptr<RuleGroup> g) : group(std::move(g)) {}
  const std::shared_ptr<RuleGroup> group;
  // Under the schedule's lock.
  std::unique_ptr<Timer> timer;
  bool removed = false;
};

Timestamp FirstTick(const RuleGroupConfig& group, Timestamp now) {
  const std::int64_t interval = std::max<std::int64_t>(group.interval.count(), 1);
  const std::uint64_t hash = Labels{{"file", group.file}, {"name", group.name}}.hash();
  const auto offset = static_cast<std::int64_t>(hash % static_cast<std::uint64_t>(interval));
  const std::int64_t base = ToMillis(now) - offset;
  const std::int64_t slots = base >= 0 ? (base + interval - 1) / interval : base / interval;
  return FromMillis(slots * interval + offset);
}

RuleSchedule::RuleSchedule(RuleDoors doors, RuleOptions options)
    : doors_(std::move(doors)),
      options_(std::move(options)),
      shared_work_(
          options_.concurrent_evaluations == 0
              ? nullptr
              : std::make_unique<SharedWork>(doors_.submit, options_.concurrent_evaluations)) {}

RuleSchedule::~RuleSchedule() {
  Stop();
}

void RuleSchedule::Load(std::vector<RuleGroupConfig> groups) {
  MutexLock lock(mu_);
  if (stopped_) return;
  const bool first = !std::exchange(loaded_, true);
  const Timestamp now = doors_.clock.Now();
  std::vector<std::shared_ptr<Running>> next;
  std::vector<std::shared_ptr<Running>> old = std::move(groups_);
  for (RuleGroupConfig& config : groups) {
    const auto same = std::find_if(old.begin(), old.end(), [&](const auto& running) {
      return running != nullptr && running->group->config().key() == config.key();
    });
    if (same != old.end() && (*same)->group->config().SameAs(config)) {
      next.push_back(std::move(*same));
      continue;
    }
    auto running = std::make_shared<Running>(
        std::make_shared<RuleGroup>(std::move(config), doors_, options_, shared_work_.get()));
    if (same != old.end()) {
      (*same)->removed = true;
      (*same)->timer.reset();
      running->group->TakeStateFrom(*(*same)->group);
      same->reset();
    } else if (first) {
      running->group->RestoreOnStart();
    }
    Schedule(running, FirstTick(running->group->config(), now));
    next.push_back(std::move(running));
  }
  for (const auto& running : old) {
    if (running == nullptr) continue;
    running->removed = true;
    running->timer.reset();
    // Two intervals give a renamed group time to write the same series; then they end as of now.
    const std::shared_ptr<RuleGroup> group = running->group;
    retirements_.push_back(doors_.clock.CallAt(
        now + 2 * group->config().interval,
        [this, group, now] { doors_.submit([group, now] { group->EndSeries(now); }); }));
  }
  groups_ = std::move(next);
}

void RuleSchedule::Schedule(const std::shared_ptr<Running>& running, Timestamp tick) {
  running->timer = doors_.clock.CallAt(tick, [this, running, tick] { Tick(running, tick); });
}

void RuleSchedule::Tick(const std::shared_ptr<Running>& running, Timestamp tick) {
  {
    MutexLock lock(mu_);
    if (stopped_ || running->removed) return;
    ++evaluating_;
  }
  doors_.submit([this, running, tick] { Evaluate(running, tick); });
}

void RuleSchedule::Evaluate(const std::shared_ptr<Running>& running, Timestamp tick) {
  running->group->Evaluate(tick);
  const Millis interval = std::max(running->group->config().interval, Millis(1));
  const Millis late = doors_.clock.Now() - tick;
  const std::int64_t missed = late > Millis(0) ? late / interval : 0;
  if (missed > 0) running->group->CountMissed(static_cast<std::uint64_t>(missed));

  MutexLock lock(mu_);
  --evaluating_;
  idle_.notify_all();
  if (!stopped_ && !running->removed) Schedule(running, tick + (missed + 1) * interval);
}

void RuleSchedule::Stop() {
  MutexLock lock(mu_);
  stopped_ = true;
  for (const auto& running : groups_) running->timer.reset();
  retirements_.clear();
  while (evaluating_ > 0) idle_.wait(mu_);
}

std::vector<RuleGroupStatus> RuleSchedule::Status() const {
  std::vector<std::shared_ptr<Running>> groups;
  {
    MutexLock lock(mu_);
    groups = groups_;
  }
  std::vector<RuleGroupStatus> status;
  for (const auto& running : groups) status.push_back(running->group->Status());
  // The order in which upstream shows them.
  std::stable_sort(status.begin(), status.end(), [](const auto& a, const auto& b) {
    return std::tie(a.config->file, a.config->name) < std::tie(b.config->file, b.config->name);
  });
  return status;
}

}  // namespace meerkat::alerting
