#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/labels.h"
#include "base/rfc3339.h"

namespace meerkat::alerting {

// Names an alert by its labels: 64-bit FNV-1a over name \xff value \xff in order of the names, as
// upstream shows it.
using Fingerprint = std::uint64_t;
Fingerprint FingerprintOf(const Labels& labels);
// 16 lower-case hexadecimal digits.
std::string FingerprintText(Fingerprint fingerprint);

// Something that is or was wrong, told by a rule or by POST /alerts. Immutable once shared: an
// update is a new Alert with the same fingerprint.
struct Alert {
  Labels labels;       // at least one
  Labels annotations;  // values may be empty here
  std::string generator_url;
  Timestamp starts_at = kZeroTime;
  Timestamp ends_at = kZeroTime;  // kZeroTime: no end known
  Timestamp updated_at = kZeroTime;
  bool timeout = false;  // ends_at is a guess from resolve_timeout, not the sender's word
  Fingerprint fingerprint = 0;

  bool ResolvedAt(Timestamp now) const { return ends_at != kZeroTime && ends_at <= now; }
};
using AlertPtr = std::shared_ptr<const Alert>;

// What is known after `update` arrived at `now` while `known` was stored. Where their times
// overlap, they are one life of the alert: the earliest start, and the latest end that somebody
// really stated. Otherwise the update stands alone.
Alert MergeUpdate(const Alert& known, Alert update, Timestamp now);

}  // namespace meerkat::alerting
