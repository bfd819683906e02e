#include "server/push/push_groups.h"

#include <algorithm>
#include <utility>

namespace meerkat::push {
namespace {

constexpr std::string_view kArea = "push/";

std::string StateKey(const std::string& key) {
  return std::string(kArea) + key;
}

bool HasTimes(const Families& families) {
  return std::ranges::any_of(families, [](const auto& item) {
    return std::ranges::any_of(item.second.metrics, &Metric::has_time);
  });
}

void Set(Group& group, Family family, Timestamp now) {
  std::string name = family.name;
  group.families[std::move(name)] =
      std::make_shared<const Group::Entry>(Group::Entry{now, std::move(family)});
}

}  // namespace

PushGroups::PushGroups(StateStore& state, const Clock& clock, Logger log, Options options)
    : state_(state), clock_(clock), log_(std::move(log)), options_(options) {}

Result<> PushGroups::Load() {
  std::map<std::string, Group> loaded;
  auto scanned = state_.Scan(kArea, [&](std::string_view state_key, std::string_view value) {
    auto group = Deserialize(value);
    if (group) {
      loaded.emplace(state_key.substr(kArea.size()), *std::move(group));
    } else {
      log_.Warn("A pushed group cannot be read and is left out",
                {{"err", group.error().message()}});
    }
    return true;
  });
  if (!scanned) return scanned;
  const MutexLock lock(mu_);
  for (auto& [key, group] : loaded) {
    consistency_.Add(key, group);
    groups_[key] = std::make_shared<const Group>(std::move(group));
  }
  return {};
}

Result<> PushGroups::Push(Write write) {
  const std::string key = KeyOf(write.labels);
  const bool times = HasTimes(write.families);
  const MutexLock lock(mu_);
  DropExpired();
  const Timestamp now = clock_.Now();
  if (times) {
    NoteFailure(key, write.labels, now);
    return Error(Code::kInvalid, "pushed metrics must not have timestamps");
  }
  Group group;
  const auto known = groups_.find(key);
  if (known != groups_.end()) group = *known->second;
  group.labels = write.labels;
  if (write.replace) {
    std::erase_if(group.families, [](const auto& item) {
      return item.first != kPushTime && item.first != kFailureTime;
    });
  }
  for (auto& [name, family] : write.families) {
    if (name == kPushTime || name == kFailureTime) continue;  // ours to tell
    Ground(family, write.labels);
    Set(group, std::move(family), now);
  }
  Set(group, PushTimeFamily(kPushTime, write.labels, now), now);
  if (!group.families.contains(kFailureTime)) {
    Set(group, PushTimeFamily(kFailureTime, write.labels, std::nullopt), now);
  }
  const Millis time_to_live = write.time_to_live.value_or(options_.time_to_live);
  group.expires = time_to_live > Millis(0) ? std::optional(now + time_to_live) : std::nullopt;
  if (options_.check) {
    if (auto checked = consistency_.Check(key, group); !checked) {
      NoteFailure(key, write.labels, now);
      return checked;
    }
  }
  return Put(key, std::move(group));
}

void PushGroups::NoteFailure(const std::string& key, const GroupLabels& labels, Timestamp now) {
  Group group;
  const auto known = groups_.find(key);
  if (known != groups_.end()) group = *known->second;
  group.labels = labels;
  Set(group, PushTimeFamily(kFailureTime, labels, now), now);
  if (!group.families.contains(kPushTime)) {
    Set(group, PushTimeFamily(kPushTime, labels, std::nullopt), now);
    if (options_.time_to_live > Millis(0)) group.expires = now + options_.time_to_live;
  }
  // A note that would itself contradict another group (its labels differ by an empty `instance`
  // only) would spoil the page for all; then the answer has to do.
  if (!consistency_.Check(key, group)) return;
  if (auto done = Put(key, std::move(group)); !done) {
    log_.Error("A failed push could not be noted", {{"err", done.error().message()}});
  }
}

Result<> PushGroups::Put(const std::string& key, Group group) {
  if (auto written = state_.Write({{StateKey(key), Serialize(group)}}); !written) return written;
  const auto known = groups_.find(key);
  if (known != groups_.end()) consistency_.Remove(key, *known->second);
  consistency_.Add(key, group);
  groups_[key] = std::make_shared<const Group>(std::move(group));
  page_ = nullptr;
  return {};
}

Result<> PushGroups::Delete(const GroupLabels& labels) {
  const std::string key = KeyOf(labels);
  const MutexLock lock(mu_);
  if (!groups_.contains(key)) return {};
  if (auto written = state_.Write({{StateKey(key), std::nullopt}}); !written) return written;
  Forget(key);
  return {};
}

Result<> PushGroups::DeleteAll() {
  const MutexLock lock(mu_);
  std::vector<StateStore::Change> changes;
  for (const auto& [key, group] : groups_) changes.push_back({StateKey(key), std::nullopt});
  if (changes.empty()) return {};
  if (auto written = state_.Write(std::move(changes)); !written) return written;
  groups_.clear();
  consistency_ = Consistency();
  page_ = nullptr;
  return {};
}

void PushGroups::Forget(const std::string& key) {
  const auto known = groups_.find(key);
  consistency_.Remove(key, *known->second);
  groups_.erase(known);
  page_ = nullptr;
}

void PushGroups::DropExpired() {
  const Timestamp now = clock_.Now();
  std::vector<std::string> expired;
  std::vector<StateStore::Change> changes;
  for (const auto& [key, group] : groups_) {
    if (!group->expires || *group->expires > now) continue;
    expired.push_back(key);
    changes.push_back({StateKey(key), std::nullopt});
  }
  if (expired.empty()) return;
  for (const std::string& key : expired) Forget(key);
  // Whoever reads them after a restart finds them expired as well.
  if (auto written = state_.Write(std::move(changes)); !written) {
    log_.Warn("Expired groups are still in the data folder", {{"err", written.error().message()}});
  }
}

std::vector<std::shared_ptr<const Group>> PushGroups::List() {
  const MutexLock lock(mu_);
  DropExpired();
  std::vector<GroupPtr> list;
  for (const auto& [key, group] : groups_) list.push_back(group);
  return list;
}

std::shared_ptr<const std::string> PushGroups::Page() {
  const MutexLock lock(mu_);
  DropExpired();
  if (page_ != nullptr) return page_;
  struct Merged {
    const Family* first = nullptr;
    std::vector<const Metric*> metrics;
  };
  std::map<std::string_view, Merged> merged;
  for (const auto& [key, group] : groups_) {
    for (const auto& [name, entry] : group->families) {
      Merged& family = merged[name];
      const bool better = family.first == nullptr ||
                          (!family.first->help && family.first->type == entry->family.type);
      if (better) family.first = &entry->family;
      // Without the check types may differ; a page can tell one of them.
      if (family.first->type != entry->family.type) continue;
      for (const Metric& metric : entry->family.metrics) family.metrics.push_back(&metric);
    }
  }
  std::string text;
  for (auto& [name, family] : merged) {
    std::ranges::stable_sort(family.metrics,
                             [](const Metric* a, const Metric* b) { return ComesBefore(*a, *b); });
    AppendText(*family.first, family.metrics, text);
  }
  page_ = std::make_shared<const std::string>(std::move(text));
  return page_;
}

}  // namespace meerkat::push
