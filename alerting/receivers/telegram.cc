#include "alerting/receivers/payload.h"
#include "alerting/receivers/receivers.h"

namespace meerkat::alerting {
namespace {

constexpr std::size_t kMostText = 4096;  // characters

class Telegram : public SimpleNotifier {
 public:
  Telegram(const TelegramConfig& config, ClientId client, const NotifierContext& with)
      : config_(config), client_(client), with_(with) {}

  Result<Message> Render(const Notification& what) override {
    auto token = Reveal(config_.bot_token, with_);
    if (!token) return std::move(token).error();
    std::string chat = std::to_string(config_.chat_id);
    if (!config_.chat_id_file.empty()) {
      auto from_file = with_.read_file(config_.chat_id_file);
      if (!from_file) return std::move(from_file).error();
      chat = std::move(*from_file);
    }
    Renderer render(*with_.templates, what);
    const bool html = config_.parse_mode == "HTML";
    const std::string full = html ? render.Html(config_.message) : render.Text(config_.message);
    if (!render.ok()) return render.error();
    std::string text = TruncateRunes(full, kMostText);
    // Half an element is no HTML, and Telegram refuses it.
    if (html && text != full) {
      text = "The message is longer than Telegram takes; the alert manager has all of it.";
    }
    std::string body;
    JsonWriter json(body);
    json.BeginObject();
    json.Key("chat_id").String(chat);
    if (config_.disable_notifications) json.Key("disable_notification").String("true");
    json.Key("disable_web_page_preview").String("true");
    if (config_.message_thread_id != 0) {
      json.Key("message_thread_id").String(std::to_string(config_.message_thread_id));
    }
    WriteUnlessEmpty(json, "parse_mode", config_.parse_mode);
    json.Key("text").String(text);
    json.EndObject();
    return Message(
        JsonRequest(config_.api_url + "/bot" + *token + "/sendMessage", std::move(body), client_));
  }

  // Upstream's client tries again whatever Telegram says.
  Outcome Judge(const HttpResponse& response) const override {
    Outcome outcome = Outcome::OfStatus(response);
    const bool refused = response.body.find("\"ok\":false") != std::string::npos;
    if (outcome.sent && refused) outcome = Outcome::Fail("telegram: " + response.body);
    outcome.retry = !outcome.sent;
    return outcome;
  }

 private:
  const TelegramConfig config_;
  const ClientId client_;
  const NotifierContext with_;
};

}  // namespace

NotifierPtr MakeTelegram(const TelegramConfig& config, ClientId client,
                         const NotifierContext& with) {
  return std::make_unique<Telegram>(config, client, with);
}

}  // namespace meerkat::alerting
