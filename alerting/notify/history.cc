// Key: "alertmanager/history/" time:13 digits "/" sequence:hex16, so that key order is time order.
#include "alerting/history.h"

#include <cstdio>
#include <deque>

#include "alerting/notify/codec.h"

namespace meerkat::alerting {
namespace {

constexpr std::string_view kArea = "alertmanager/history/";
constexpr std::int64_t kVersion = 1;

std::string TimeKey(Timestamp at) {
  char text[32];
  std::snprintf(text, sizeof text, "%013lld",
                static_cast<long long>(std::max<std::int64_t>(0, ToMillis(at))));
  return std::string(kArea) + text;
}

std::string Encode(const HistoryEvent& event) {
  return Encoder()
      .Int(kVersion)
      .Int(static_cast<std::int64_t>(event.kind))
      .Time(event.at)
      .Pairs(event.labels)
      .String(event.receiver)
      .String(event.reason)
      .String(event.error)
      .Int(event.firing)
      .Int(event.resolved)
      .Take();
}

std::optional<HistoryEvent> Decode(std::string_view bytes) {
  Decoder in(bytes);
  if (in.Int() != kVersion) return std::nullopt;
  HistoryEvent event;
  const std::int64_t kind = in.Int();
  if (kind < 0 || kind > 3) return std::nullopt;
  event.kind = static_cast<HistoryEvent::Kind>(kind);
  event.at = in.Time();
  event.labels = in.LabelSet();
  event.receiver = in.String();
  event.reason = in.String();
  event.error = in.String();
  event.firing = in.Int();
  event.resolved = in.Int();
  if (!in.ok()) return std::nullopt;
  return event;
}

}  // namespace

void History::Add(HistoryEvent event) {
  char sequence[24];
  std::snprintf(sequence, sizeof sequence, "/%016llx",
                static_cast<unsigned long long>(sequence_++));
  pending_.push_back({TimeKey(event.at) + sequence, Encode(event)});
}

Result<> History::Write() {
  if (pending_.empty()) return {};
  return store_.Write(std::exchange(pending_, {}));
}

Result<std::vector<HistoryEvent>> History::Read(TimeRange range, std::size_t limit) const {
  std::deque<HistoryEvent> newest;
  auto scanned = store_.Scan(kArea, [&](std::string_view, std::string_view value) {
    auto event = Decode(value);
    if (!event || event->at < range.min) return true;
    if (event->at > range.max) return false;
    newest.push_back(std::move(*event));
    if (newest.size() > limit) newest.pop_front();
    return true;
  });
  if (!scanned) return std::move(scanned).error();
  return std::vector<HistoryEvent>(newest.begin(), newest.end());
}

void History::Collect(Timestamp now) {
  const std::string oldest = TimeKey(now - retention_);
  std::vector<StateStore::Change> gone;
  const auto scanned = store_.Scan(kArea, [&](std::string_view key, std::string_view) {
    if (key >= oldest) return false;
    gone.push_back({std::string(key), std::nullopt});
    return true;
  });
  // What cannot be read or deleted now is met again in the next round.
  if (scanned && !gone.empty()) (void)store_.Write(std::move(gone)).ok();
}

}  // namespace meerkat::alerting
