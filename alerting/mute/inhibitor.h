#pragma once

#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "alerting/alert.h"
#include "alerting/config.h"

namespace meerkat::alerting {

// Which firing alerts mute which others. Sources are kept by rule and by the values of the labels
// that must be equal, so a question costs one lookup per rule whose target matchers match. Not
// thread-safe: the alert manager's lock guards it.
class Inhibitor {
 public:
  explicit Inhibitor(const std::vector<InhibitRuleConfig>& rules);

  // Tells of a new or changed alert.
  void Update(const AlertPtr& alert, Timestamp now);
  // Tells that an alert is gone.
  void Remove(const Alert& alert);

  // A source that mutes an alert with these labels now. Resolved sources mute nothing.
  std::optional<Fingerprint> InhibitedBy(const Labels& labels, Timestamp now) const;

 private:
  // Sources that are targets of the same rule do not mute others of their like.
  struct Sources {
    std::map<Fingerprint, AlertPtr> one_sided;
    std::map<Fingerprint, AlertPtr> two_sided;
  };
  struct Rule {
    InhibitRuleConfig config;
    std::unordered_map<std::string, Sources> sources;  // by EqualKey
  };

  std::vector<Rule> rules_;
};

}  // namespace meerkat::alerting
