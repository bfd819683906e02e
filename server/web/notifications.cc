#include "server/web/notifications.h"

#include <algorithm>

#include "base/json_writer.h"
#include "base/rfc3339.h"

namespace meerkat::web {
namespace {

void Write(JsonWriter& json, std::string_view text, Timestamp date, bool active) {
  json.BeginObject();
  json.Key("text").String(text);
  json.Key("date").String(FormatRfc3339(date));
  json.Key("active").Bool(active);
  json.EndObject();
}

std::string Event(std::string_view text, Timestamp date, bool active) {
  std::string out = "data: ";
  JsonWriter json(out);
  Write(json, text, date, active);
  return out + "\n\n";
}

}  // namespace

Notifications::Notifications(const Clock& clock, Registry& registry, std::int64_t max_subscribers)
    : clock_(clock),
      max_subscribers_(static_cast<std::size_t>(std::max<std::int64_t>(0, max_subscribers))),
      subscribers_gauge_(registry.gauge("prometheus_api_notification_active_subscribers",
                                        "The current number of active notification subscribers.")),
      sent_(registry.counter("prometheus_api_notification_updates_sent_total",
                             "Total number of notification updates sent.")),
      dropped_(registry.counter("prometheus_api_notification_updates_dropped_total",
                                "Total number of notification updates dropped.")) {}

void Notifications::Forget() {
  std::erase_if(streams_, [](const auto& stream) { return stream->closed(); });
  subscribers_gauge_.Set(static_cast<double>(streams_.size()));
}

void Notifications::Tell(const Notification& notification, bool active) {
  Forget();
  const std::string event = Event(notification.text, notification.date, active);
  for (const auto& stream : streams_) {
    (stream->Push(event) ? sent_ : dropped_).Add();
  }
}

void Notifications::Add(std::string_view text) {
  MutexLock lock(mu_);
  const bool known = std::any_of(active_.begin(), active_.end(),
                                 [text](const auto& one) { return one.text == text; });
  if (known) return;
  active_.push_back({std::string(text), clock_.Now()});
  Tell(active_.back(), true);
}

void Notifications::Delete(std::string_view text) {
  MutexLock lock(mu_);
  const auto found = std::find_if(active_.begin(), active_.end(),
                                  [text](const auto& one) { return one.text == text; });
  if (found == active_.end()) return;
  Tell(*found, false);
  active_.erase(found);
}

std::string Notifications::ActiveJson() const {
  std::string out;
  JsonWriter json(out);
  MutexLock lock(mu_);
  json.BeginArray();
  for (const Notification& one : active_) Write(json, one.text, one.date, true);
  json.EndArray();
  return out;
}

std::shared_ptr<net::PushStream> Notifications::Subscribe() {
  MutexLock lock(mu_);
  Forget();
  if (streams_.size() >= max_subscribers_) return nullptr;
  auto stream = std::make_shared<net::PushStream>();
  for (const Notification& one : active_) stream->Push(Event(one.text, one.date, true));
  streams_.push_back(stream);
  subscribers_gauge_.Set(static_cast<double>(streams_.size()));
  return stream;
}

void Notifications::Close() {
  MutexLock lock(mu_);
  for (const auto& stream : streams_) stream->Close();
  streams_.clear();
}

}  // namespace meerkat::web
