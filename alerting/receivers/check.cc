#include "alerting/check.h"

#include <nlohmann/json.hpp>

#include "alerting/receivers/templates.h"

namespace meerkat::alerting {
namespace {

using nlohmann::json;

// One firing and one resolved alert with everything a template can ask for, named as upstream's
// tool names its own.
constexpr std::string_view kExample = R"({
  "receiver": "receiver", "externalURL": "https://example.com",
  "groupLabels": {"grouplabelkey1": "grouplabelvalue1", "grouplabelkey2": "grouplabelvalue2"},
  "alerts": [
    {"status": "firing", "startsAt": "2024-01-01T00:05:00Z",
     "generatorURL": "https://generatorurl.com",
     "labels": {"commonlabelkey1": "commonlabelvalue1", "commonlabelkey2": "commonlabelvalue2",
                "instance": "foo.bar:1234", "label1": "value1", "label2": "value2"},
     "annotations": {"annotation1": "value1", "annotation2": "value2",
                     "commonannotationkey1": "commonannotationvalue1",
                     "commonannotationkey2": "commonannotationvalue2"}},
    {"status": "resolved", "startsAt": "2024-01-01T00:00:00Z", "endsAt": "2024-01-01T00:10:00Z",
     "generatorURL": "https://generatorurl.com",
     "labels": {"baz": "qux", "commonlabelkey1": "commonlabelvalue1",
                "commonlabelkey2": "commonlabelvalue2", "foo": "bar"},
     "annotations": {"aaa": "bbb", "ccc": "ddd",
                     "commonannotationkey1": "commonannotationvalue1",
                     "commonannotationkey2": "commonannotationvalue2"}}]})";

std::string TextAt(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

Labels LabelsAt(const json& object, const char* key) {
  std::map<std::string, std::string> pairs;
  if (const auto found = object.find(key); found != object.end() && found->is_object()) {
    for (const auto& [name, value] : found->items()) {
      if (value.is_string()) pairs[name] = value.get<std::string>();
    }
  }
  std::vector<Label> labels;
  for (const auto& [name, value] : pairs) labels.push_back({name, value});
  return Labels::FromSorted(labels);
}

Result<Notification> ReadNotification(std::string_view text) {
  const json data = json::parse(text, nullptr, false);
  if (!data.is_object()) return Error(Code::kInvalid, "the template data is no JSON object");
  Notification what;
  what.receiver = TextAt(data, "receiver");
  what.external_url = TextAt(data, "externalURL");
  what.group_labels = LabelsAt(data, "groupLabels");
  for (const Label label : LabelsAt(data, "routeLabels")) {
    what.route_labels.emplace(label.name, label.value);
  }
  const std::string reason = TextAt(data, "notification_reason");
  using Reason = NotificationReason;
  for (const Reason known : {Reason::kFirst, Reason::kNewAlerts, Reason::kSomeResolved,
                             Reason::kAllResolved, Reason::kRepeat}) {
    if (ReasonText(known) == reason) what.reason = known;
  }
  const auto alerts = data.find("alerts");
  for (std::size_t i = 0; alerts != data.end() && alerts->is_array() && i < alerts->size(); ++i) {
    const json& item = (*alerts)[i];
    if (!item.is_object()) continue;
    Alert alert;
    alert.labels = LabelsAt(item, "labels");
    alert.annotations = LabelsAt(item, "annotations");
    alert.generator_url = TextAt(item, "generatorURL");
    alert.fingerprint = FingerprintOf(alert.labels);
    alert.starts_at = ParseRfc3339(TextAt(item, "startsAt")).value_or(kZeroTime);
    if (TextAt(item, "status") == "resolved") {
      alert.ends_at = ParseRfc3339(TextAt(item, "endsAt")).value_or(alert.starts_at);
    }
    what.alerts.push_back(std::move(alert));
  }
  return what;
}

}  // namespace

Result<> CheckTemplates(const std::vector<TemplateFile>& files) {
  auto compiled = TemplateSet::Make(files, {});
  if (!compiled) return std::move(compiled).error();
  return {};
}

Result<std::string> RenderTemplate(const std::vector<TemplateFile>& files, std::string_view text,
                                   bool html, std::string_view data, const TemplateTime& time) {
  auto compiled = TemplateSet::Make(files, MakeTemplateWorld(time.now, time.zone));
  if (!compiled) return std::move(compiled).error();
  auto what = ReadNotification(data.empty() ? kExample : data);
  if (!what) return std::move(what).error();
  Renderer render(**compiled, *what);
  std::string out = html ? render.Html(text) : render.Text(text);
  if (!render.ok()) return render.error();
  return out;
}

}  // namespace meerkat::alerting
