#include <nlohmann/json.hpp>

#include "alerting/receivers/payload.h"
#include "alerting/receivers/receivers.h"

namespace meerkat::alerting {
namespace {

constexpr std::size_t kMostTitle = 1024;  // characters

// What an answer tells beyond its status: an error text, or which message it made.
struct Answer {
  std::string error;
  std::map<std::string, std::string> memory;
};

// Slack reports errors with status 200: {"ok":false,"error":…}, or a text other than "ok".
Answer ReadAnswer(const HttpResponse& response) {
  Answer answer;
  if (!IsJson(response)) {
    if (response.body != "ok") {
      answer.error = "received an error response from Slack: " + response.body;
    }
    return answer;
  }
  const auto body = nlohmann::json::parse(response.body, nullptr, false);
  if (!body.is_object()) {
    answer.error = "could not unmarshal JSON response " + response.body;
    return answer;
  }
  const auto text = [&body](const char* key) {
    const auto found = body.find(key);
    return found != body.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  if (const auto ok = body.find("ok"); ok == body.end() || *ok != true) {
    answer.error = "error response from Slack: " + text("error");
  } else if (!text("ts").empty() && !text("channel").empty()) {
    answer.memory = {{"ts", text("ts")}, {"channel", text("channel")}};
  }
  return answer;
}

class Slack : public SimpleNotifier {
 public:
  Slack(const SlackConfig& config, ClientId client, const NotifierContext& with)
      : config_(config), client_(client), with_(with) {}

  Result<Message> Render(const Notification& what) override {
    auto token = Reveal(config_.app_token, with_);
    if (!token) return std::move(token).error();
    auto url =
        token->empty() ? Reveal(config_.api_url, with_) : Result<std::string>(config_.app_url);
    if (!url) return std::move(url).error();

    Renderer render(*with_.templates, what);
    std::string channel = render.Text(config_.channel);
    std::string ts;
    if (config_.update_message && what.memory.contains("ts") && what.memory.contains("channel")) {
      // Changes the message of last time. This call wants the channel's id, not its name.
      ts = what.memory.at("ts");
      channel = what.memory.at("channel");
      constexpr std::string_view kPost = "chat.postMessage";
      if (const auto at = url->find(kPost); at != std::string::npos) {
        url->replace(at, kPost.size(), "chat.update");
      }
    }
    std::string body;
    JsonWriter json(body);
    json.BeginObject();
    WriteUnlessEmpty(json, "channel", channel);
    WriteUnlessEmpty(json, "ts", ts);
    WriteUnlessEmpty(json, "username", render.Text(config_.username));
    WriteUnlessEmpty(json, "icon_emoji", render.Text(config_.icon_emoji));
    WriteUnlessEmpty(json, "icon_url", render.Text(config_.icon_url));
    if (config_.link_names) json.Key("link_names").Bool(true);
    WriteUnlessEmpty(json, "text", render.Text(config_.message_text));
    json.Key("attachments").BeginArray();
    WriteAttachment(json, render);
    json.EndArray().EndObject();
    if (!render.ok()) return render.error();
    HttpRequest request = JsonRequest(std::move(*url), std::move(body), client_);
    if (!token->empty()) request.headers.emplace_back("Authorization", "Bearer " + *token);
    request.timeout = config_.timeout;
    return Message(std::move(request));
  }

  Outcome Judge(const HttpResponse& response) const override {
    Outcome outcome = Outcome::OfStatus(response, {429});
    if (!outcome.sent) return outcome;
    Answer answer = ReadAnswer(response);
    if (!answer.error.empty()) return Outcome::Fail(answer.error, FailureReason::kClientError);
    return Outcome::Sent(std::move(answer.memory));
  }

 private:
  void WriteAttachment(JsonWriter& json, Renderer& render) const {
    json.BeginObject();
    WriteUnlessEmpty(json, "title", TruncateRunes(render.Text(config_.title), kMostTitle));
    WriteUnlessEmpty(json, "title_link", render.Text(config_.title_link));
    WriteUnlessEmpty(json, "pretext", render.Text(config_.pretext));
    json.Key("text").String(render.Text(config_.text));
    json.Key("fallback").String(render.Text(config_.fallback));
    json.Key("callback_id").String(render.Text(config_.callback_id));
    if (!config_.fields.empty()) {
      json.Key("fields").BeginArray();
      for (const SlackField& field : config_.fields) {
        json.BeginObject();
        json.Key("title").String(render.Text(field.title));
        json.Key("value").String(render.Text(field.value));
        json.Key("short").Bool(field.is_short.value_or(config_.short_fields));
        json.EndObject();
      }
      json.EndArray();
    }
    if (!config_.actions.empty()) {
      json.Key("actions").BeginArray();
      for (const SlackAction& action : config_.actions) WriteAction(json, render, action);
      json.EndArray();
    }
    WriteUnlessEmpty(json, "image_url", render.Text(config_.image_url));
    WriteUnlessEmpty(json, "thumb_url", render.Text(config_.thumb_url));
    json.Key("footer").String(render.Text(config_.footer));
    WriteUnlessEmpty(json, "color", render.Text(config_.color));
    if (!config_.mrkdwn_in.empty()) {
      json.Key("mrkdwn_in").BeginArray();
      for (const std::string& name : config_.mrkdwn_in) json.String(name);
      json.EndArray();
    }
    json.EndObject();
  }

  // A link, or a button that calls back; where both are given it is a link.
  static void WriteAction(JsonWriter& json, Renderer& render, const SlackAction& action) {
    json.BeginObject();
    json.Key("type").String(render.Text(action.type));
    json.Key("text").String(render.Text(action.text));
    WriteUnlessEmpty(json, "url", render.Text(action.url));
    WriteUnlessEmpty(json, "style", render.Text(action.style));
    if (action.url.empty()) {
      WriteUnlessEmpty(json, "name", render.Text(action.name));
      WriteUnlessEmpty(json, "value", render.Text(action.value));
      if (action.confirm) {
        json.Key("confirm").BeginObject();
        json.Key("text").String(render.Text(action.confirm->text));
        WriteUnlessEmpty(json, "title", render.Text(action.confirm->title));
        WriteUnlessEmpty(json, "ok_text", render.Text(action.confirm->ok_text));
        WriteUnlessEmpty(json, "dismiss_text", render.Text(action.confirm->dismiss_text));
        json.EndObject();
      }
    }
    json.EndObject();
  }

  const SlackConfig config_;
  const ClientId client_;
  const NotifierContext with_;
};

}  // namespace

NotifierPtr MakeSlack(const SlackConfig& config, ClientId client, const NotifierContext& with) {
  return std::make_unique<Slack>(config, client, with);
}

}  // namespace meerkat::alerting
