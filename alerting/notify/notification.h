#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "alerting/alert.h"
#include "base/labels.h"

namespace meerkat::alerting {

// Why a receiver hears of a group now.
enum class NotificationReason : unsigned char {
  kFirst,
  kNewAlerts,
  kSomeResolved,
  kAllResolved,
  kRepeat,
};
std::string_view ReasonText(NotificationReason reason);

// What one integration is to tell. Immutable once it is on its way.
struct Notification {
  std::string receiver;
  std::string group_key;
  Labels group_labels;
  std::map<std::string, std::string> route_labels;  // rendered
  NotificationReason reason = NotificationReason::kFirst;
  std::vector<Alert> alerts;  // ends_at of firing ones is kZeroTime
  std::string external_url;
  Timestamp now;
  // What this integration left in the log at its last success for this group.
  std::map<std::string, std::string> memory;

  bool firing() const;
  // The id paging services tell groups apart by: SHA-256 of the group key.
  std::string KeyHash() const;
};

}  // namespace meerkat::alerting
