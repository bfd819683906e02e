#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace meerkat::alerting {

// Lets one delivery at a time through for each key of the notification log: after a reload the
// flush of the new configuration waits for what the old one has under way, and then sees in the log
// that it was told. Not thread-safe: the alert manager's lock guards it.
class DeliveryGate {
 public:
  // True: go, and Leave at the end. False: `again` runs once the one inside has left.
  bool Enter(const std::string& key, std::function<void()> again) {
    const auto [inside, entered] = waiting_.try_emplace(key);
    if (!entered) inside->second.push_back(std::move(again));
    return entered;
  }

  void Leave(const std::string& key) {
    const auto inside = waiting_.extract(key);
    if (inside.empty()) return;
    for (const auto& again : inside.mapped()) again();
  }

  // Forgets who waits, without running anything.
  void Clear() { waiting_.clear(); }

 private:
  std::map<std::string, std::vector<std::function<void()>>> waiting_;
};

}  // namespace meerkat::alerting
