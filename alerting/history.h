#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/labels.h"
#include "base/result.h"
#include "base/state_store.h"

namespace meerkat::alerting {

// Something worth remembering: an alert changed its state, or somebody was told (or could not be).
struct HistoryEvent {
  enum class Kind : unsigned char { kFiring, kResolved, kNotified, kNotifyFailed };
  Kind kind = Kind::kFiring;
  Timestamp at;
  Labels labels;            // of the alert, or of the group
  std::string receiver;     // of notifications: name and integration, "ops/email[0]"
  std::string reason;       // why it was sent
  std::string error;        // why it failed
  std::int64_t firing = 0;  // alerts in the notification
  std::int64_t resolved = 0;
};

// The history of alerts and notifications, in the store for the retention time. Not thread-safe:
// the alert manager's lock guards it.
class History {
 public:
  History(StateStore& store, Millis retention) : store_(store), retention_(retention) {}

  // Remembered until the next Write.
  void Add(HistoryEvent event);
  Result<> Write();

  // The newest `limit` events within the range, oldest first.
  Result<std::vector<HistoryEvent>> Read(TimeRange range, std::size_t limit) const;
  void Collect(Timestamp now);

 private:
  StateStore& store_;
  const Millis retention_;
  std::vector<StateStore::Change> pending_;
  std::uint64_t sequence_ = 0;  // tells events of one millisecond apart
};

}  // namespace meerkat::alerting
