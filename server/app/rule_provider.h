#pragma once

#include "alerting/rules.h"
#include "server/web/doors.h"

namespace meerkat::app {

// Shows the rule schedule to the web handlers. `schedule` gives null while there is none. Threads:
// any.
class RuleProvider : public web::RuleProvider {
 public:
  explicit RuleProvider(const alerting::RuleSchedule& schedule) : schedule_(schedule) {}
  std::vector<web::RuleGroupInfo> Groups() const override;

 private:
  const alerting::RuleSchedule& schedule_;
};

}  // namespace meerkat::app
