#include "alerting/rules.h"
#include "alerting/rules/group.h"

namespace meerkat::alerting {

RuleBench::RuleBench(RuleDoors doors, RuleOptions options, std::vector<RuleGroupConfig> groups)
    : doors_(std::move(doors)), options_(std::move(options)) {
  for (RuleGroupConfig& group : groups) {
    groups_.push_back(std::make_unique<RuleGroup>(std::move(group), doors_, options_));
  }
}

RuleBench::~RuleBench() = default;

void RuleBench::Evaluate(Timestamp at) {
  for (const auto& group : groups_) group->Evaluate(at);
}

std::vector<RuleGroupStatus> RuleBench::Status() const {
  std::vector<RuleGroupStatus> status;
  for (const auto& group : groups_) status.push_back(group->Status());
  return status;
}

}  // namespace meerkat::alerting
