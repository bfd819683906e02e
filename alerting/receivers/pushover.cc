#include "alerting/receivers/payload.h"
#include "alerting/receivers/receivers.h"

namespace meerkat::alerting {
namespace {

// Pushover's limits, in characters.
constexpr std::size_t kMostTitle = 250;
constexpr std::size_t kMostMessage = 1024;
constexpr std::size_t kMostUrl = 512;

class Pushover : public SimpleNotifier {
 public:
  Pushover(const PushoverConfig& config, ClientId client, const NotifierContext& with)
      : config_(config), client_(client), with_(with) {}

  Result<Message> Render(const Notification& what) override {
    auto token = Reveal(config_.token, with_);
    if (!token) return std::move(token).error();
    auto user = Reveal(config_.user_key, with_);
    if (!user) return std::move(user).error();
    Renderer render(*with_.templates, what);
    std::string message =
        config_.html ? render.Html(config_.message) : render.Text(config_.message);
    message = TruncateRunes(message, kMostMessage);
    const auto first = message.find_first_not_of(" \t\r\n");
    const auto last = message.find_last_not_of(" \t\r\n");
    message = first == std::string::npos ? "(no details)" : message.substr(first, last - first + 1);

    const auto seconds = [](Millis duration) {
      return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(duration).count());
    };
    // Sorted by name, as Go encodes forms.
    std::vector<std::pair<std::string, std::string>> form = {
        {"device", render.Text(config_.device)},
        {"expire", seconds(config_.expire)},
        {"html", config_.html ? "1" : ""},
        {"message", message},
        {"monospace", config_.monospace ? "1" : ""},
        {"priority", render.Text(config_.priority)},
        {"retry", seconds(config_.retry)},
        {"sound", render.Text(config_.sound)},
        {"title", TruncateRunes(render.Text(config_.title), kMostTitle)},
        {"token", render.Text(*token)},
        {"ttl", config_.ttl > Millis(0) ? seconds(config_.ttl) : ""},
        {"url", TruncateRunes(render.Text(config_.url), kMostUrl)},
        {"url_title", render.Text(config_.url_title)},
        {"user", render.Text(*user)}};
    if (!render.ok()) return render.error();
    std::erase_if(form, [](const auto& pair) {
      return pair.second.empty() && pair.first != "title" && pair.first != "url" &&
             pair.first != "priority";
    });
    HttpRequest request;
    request.url = "https://api.pushover.net/1/messages.json?" + EncodeForm(form);
    request.headers = {{"Content-Type", "text/plain"}};
    request.client = client_;
    return Message(std::move(request));
  }

 private:
  const PushoverConfig config_;
  const ClientId client_;
  const NotifierContext with_;
};

}  // namespace

NotifierPtr MakePushover(const PushoverConfig& config, ClientId client,
                         const NotifierContext& with) {
  return std::make_unique<Pushover>(config, client, with);
}

}  // namespace meerkat::alerting
