#include "alerting/receivers/payload.h"
#include "alerting/receivers/receivers.h"

namespace meerkat::alerting {
namespace {

constexpr std::size_t kMostText = 16383;  // characters

class Mattermost : public SimpleNotifier {
 public:
  Mattermost(const MattermostConfig& config, ClientId client, const NotifierContext& with)
      : config_(config), client_(client), with_(with) {}

  Result<Message> Render(const Notification& what) override {
    auto url = Reveal(config_.webhook_url, with_);
    if (!url) return std::move(url).error();
    Renderer render(*with_.templates, what);
    std::string body;
    JsonWriter json(body);
    json.BeginObject();
    // The text stands in the message or, without configured attachments, in the only one.
    if (!config_.attachments.empty()) {
      json.Key("text").String(TruncateRunes(render.Text(config_.own.text), kMostText));
    }
    WriteUnlessEmpty(json, "channel", render.Text(config_.channel));
    WriteUnlessEmpty(json, "username", render.Text(config_.username));
    WriteUnlessEmpty(json, "icon_url", render.Text(config_.icon_url));
    WriteUnlessEmpty(json, "icon_emoji", render.Text(config_.icon_emoji));
    json.Key("attachments").BeginArray();
    for (const MattermostAttachment& attachment : config_.attachments) {
      WriteAttachment(json, render, attachment);
    }
    if (config_.attachments.empty()) WriteAttachment(json, render, config_.own);
    json.EndArray();
    WriteUnlessEmpty(json, "type", render.Text(config_.type));
    if (config_.card) {
      json.Key("props").BeginObject().Key("card").String(render.Text(*config_.card)).EndObject();
    }
    if (config_.priority) {
      json.Key("priority").BeginObject();
      json.Key("priority").String(render.Text(config_.priority->priority));
      if (config_.priority->requested_ack) json.Key("requested_ack").Bool(true);
      if (config_.priority->persistent_notifications) {
        json.Key("persistent_notifications").Bool(true);
      }
      json.EndObject();
    }
    json.EndObject();
    if (!render.ok()) return render.error();
    return Message(JsonRequest(std::move(*url), std::move(body), client_));
  }

 private:
  static void WriteAttachment(JsonWriter& json, Renderer& render,
                              const MattermostAttachment& attachment) {
    json.BeginObject();
    WriteUnlessEmpty(json, "fallback", render.Text(attachment.fallback));
    WriteUnlessEmpty(json, "color", render.Text(attachment.color));
    WriteUnlessEmpty(json, "pretext", render.Text(attachment.pretext));
    WriteUnlessEmpty(json, "text", TruncateRunes(render.Text(attachment.text), kMostText));
    WriteUnlessEmpty(json, "author_name", render.Text(attachment.author_name));
    WriteUnlessEmpty(json, "author_link", render.Text(attachment.author_link));
    WriteUnlessEmpty(json, "author_icon", render.Text(attachment.author_icon));
    WriteUnlessEmpty(json, "title", render.Text(attachment.title));
    WriteUnlessEmpty(json, "title_link", render.Text(attachment.title_link));
    if (!attachment.fields.empty()) {
      json.Key("fields").BeginArray();
      for (const SlackField& field : attachment.fields) {
        json.BeginObject();
        json.Key("title").String(render.Text(field.title));
        json.Key("value").String(render.Text(field.value));
        if (field.is_short) json.Key("short").Bool(*field.is_short);
        json.EndObject();
      }
      json.EndArray();
    }
    WriteUnlessEmpty(json, "thumb_url", render.Text(attachment.thumb_url));
    WriteUnlessEmpty(json, "footer", render.Text(attachment.footer));
    WriteUnlessEmpty(json, "footer_icon", render.Text(attachment.footer_icon));
    WriteUnlessEmpty(json, "image_url", render.Text(attachment.image_url));
    json.EndObject();
  }

  const MattermostConfig config_;
  const ClientId client_;
  const NotifierContext with_;
};

}  // namespace

NotifierPtr MakeMattermost(const MattermostConfig& config, ClientId client,
                           const NotifierContext& with) {
  return std::make_unique<Mattermost>(config, client, with);
}

}  // namespace meerkat::alerting
