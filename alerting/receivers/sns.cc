#include <algorithm>

#include "alerting/receivers/payload.h"
#include "alerting/receivers/receivers.h"
#include "alerting/receivers/sigv4.h"

namespace meerkat::alerting {
namespace {

constexpr std::size_t kMostSms = 1600;          // characters
constexpr std::size_t kMostBytes = 256 * 1024;  // of other messages
constexpr std::size_t kMostSubject = 100;       // characters

// arn:aws:sns:REGION:ACCOUNT:TOPIC
std::string RegionOfArn(const std::string& arn) {
  std::size_t start = 0;
  for (int colon = 0; colon < 3; ++colon) {
    start = arn.find(':', start);
    if (start == std::string::npos) return "";
    ++start;
  }
  return arn.substr(start, arn.find(':', start) - start);
}

// Cut as a whole number of runes, without an ellipsis: the attribute tells.
std::string CutBytes(const std::string& text, std::size_t limit) {
  std::size_t cut = std::min(limit, text.size());
  while (cut > 0 && cut < text.size() && (static_cast<unsigned char>(text[cut]) & 0xc0) == 0x80) {
    --cut;
  }
  return text.substr(0, cut);
}

class Sns : public SimpleNotifier {
 public:
  Sns(const SnsConfig& config, ClientId client, const NotifierContext& with)
      : config_(config), client_(client), with_(with) {}

  Result<Message> Render(const Notification& what) override {
    Renderer render(*with_.templates, what);
    const std::string topic = render.Text(config_.topic_arn);
    const std::string phone = render.Text(config_.phone_number);
    const std::string target = render.Text(config_.target_arn);
    const std::string subject = TruncateRunes(render.Text(config_.subject), kMostSubject);
    const std::string full = render.Text(config_.message);
    std::string url = render.Text(config_.api_url);
    const std::string message =
        phone.empty() ? CutBytes(full, kMostBytes) : TruncateRunes(full, kMostSms);
    std::map<std::string, std::string> attributes;
    for (const auto& [name, text] : config_.attributes) {
      attributes[render.Text(name)] = render.Text(text);
    }
    if (message != full) attributes["truncated"] = "true";
    if (!render.ok()) return render.error();
    if (config_.sigv4.access_key.empty()) {
      return Error(Code::kInvalid, "sns: sigv4 access_key and secret_key are needed to sign");
    }
    std::string region = config_.sigv4.region;
    if (region.empty()) region = RegionOfArn(topic.empty() ? target : topic);
    if (url.empty()) url = "https://sns." + region + ".amazonaws.com";

    std::vector<std::pair<std::string, std::string>> form = {
        {"Action", "Publish"}, {"Message", message}, {"Version", "2010-03-31"}};
    const auto add = [&form](std::string name, const std::string& value) {
      if (!value.empty()) form.emplace_back(std::move(name), value);
    };
    std::size_t number = 0;
    for (const auto& [name, value] : attributes) {
      const std::string prefix = "MessageAttributes.entry." + std::to_string(++number) + ".";
      add(prefix + "Name", name);
      add(prefix + "Value.DataType", "String");
      add(prefix + "Value.StringValue", value);
    }
    // FIFO topics deduplicate by themselves, per group of alerts.
    if (topic.ends_with(".fifo")) {
      add("MessageDeduplicationId", what.KeyHash());
      add("MessageGroupId", what.KeyHash());
    }
    add("PhoneNumber", phone);
    add("Subject", subject);
    add("TargetArn", target);
    add("TopicArn", topic);
    std::sort(form.begin(), form.end());

    HttpRequest request;
    request.url = std::move(url);
    request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
    request.body = EncodeForm(form);
    request.client = client_;
    SignV4(request, config_.sigv4, region, "sns", what.now);
    return Message(std::move(request));
  }

 private:
  const SnsConfig config_;
  const ClientId client_;
  const NotifierContext with_;
};

}  // namespace

NotifierPtr MakeSns(const SnsConfig& config, ClientId client, const NotifierContext& with) {
  return std::make_unique<Sns>(config, client, with);
}

}  // namespace meerkat::alerting
