#include "alerting/notify/alert_store.h"

#include "alerting/notify/codec.h"

namespace meerkat::alerting {
namespace {

constexpr std::string_view kArea = "alertmanager/alert/";

std::string KeyOf(Fingerprint fingerprint) {
  return std::string(kArea) + FingerprintText(fingerprint);
}

bool SameTexts(const Alert& a, const Alert& b) {
  return a.annotations == b.annotations && a.generator_url == b.generator_url;
}

}  // namespace

Result<> AlertStore::Load(Timestamp now, Millis grace) {
  return store_.Scan(kArea, [&](std::string_view, std::string_view value) {
    auto alert = DecodeAlert(value);
    if (!alert) return true;
    const bool ended = alert->ResolvedAt(alert->updated_at);
    if (!ended && alert->ResolvedAt(now)) {
      alert->ends_at = now + grace;
      alert->timeout = true;
    }
    ++per_name_counts_[std::string(alert->labels.Get("alertname"))];
    const Fingerprint fingerprint = alert->fingerprint;
    alerts_[fingerprint] = {std::make_shared<const Alert>(std::move(*alert)), ended};
    return true;
  });
}

bool AlertStore::OverLimit(const Alert& alert, Timestamp now) {
  if (per_name_ == 0) return false;
  const std::string_view name = alert.labels.Get("alertname");
  const auto count = per_name_counts_.find(std::string(name));
  if (count == per_name_counts_.end() || count->second < per_name_) return false;
  // The count includes the resolved ones that are still kept; only unresolved ones take a place.
  std::size_t firing = 0;
  for (const auto& [fingerprint, entry] : alerts_) {
    if (!entry.alert->ResolvedAt(now) && entry.alert->labels.Get("alertname") == name) ++firing;
  }
  return firing >= per_name_;
}

AlertStore::Change AlertStore::Put(Alert update, Timestamp now) {
  const Fingerprint fingerprint = update.fingerprint;
  const auto found = alerts_.find(fingerprint);
  const bool is_new = found == alerts_.end();
  if (is_new && OverLimit(update, now)) return {};
  Change change;
  bool write = is_new;
  bool fired_before = false;
  if (!is_new) {
    const Alert& known = *found->second.alert;
    fired_before = !known.ResolvedAt(now) || !found->second.known_ended;
    update = MergeUpdate(known, std::move(update), now);
    write = known.starts_at != update.starts_at || !SameTexts(known, update) ||
            known.ResolvedAt(now) != update.ResolvedAt(now) ||
            (update.ResolvedAt(now) && known.ends_at != update.ends_at);
  } else {
    ++per_name_counts_[std::string(update.labels.Get("alertname"))];
  }
  const bool resolved = update.ResolvedAt(now);
  change.began = !resolved && (is_new || !fired_before);
  change.ended = resolved && fired_before;
  if (write) pending_.push_back({KeyOf(fingerprint), EncodeAlert(update)});
  change.alert = std::make_shared<const Alert>(std::move(update));
  alerts_[fingerprint] = {change.alert, resolved};
  return change;
}

bool AlertStore::NoteEnd(Fingerprint fingerprint, Timestamp now) {
  const auto found = alerts_.find(fingerprint);
  if (found == alerts_.end() || found->second.known_ended ||
      !found->second.alert->ResolvedAt(now)) {
    return false;
  }
  found->second.known_ended = true;
  Alert ended = *found->second.alert;
  // As stored the end must not lie after the last update: that is how Load tells ends from guesses.
  ended.updated_at = now;
  pending_.push_back({KeyOf(fingerprint), EncodeAlert(ended)});
  return true;
}

Result<> AlertStore::Write() {
  if (pending_.empty()) return {};
  return store_.Write(std::exchange(pending_, {}));
}

std::vector<AlertPtr> AlertStore::Collect(Timestamp now,
                                          const std::function<bool(const Alert&)>& needed) {
  std::vector<AlertPtr> gone;
  for (auto at = alerts_.begin(); at != alerts_.end();) {
    const AlertPtr& alert = at->second.alert;
    if (!alert->ResolvedAt(now) || needed(*alert)) {
      ++at;
      continue;
    }
    pending_.push_back({KeyOf(at->first), std::nullopt});
    const auto count = per_name_counts_.find(std::string(alert->labels.Get("alertname")));
    if (count != per_name_counts_.end() && --count->second == 0) per_name_counts_.erase(count);
    gone.push_back(alert);
    at = alerts_.erase(at);
  }
  return gone;
}

AlertPtr AlertStore::Find(Fingerprint fingerprint) const {
  const auto found = alerts_.find(fingerprint);
  return found == alerts_.end() ? nullptr : found->second.alert;
}

}  // namespace meerkat::alerting
