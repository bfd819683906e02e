#include <algorithm>

#include "alerting/receivers/payload.h"
#include "alerting/receivers/receivers.h"

namespace meerkat::alerting {
namespace {

constexpr std::size_t kMostMessage = 130;  // characters

std::vector<std::string> SplitComma(const std::string& text, bool trim) {
  std::vector<std::string> parts;
  for (std::size_t start = 0; start <= text.size();) {
    const auto end = std::min(text.find(',', start), text.size());
    std::string part = text.substr(start, end - start);
    if (trim) {
      part.erase(0, std::min(part.find_first_not_of(' '), part.size()));
      while (part.ends_with(' ')) part.pop_back();
    }
    parts.push_back(std::move(part));
    start = end + 1;
  }
  return parts;
}

// Upstream takes the space around the whole text away, and parts that are empty.
void WriteList(JsonWriter& json, std::string_view key, std::string_view text) {
  constexpr std::string_view kSpaces = " \t\n\v\f\r";
  const auto first = std::min(text.find_first_not_of(kSpaces), text.size());
  text = text.substr(first, text.find_last_not_of(kSpaces) + 1 - first);
  std::vector<std::string> parts = SplitComma(std::string(text), false);
  std::erase(parts, "");
  if (parts.empty()) return;
  json.Key(key).BeginArray();
  for (const std::string& part : parts) json.String(part);
  json.EndArray();
}

// An alert of OpsGenie stands for a group: created, updated and closed by its alias.
class Opsgenie : public Notifier {
 public:
  Opsgenie(const OpsgenieConfig& config, ClientId client, const NotifierContext& with)
      : config_(config), client_(client), with_(with) {}

  void Notify(DeliveryPtr delivery) override {
    auto requests = Render(delivery->what());
    if (!requests) return delivery->done(Outcome::Fail(requests.error().message()));
    SendFrom(std::make_shared<std::vector<HttpRequest>>(std::move(*requests)), 0, delivery);
  }

 private:
  // One after the other; the first that fails ends the delivery.
  void SendFrom(const std::shared_ptr<std::vector<HttpRequest>>& requests, std::size_t index,
                const DeliveryPtr& delivery) {
    if (index == requests->size()) return delivery->done(Outcome::Sent());
    SendRequest(delivery, (*requests)[index],
                [this, requests, index, delivery](const HttpResponse& response) {
                  Outcome outcome = Outcome::OfStatus(response, {429});
                  if (!outcome.sent) return delivery->done(std::move(outcome));
                  SendFrom(requests, index + 1, delivery);
                });
  }

  Result<std::vector<HttpRequest>> Render(const Notification& what) const {
    auto key = Reveal(config_.api_key, with_);
    if (!key) return std::move(key).error();
    Renderer render(*with_.templates, what);
    const std::string api_key = render.Text(*key);
    const std::string base = config_.api_url + "v2/alerts";
    const std::string alias = what.KeyHash();
    const std::string source = render.Text(config_.source);
    std::vector<HttpRequest> requests;
    const auto add = [&](std::string method, std::string url, std::string body) {
      HttpRequest request = JsonRequest(std::move(url), std::move(body), client_);
      request.method = std::move(method);
      request.headers.emplace_back("Authorization", "GenieKey " + api_key);
      requests.push_back(std::move(request));
    };
    const auto one_field = [](std::string_view name, const std::string& value) {
      std::string body;
      JsonWriter json(body);
      json.BeginObject();
      WriteUnlessEmpty(json, name, value);
      json.EndObject();
      return body;
    };
    if (!what.firing()) {
      add("POST", base + "/" + alias + "/close?identifierType=alias", one_field("source", source));
    } else {
      const std::string message = TruncateRunes(render.Text(config_.message), kMostMessage);
      const std::string description = render.Text(config_.description);
      add("POST", base, CreateBody(what, render, alias, message, description, source));
      if (config_.update_alerts) {
        add("PUT", base + "/" + alias + "/message?identifierType=alias",
            one_field("message", message));
        add("PUT", base + "/" + alias + "/description?identifierType=alias",
            one_field("description", description));
      }
    }
    if (!render.ok()) return render.error();
    return requests;
  }

  std::string CreateBody(const Notification& what, Renderer& render, const std::string& alias,
                         const std::string& message, const std::string& description,
                         const std::string& source) const {
    std::map<std::string, std::string> details;
    for (const Label label : CommonLabels(what.alerts)) {
      details[std::string(label.name)] = label.value;
    }
    for (const auto& [name, text] : config_.details) details[name] = render.Text(text);
    std::string body;
    JsonWriter json(body);
    json.BeginObject();
    json.Key("alias").String(alias);
    json.Key("message").String(message);
    WriteUnlessEmpty(json, "description", description);
    json.Key("details").BeginObject();
    for (const auto& [name, value] : details) json.Key(name).String(value);
    json.EndObject();
    json.Key("source").String(source);
    WriteResponders(json, render);
    WriteList(json, "tags", render.Text(config_.tags));
    WriteUnlessEmpty(json, "note", render.Text(config_.note));
    WriteUnlessEmpty(json, "priority", render.Text(config_.priority));
    WriteUnlessEmpty(json, "entity", render.Text(config_.entity));
    WriteList(json, "actions", render.Text(config_.actions));
    json.EndObject();
    return body;
  }

  void WriteResponders(JsonWriter& json, Renderer& render) const {
    bool any = false;
    const auto write = [&](const std::string& id, const std::string& name,
                           const std::string& username, const std::string& type) {
      // A template may leave a responder without a name.
      if (id.empty() && name.empty() && username.empty()) return;
      if (!any) json.Key("responders").BeginArray();
      any = true;
      json.BeginObject();
      WriteUnlessEmpty(json, "id", id);
      WriteUnlessEmpty(json, "name", name);
      WriteUnlessEmpty(json, "username", username);
      json.Key("type").String(type);
      json.EndObject();
    };
    for (const OpsgenieResponder& responder : config_.responders) {
      const std::string name = render.Text(responder.name);
      std::string type = render.Text(responder.type);
      for (char& c : type) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
      if (type == "teams") {
        for (const std::string& team : SplitComma(name, true)) write("", team, "", "team");
        continue;
      }
      write(render.Text(responder.id), name, render.Text(responder.username), type);
    }
    if (any) json.EndArray();
  }

  const OpsgenieConfig config_;
  const ClientId client_;
  const NotifierContext with_;
};

}  // namespace

NotifierPtr MakeOpsgenie(const OpsgenieConfig& config, ClientId client,
                         const NotifierContext& with) {
  return std::make_unique<Opsgenie>(config, client, with);
}

}  // namespace meerkat::alerting
