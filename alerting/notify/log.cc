#include "alerting/notify/log.h"

#include <algorithm>

#include "alerting/notify/codec.h"
#include "base/sha256.h"

namespace meerkat::alerting {
namespace {

constexpr std::string_view kArea = "alertmanager/log/";
constexpr std::int64_t kVersion = 1;

std::string Encode(const LogEntry& entry) {
  return Encoder()
      .Int(kVersion)
      .Time(entry.at)
      .Time(entry.expires)
      .Hashes(entry.firing)
      .Hashes(entry.resolved)
      .Pairs(entry.memory)
      .Take();
}

std::optional<LogEntry> Decode(std::string_view bytes) {
  Decoder in(bytes);
  if (in.Int() != kVersion) return std::nullopt;
  LogEntry entry;
  entry.at = in.Time();
  entry.expires = in.Time();
  entry.firing = in.Hashes();
  entry.resolved = in.Hashes();
  entry.memory = in.Pairs();
  if (!in.ok()) return std::nullopt;
  return entry;
}

bool IsSubset(const std::vector<std::uint64_t>& part, const std::vector<std::uint64_t>& whole) {
  return std::includes(whole.begin(), whole.end(), part.begin(), part.end());
}

}  // namespace

std::string_view ReasonText(NotificationReason reason) {
  switch (reason) {
    case NotificationReason::kFirst:
      return "first notification";
    case NotificationReason::kNewAlerts:
      return "new alerts added";
    case NotificationReason::kSomeResolved:
      return "some alerts resolved";
    case NotificationReason::kAllResolved:
      return "all alerts resolved";
    case NotificationReason::kRepeat:
      return "repeat interval elapsed";
  }
  return "";
}

bool Notification::firing() const {
  return std::any_of(alerts.begin(), alerts.end(),
                     [this](const Alert& alert) { return !alert.ResolvedAt(now); });
}

std::string Notification::KeyHash() const {
  return Sha256Hex(group_key);
}

std::optional<NotificationReason> Decide(const LogEntry* known, const GroupState& state) {
  if (known == nullptr) {
    if (state.firing.empty()) return std::nullopt;
    return NotificationReason::kFirst;
  }
  if (!IsSubset(state.firing, known->firing)) {
    return known->firing.empty() ? NotificationReason::kFirst : NotificationReason::kNewAlerts;
  }
  if (state.firing.empty()) {
    // Alerts that came and went between two flushes were never told, so neither is their end.
    if (known->firing.empty()) return std::nullopt;
    return NotificationReason::kAllResolved;
  }
  if (state.send_resolved && !IsSubset(state.resolved, known->resolved)) {
    return NotificationReason::kSomeResolved;
  }
  if (known->at < state.now - state.repeat_interval) return NotificationReason::kRepeat;
  return std::nullopt;
}

std::string NotificationLog::Key(std::string_view group_key, std::string_view receiver,
                                 std::string_view integration, std::size_t index) {
  std::string key(kArea);
  key.append(receiver).append("/").append(integration).append("/");
  key.append(std::to_string(index)).append("/").append(group_key);
  return key;
}

Result<> NotificationLog::Load() {
  return store_.Scan(kArea, [this](std::string_view key, std::string_view value) {
    if (auto entry = Decode(value)) entries_.insert_or_assign(std::string(key), std::move(*entry));
    return true;
  });
}

const LogEntry* NotificationLog::Find(const std::string& key) const {
  const auto found = entries_.find(key);
  return found == entries_.end() ? nullptr : &found->second;
}

Result<> NotificationLog::Record(const std::string& key, const GroupState& state, Timestamp at,
                                 std::map<std::string, std::string> memory) {
  const Millis keep = std::min(2 * state.repeat_interval, retention_);
  LogEntry entry{at, at + keep, state.firing, state.resolved, std::move(memory)};
  std::vector<StateStore::Change> changes;
  changes.push_back({key, Encode(entry)});
  // In memory it counts even if the disk refuses: better no repetition until the next restart.
  entries_.insert_or_assign(key, std::move(entry));
  return store_.Write(std::move(changes));
}

void NotificationLog::Collect(Timestamp now) {
  std::vector<StateStore::Change> changes;
  for (const auto& [key, entry] : entries_) {
    if (entry.expires <= now) changes.push_back({key, std::nullopt});
  }
  if (changes.empty()) return;
  std::vector<std::string> keys;
  for (const auto& change : changes) keys.push_back(change.key);
  if (!store_.Write(std::move(changes))) return;  // the next round tries again
  for (const std::string& key : keys) entries_.erase(key);
}

}  // namespace meerkat::alerting
