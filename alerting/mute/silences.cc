#include "alerting/mute/silences.h"

#include <algorithm>
#include <cstdio>

#include "alerting/matchers.h"
#include "alerting/notify/codec.h"
#include "base/quote.h"

namespace meerkat::alerting {
namespace {

constexpr std::string_view kArea = "alertmanager/silence/";
constexpr std::int64_t kVersion = 1;

Error Invalid(std::string message) {
  return {Code::kInvalid, std::move(message)};
}

std::string IndexKey(std::string_view name, std::string_view value) {
  std::string key(name);
  key += '\xff';
  key += value;
  return key;
}

// Where an alert that `matcher` matches finds it: under each value it can match, or under the
// label's name alone when the label must be there. Empty: the matcher says neither.
std::vector<std::string> IndexKeys(const Matcher& matcher) {
  using Type = Matcher::Type;
  if (matcher.MatchesEmpty()) return {};
  if (matcher.type() == Type::kEqual) return {IndexKey(matcher.name(), matcher.value())};
  std::vector<std::string> keys;
  if (matcher.type() == Type::kRegex) {
    for (const std::string& value : matcher.regex()->literals()) {
      keys.push_back(IndexKey(matcher.name(), value));
    }
  }
  if (keys.empty()) keys.push_back(IndexKey(matcher.name(), ""));
  return keys;
}

Result<> Validate(const Silence& silence, MatcherSyntax syntax) {
  if (silence.matchers.empty()) return Invalid("invalid silence: at least one matcher required");
  bool all_match_empty = true;
  for (std::size_t i = 0; i < silence.matchers.size(); ++i) {
    if (!IsLabelName(silence.matchers[i].name(), syntax)) {
      return Invalid("invalid silence: invalid label matcher " + std::to_string(i) +
                     " in set 0: invalid label name " + Quote(silence.matchers[i].name()));
    }
    // Negative matchers count as selective, as upstream counts them.
    using Type = Matcher::Type;
    const Type type = silence.matchers[i].type();
    const bool matches_empty =
        (type == Type::kEqual || type == Type::kRegex) && silence.matchers[i].MatchesEmpty();
    all_match_empty = all_match_empty && matches_empty;
  }
  if (all_match_empty) {
    return Invalid(
        "invalid silence: matcher set 0: at least one matcher must not match the empty string");
  }
  if (silence.starts_at == kZeroTime)
    return Invalid("invalid silence: invalid zero start timestamp");
  if (silence.ends_at == kZeroTime) return Invalid("invalid silence: invalid zero end timestamp");
  if (silence.ends_at < silence.starts_at) {
    return Invalid("invalid silence: end time must not be before start time");
  }
  return {};
}

// May `next` take the place of `known` under the same id?
bool CanUpdate(const Silence& known, const Silence& next, Timestamp now) {
  if (known.matchers != next.matchers) return false;
  switch (known.StateAt(now)) {
    case SilenceState::kActive:
      // Clients send the start back with less precision.
      return std::chrono::floor<std::chrono::seconds>(next.starts_at) ==
                 std::chrono::floor<std::chrono::seconds>(known.starts_at) &&
             next.ends_at >= now;
    case SilenceState::kPending:
      return next.starts_at >= now;
    case SilenceState::kExpired:
      return false;
  }
  return false;
}

}  // namespace

std::string EncodeSilence(const Silence& silence) {
  Encoder out;
  out.Int(kVersion)
      .Time(silence.starts_at)
      .Time(silence.ends_at)
      .Time(silence.updated_at)
      .String(silence.created_by)
      .String(silence.comment)
      .Pairs(silence.annotations)
      .Int(silence.until_resolved ? 1 : 0)
      .Int(static_cast<std::int64_t>(silence.matchers.size()));
  for (const Matcher& matcher : silence.matchers) {
    out.Int(static_cast<std::int64_t>(matcher.type()))
        .String(matcher.name())
        .String(matcher.value());
  }
  return out.Take();
}

std::optional<Silence> DecodeSilence(std::string_view id, std::string_view bytes) {
  Decoder in(bytes);
  if (in.Int() != kVersion) return std::nullopt;
  Silence silence;
  silence.id = id;
  silence.starts_at = in.Time();
  silence.ends_at = in.Time();
  silence.updated_at = in.Time();
  silence.created_by = in.String();
  silence.comment = in.String();
  silence.annotations = in.Pairs();
  silence.until_resolved = in.Int() != 0;
  for (std::int64_t left = in.Int(); left > 0 && in.ok(); --left) {
    const std::int64_t type = in.Int();
    std::string name = in.String();
    if (type < 0 || type > 3) return std::nullopt;
    auto matcher = MakeMatcher(static_cast<Matcher::Type>(type), std::move(name), in.String());
    if (!matcher) return std::nullopt;
    silence.matchers.push_back(std::move(*matcher));
  }
  if (!in.ok()) return std::nullopt;
  return silence;
}

Silences::Silences(StateStore& store, SilenceLimits limits, Millis retention,
                   std::function<std::uint64_t()> random)
    : store_(store), limits_(limits), retention_(retention), random_(std::move(random)) {}

Result<> Silences::Load() {
  return store_.Scan(kArea, [this](std::string_view key, std::string_view value) {
    const std::string_view id = key.substr(kArea.size());
    if (auto silence = DecodeSilence(id, value)) {
      silences_.insert_or_assign(std::string(id), std::move(*silence));
    }
    indexed_ = false;
    return true;
  });
}

Result<> Silences::Store(Silence silence) {
  std::string bytes = EncodeSilence(silence);
  if (limits_.max_size_bytes > 0 && bytes.size() > limits_.max_size_bytes) {
    return Invalid("silence exceeded maximum size: " + std::to_string(bytes.size()) +
                   " bytes (limit: " + std::to_string(limits_.max_size_bytes) + " bytes)");
  }
  std::vector<StateStore::Change> changes;
  changes.push_back({std::string(kArea) + silence.id, std::move(bytes)});
  if (auto written = store_.Write(std::move(changes)); !written) return written;
  indexed_ = false;
  std::string id = silence.id;
  silences_.insert_or_assign(std::move(id), std::move(silence));
  return {};
}

std::string Silences::NewId() {
  std::uint64_t high = random_();
  std::uint64_t low = random_();
  high = (high & ~0xf000ULL) | 0x4000ULL;      // version 4: random
  low = (low & ~(3ULL << 62)) | (2ULL << 62);  // RFC 4122's variant
  char text[40];
  std::snprintf(text, sizeof text, "%08x-%04x-%04x-%04x-%012llx", static_cast<unsigned>(high >> 32),
                static_cast<unsigned>(high >> 16 & 0xffff), static_cast<unsigned>(high & 0xffff),
                static_cast<unsigned>(low >> 48),
                static_cast<unsigned long long>(low & 0xffffffffffffULL));
  return text;
}

Result<std::string> Silences::Set(Silence silence, Timestamp now) {
  if (silence.starts_at == kZeroTime) silence.starts_at = now;
  if (auto valid = Validate(silence, syntax_); !valid) return std::move(valid).error();
  const Silence* known = Find(silence.id);
  if (!silence.id.empty() && known == nullptr) return Error(Code::kNotFound, "silence not found");

  silence.updated_at = now;
  if (known != nullptr && CanUpdate(*known, silence, now)) {
    std::string id = silence.id;
    if (auto stored = Store(std::move(silence)); !stored) return std::move(stored).error();
    return id;
  }
  if (limits_.max_silences > 0 && silences_.size() + 1 > limits_.max_silences) {
    return Invalid("exceeded maximum number of silences: " + std::to_string(silences_.size()) +
                   " (limit: " + std::to_string(limits_.max_silences) + ")");
  }
  const std::string replaced = silence.id;
  std::string id = silence.id = NewId();
  silence.starts_at = std::max(silence.starts_at, now);
  if (auto stored = Store(std::move(silence)); !stored) return std::move(stored).error();
  if (!replaced.empty()) {
    if (auto expired = Expire(replaced, now); !expired) return std::move(expired).error();
  }
  return id;
}

Result<> Silences::Expire(std::string_view id, Timestamp now) {
  const Silence* known = Find(id);
  if (known == nullptr) return Error(Code::kNotFound, "silence not found");
  Silence silence = *known;
  switch (silence.StateAt(now)) {
    case SilenceState::kExpired:
      return {};
    case SilenceState::kPending:
      silence.starts_at = now;
      break;
    case SilenceState::kActive:
      break;
  }
  silence.ends_at = now;
  silence.updated_at = now;
  return Store(std::move(silence));
}

const Silence* Silences::Find(std::string_view id) const {
  const auto found = silences_.find(id);
  return found == silences_.end() ? nullptr : &found->second;
}

void Silences::BuildIndex() const {
  index_.clear();
  for (const auto& [id, silence] : silences_) {
    // The matcher that leaves the fewest alerts to look at.
    std::vector<std::string> keys = {std::string()};
    for (const Matcher& matcher : silence.matchers) {
      std::vector<std::string> own = IndexKeys(matcher);
      const bool by_value = !own.empty() && own.front().back() != '\xff';
      if (own.empty() || (!by_value && !keys.front().empty())) continue;
      keys = std::move(own);
      if (by_value) break;
    }
    for (const std::string& key : keys) index_[key].push_back(&silence);
  }
  indexed_ = true;
}

std::vector<std::string> Silences::MutedBy(const Labels& labels, Timestamp now) const {
  if (!indexed_) BuildIndex();
  std::vector<std::string> ids;
  const auto look = [&](const std::string& key) {
    const auto found = index_.find(key);
    if (found == index_.end()) return;
    for (const Silence* silence : found->second) {
      if (silence->StateAt(now) == SilenceState::kActive && AllMatch(silence->matchers, labels)) {
        ids.push_back(silence->id);
      }
    }
  };
  if (index_.empty()) return ids;
  look("");
  for (const Label label : labels) {
    look(IndexKey(label.name, label.value));
    look(IndexKey(label.name, ""));
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

void Silences::Collect(Timestamp now) {
  std::vector<StateStore::Change> changes;
  for (const auto& [id, silence] : silences_) {
    if (silence.ends_at + retention_ <= now) {
      changes.push_back({std::string(kArea) + id, std::nullopt});
    }
  }
  if (changes.empty()) return;
  std::vector<std::string> ids;
  for (const auto& change : changes) ids.push_back(change.key.substr(kArea.size()));
  if (!store_.Write(std::move(changes))) return;  // the next round tries again
  for (const std::string& id : ids) silences_.erase(id);
  indexed_ = false;
}

}  // namespace meerkat::alerting
