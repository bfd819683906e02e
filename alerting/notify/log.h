#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alerting/notify/notification.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/state_store.h"

namespace meerkat::alerting {

// What one integration was last told about one group.
struct LogEntry {
  Timestamp at;
  Timestamp expires;
  std::vector<std::uint64_t> firing;    // fingerprints, sorted
  std::vector<std::uint64_t> resolved;  // the same
  std::map<std::string, std::string> memory;
};

// The state of the group that might be told now.
struct GroupState {
  std::vector<std::uint64_t> firing;    // fingerprints, sorted
  std::vector<std::uint64_t> resolved;  // the same
  Timestamp now;
  Millis repeat_interval;
  bool send_resolved = true;
};

// Whether and why to notify. `known` is null when nothing was told before.
std::optional<NotificationReason> Decide(const LogEntry* known, const GroupState& state);

// The notification log: survives restarts, so that nobody is told twice. Not thread-safe: the alert
// manager's lock guards it.
class NotificationLog {
 public:
  NotificationLog(StateStore& store, Millis retention) : store_(store), retention_(retention) {}

  // One integration of one receiver for one group.
  static std::string Key(std::string_view group_key, std::string_view receiver,
                         std::string_view integration, std::size_t index);

  Result<> Load();
  const LogEntry* Find(const std::string& key) const;
  // Expires after twice the repeat interval, at most the retention.
  Result<> Record(const std::string& key, const GroupState& state, Timestamp at,
                  std::map<std::string, std::string> memory);
  void Collect(Timestamp now);

 private:
  StateStore& store_;
  const Millis retention_;
  std::map<std::string, LogEntry> entries_;
};

}  // namespace meerkat::alerting
