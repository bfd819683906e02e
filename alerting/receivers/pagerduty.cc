#include <algorithm>

#include "alerting/receivers/payload.h"
#include "alerting/receivers/receivers.h"

namespace meerkat::alerting {
namespace {

constexpr std::size_t kMostText = 1024;      // characters of summary and description
constexpr std::size_t kMostBytes = 512'000;  // of a whole event
constexpr const char* kV1Url = "https://events.pagerduty.com/generic/2010-04-15/create_event.json";

class Pagerduty : public SimpleNotifier {
 public:
  Pagerduty(const PagerdutyConfig& config, ClientId client, const NotifierContext& with)
      : config_(config), client_(client), with_(with) {}

  Result<Message> Render(const Notification& what) override {
    const bool v1 = !config_.service_key.empty();
    auto key = Reveal(v1 ? config_.service_key : config_.routing_key, with_);
    if (!key) return std::move(key).error();
    Renderer render(*with_.templates, what);
    const std::string rendered_key = render.Text(*key);
    const auto body = [&](const std::string& details) {
      return v1 ? V1(what, render, rendered_key, details) : V2(what, render, rendered_key, details);
    };
    std::string event = body(Details(what, render));
    if (event.size() > kMostBytes) {
      event = body(R"({"error":"Custom details have been removed because the original event )"
                   R"(exceeds the maximum size of 512KB"})");
    }
    if (!render.ok()) return render.error();
    HttpRequest request = JsonRequest(v1 ? kV1Url : config_.url, std::move(event), client_);
    request.timeout = config_.timeout;
    return Message(std::move(request));
  }

  Outcome Judge(const HttpResponse& response) const override {
    // The limit on events is told by 403 in version 1.
    return Outcome::OfStatus(response, {config_.service_key.empty() ? 429 : 403});
  }

 private:
  // The configured details over those that every event has, as JSON.
  std::string Details(const Notification& what, Renderer& render) const {
    std::map<std::string, std::string> details;
    for (const bool firing : {true, false}) {
      std::vector<Alert> alerts;
      std::copy_if(what.alerts.begin(), what.alerts.end(), std::back_inserter(alerts),
                   [firing](const Alert& alert) { return (alert.ends_at == kZeroTime) == firing; });
      std::string list;
      JsonWriter json(list);
      WriteAlerts(json, alerts);
      std::string spelled;
      JsonWriter out(spelled);
      WriteSpelled(out, list);
      details[firing ? "firing" : "resolved"] = spelled;
      details[firing ? "num_firing" : "num_resolved"] = std::to_string(alerts.size());
    }
    for (const auto& [name, node] : config_.details) {
      std::string value;
      JsonWriter json(value);
      WriteRendered(json, node, render);
      details[name] = value;
    }
    std::string out;
    JsonWriter json(out);
    json.BeginObject();
    for (const auto& [name, value] : details) json.Key(name).Raw(value);
    json.EndObject();
    return out;
  }

  std::string V1(const Notification& what, Renderer& render, const std::string& key,
                 const std::string& details) const {
    std::string body;
    JsonWriter json(body);
    json.BeginObject();
    json.Key("service_key").String(key);
    json.Key("incident_key").String(what.KeyHash());
    json.Key("event_type").String(what.firing() ? "trigger" : "resolve");
    json.Key("description").String(TruncateRunes(render.Text(config_.description), kMostText));
    if (what.firing()) {
      WriteUnlessEmpty(json, "client", render.Text(config_.client));
      WriteUnlessEmpty(json, "client_url", render.Text(config_.client_url));
    }
    json.Key("details").Raw(details);
    json.EndObject();
    return body;
  }

  std::string V2(const Notification& what, Renderer& render, const std::string& key,
                 const std::string& details) const {
    const std::string severity = render.Text(config_.severity);
    const std::string source = render.Text(config_.source);
    std::string body;
    JsonWriter json(body);
    json.BeginObject();
    json.Key("routing_key").String(key);
    json.Key("dedup_key").String(what.KeyHash());
    json.Key("event_action").String(what.firing() ? "trigger" : "resolve");
    json.Key("payload").BeginObject();
    json.Key("summary").String(TruncateRunes(render.Text(config_.description), kMostText));
    json.Key("source").String(config_.source.empty() ? render.Text(config_.client) : source);
    json.Key("severity").String(config_.severity.empty() ? "error" : severity);
    WriteUnlessEmpty(json, "class", render.Text(config_.event_class));
    WriteUnlessEmpty(json, "component", render.Text(config_.component));
    WriteUnlessEmpty(json, "group", render.Text(config_.group));
    json.Key("custom_details").Raw(details);
    json.EndObject();
    WriteUnlessEmpty(json, "client", render.Text(config_.client));
    WriteUnlessEmpty(json, "client_url", render.Text(config_.client_url));
    WriteImages(json, render);
    WriteLinks(json, render);
    json.EndObject();
    return body;
  }

  // Images and links whose address renders to nothing are left out.
  void WriteImages(JsonWriter& json, Renderer& render) const {
    bool any = false;
    for (const PagerdutyImage& image : config_.images) {
      const std::string src = render.Text(image.src);
      if (src.empty()) continue;
      if (!any) json.Key("images").BeginArray();
      any = true;
      json.BeginObject();
      json.Key("src").String(src);
      json.Key("alt").String(render.Text(image.alt));
      json.Key("href").String(render.Text(image.href));
      json.EndObject();
    }
    if (any) json.EndArray();
  }

  void WriteLinks(JsonWriter& json, Renderer& render) const {
    bool any = false;
    for (const PagerdutyLink& link : config_.links) {
      const std::string href = render.Text(link.href);
      if (href.empty()) continue;
      if (!any) json.Key("links").BeginArray();
      any = true;
      json.BeginObject();
      json.Key("href").String(href);
      json.Key("text").String(render.Text(link.text));
      json.EndObject();
    }
    if (any) json.EndArray();
  }

  const PagerdutyConfig config_;
  const ClientId client_;
  const NotifierContext with_;
};

}  // namespace

NotifierPtr MakePagerduty(const PagerdutyConfig& config, ClientId client,
                          const NotifierContext& with) {
  return std::make_unique<Pagerduty>(config, client, with);
}

}  // namespace meerkat::alerting
