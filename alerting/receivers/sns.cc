#include <algorithm>

#include "alerting/receivers/aws_credentials.h"
#include "alerting/receivers/payload.h"
#include "alerting/receivers/receivers.h"
#include "base/aws_profile.h"

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

class Sns : public Notifier {
 public:
  Sns(const SnsConfig& config, ClientId client, const NotifierContext& with)
      : config_(config), client_(client), with_(with) {}

  void Notify(DeliveryPtr delivery) override {
    auto keys = OwnKeys();
    if (!keys) return delivery->done(Outcome::Fail(keys.error().message()));
    if (config_.sigv4.role_arn.empty()) return Publish(delivery, *keys);
    // Lent keys are used until shortly before they end.
    constexpr Millis kSpare = std::chrono::minutes(5);
    if (lent_ && delivery->now + kSpare < lent_->expires) return Publish(delivery, lent_->keys);
    HttpRequest request =
        AssumeRoleRequest(config_.sigv4, *keys, RegionOf(delivery->what()), delivery->now);
    request.client = client_;
    SendRequest(delivery, std::move(request), [delivery](const HttpResponse& response) {
      auto& self = static_cast<Sns&>(*delivery->notifier);
      Outcome outcome = Outcome::OfStatus(response);
      if (!outcome.sent) {
        outcome.error = "assume role: " + outcome.error;
        return delivery->done(std::move(outcome));
      }
      auto lent = ReadAssumedRole(response.body);
      if (!lent) return delivery->done(Outcome::Fail("assume role: " + lent.error().message()));
      self.lent_ = std::move(*lent);
      self.Publish(delivery, self.lent_->keys);
    });
  }

 private:
  Result<AwsKeys> OwnKeys() const {
    const Sigv4Config& sigv4 = config_.sigv4;
    if (!sigv4.access_key.empty())
      return AwsKeys{sigv4.access_key, sigv4.secret_key, sigv4.session_token};
    const auto file = with_.read_file(sigv4.credentials_file);
    if (!file) {
      return Error(Code::kInvalid,
                   "sns: sigv4 has no access_key, and there are no shared "
                   "credentials: " +
                       file.error().message());
    }
    if (auto keys = AwsKeysOfProfile(*file, sigv4.profile)) return std::move(*keys);
    return Error(Code::kInvalid,
                 "sns: no keys of profile " + sigv4.profile + " in " + sigv4.credentials_file);
  }

  std::string RegionOf(const Notification& what) const {
    if (!config_.sigv4.region.empty()) return config_.sigv4.region;
    Renderer render(*with_.templates, what);
    const std::string topic = render.Text(config_.topic_arn);
    return RegionOfArn(topic.empty() ? render.Text(config_.target_arn) : topic);
  }

  void Publish(const DeliveryPtr& delivery, const AwsKeys& keys) {
    auto request = Render(delivery->what(), keys);
    if (!request) return delivery->done(Outcome::Fail(request.error().message()));
    SendRequest(delivery, std::move(*request), [delivery](const HttpResponse& response) {
      delivery->done(Outcome::OfStatus(response));
    });
  }

  Result<HttpRequest> Render(const Notification& what, const AwsKeys& keys) const {
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
    const std::string region = RegionOf(what);
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
    for (auto& header :
         SignAwsPost(request.url, request.headers, request.body, keys, region, "sns", what.now)) {
      request.headers.push_back(std::move(header));
    }
    return request;
  }

  const SnsConfig config_;
  const ClientId client_;
  const NotifierContext with_;
  std::optional<LentKeys> lent_;
};

}  // namespace

NotifierPtr MakeSns(const SnsConfig& config, ClientId client, const NotifierContext& with) {
  return std::make_unique<Sns>(config, client, with);
}

}  // namespace meerkat::alerting
