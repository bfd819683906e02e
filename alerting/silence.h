#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/matcher.h"
#include "base/rfc3339.h"

namespace meerkat::alerting {

enum class SilenceState : unsigned char { kPending, kActive, kExpired };

// Mutes every alert that all matchers match, from starts_at until ends_at.
struct Silence {
  std::string id;  // a UUID; "" asks for a new one
  std::vector<Matcher> matchers;
  Timestamp starts_at = kZeroTime;
  Timestamp ends_at = kZeroTime;
  Timestamp updated_at = kZeroTime;
  std::string created_by;
  std::string comment;
  std::map<std::string, std::string> annotations;
  // Bound to one alert: it also ends when no alert it matches fires any more.
  bool until_resolved = false;

  SilenceState StateAt(Timestamp now) const {
    if (now < starts_at) return SilenceState::kPending;
    return now < ends_at ? SilenceState::kActive : SilenceState::kExpired;
  }
};

}  // namespace meerkat::alerting
