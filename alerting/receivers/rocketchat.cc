#include <nlohmann/json.hpp>

#include "alerting/receivers/payload.h"
#include "alerting/receivers/receivers.h"

namespace meerkat::alerting {
namespace {

constexpr std::size_t kMostTitle = 1024;  // characters

class Rocketchat : public SimpleNotifier {
 public:
  Rocketchat(const RocketchatConfig& config, ClientId client, const NotifierContext& with)
      : config_(config), client_(client), with_(with) {}

  Result<Message> Render(const Notification& what) override {
    auto token = Reveal(config_.token, with_);
    if (!token) return std::move(token).error();
    auto token_id = Reveal(config_.token_id, with_);
    if (!token_id) return std::move(token_id).error();
    Renderer render(*with_.templates, what);
    std::string body;
    JsonWriter json(body);
    json.BeginObject();
    WriteUnlessEmpty(json, "channel", render.Text(config_.channel));
    WriteUnlessEmpty(json, "emoji", render.Text(config_.emoji));
    WriteUnlessEmpty(json, "avatar", render.Text(config_.icon_url));
    json.Key("attachments").BeginArray().BeginObject();
    WriteUnlessEmpty(json, "title", TruncateRunes(render.Text(config_.title), kMostTitle));
    WriteUnlessEmpty(json, "title_link", render.Text(config_.title_link));
    WriteUnlessEmpty(json, "text", render.Text(config_.text));
    WriteUnlessEmpty(json, "image_url", render.Text(config_.image_url));
    WriteUnlessEmpty(json, "thumb_url", render.Text(config_.thumb_url));
    WriteUnlessEmpty(json, "color", render.Text(config_.color));
    if (!config_.fields.empty()) {
      json.Key("fields").BeginArray();
      for (const SlackField& field : config_.fields) {
        json.BeginObject();
        json.Key("short").Bool(field.is_short.value_or(config_.short_fields));
        json.Key("title").String(render.Text(field.title));
        json.Key("value").String(render.Text(field.value));
        json.EndObject();
      }
      json.EndArray();
    }
    if (!config_.actions.empty()) {
      json.Key("actions").BeginArray();
      for (const RocketchatAction& action : config_.actions) {
        json.BeginObject();
        WriteUnlessEmpty(json, "type", render.Text(action.type));
        WriteUnlessEmpty(json, "text", render.Text(action.text));
        WriteUnlessEmpty(json, "url", render.Text(action.url));
        json.Key("is_webview").Bool(false);
        WriteUnlessEmpty(json, "msg", render.Text(action.msg));
        json.Key("msg_in_chat_window").Bool(false);
        json.EndObject();
      }
      json.EndArray();
    }
    json.EndObject().EndArray().EndObject();
    if (!render.ok()) return render.error();
    HttpRequest request =
        JsonRequest(config_.api_url + "api/v1/chat.postMessage", std::move(body), client_);
    request.headers.emplace_back("X-Auth-Token", *token);
    request.headers.emplace_back("X-User-Id", *token_id);
    return Message(std::move(request));
  }

  // Refusals come with status 200 too.
  Outcome Judge(const HttpResponse& response) const override {
    Outcome outcome = Outcome::OfStatus(response);
    if (!outcome.sent) return outcome;
    const auto body = nlohmann::json::parse(response.body, nullptr, false);
    if (!body.is_object()) {
      return Outcome::Fail("could not unmarshal JSON response " + response.body,
                           FailureReason::kClientError);
    }
    const auto success = body.find("success");
    if (success != body.end() && *success == true) return outcome;
    const auto error = body.find("error");
    return Outcome::Fail(
        "error response from Rocket.Chat: " +
            (error != body.end() && error->is_string() ? error->get<std::string>() : ""),
        FailureReason::kClientError);
  }

 private:
  const RocketchatConfig config_;
  const ClientId client_;
  const NotifierContext with_;
};

}  // namespace

NotifierPtr MakeRocketchat(const RocketchatConfig& config, ClientId client,
                           const NotifierContext& with) {
  return std::make_unique<Rocketchat>(config, client, with);
}

}  // namespace meerkat::alerting
