#include "alerting/alert.h"

namespace meerkat::alerting {

Fingerprint FingerprintOf(const Labels& labels) {
  constexpr std::uint64_t kPrime = 1099511628211ULL;
  std::uint64_t hash = 14695981039346656037ULL;
  const auto add = [&hash](std::string_view text) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * kPrime;
    hash = (hash ^ 0xff) * kPrime;
  };
  for (const Label label : labels) {
    add(label.name);
    add(label.value);
  }
  return hash;
}

std::string FingerprintText(Fingerprint fingerprint) {
  std::string out(16, '0');
  for (auto digit = out.rbegin(); fingerprint != 0; ++digit, fingerprint >>= 4) {
    *digit = "0123456789abcdef"[fingerprint & 15];
  }
  return out;
}

Alert MergeUpdate(const Alert& known, Alert update, Timestamp now) {
  const auto inside = [&known](Timestamp t) { return t > known.starts_at && t < known.ends_at; };
  if (!inside(update.ends_at) && !inside(update.starts_at)) return update;

  update.starts_at = std::min(update.starts_at, known.starts_at);
  if (update.ResolvedAt(now)) {
    if (known.ResolvedAt(now)) update.ends_at = std::max(update.ends_at, known.ends_at);
  } else if (known.ends_at > update.ends_at && !known.timeout) {
    update.ends_at = known.ends_at;
  }
  return update;
}

}  // namespace meerkat::alerting
