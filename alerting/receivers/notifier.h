#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "alerting/config.h"
#include "alerting/message.h"
#include "alerting/notify/notification.h"

namespace meerkat::alerting {

class TemplateSet;

// Upstream's classes of failure, the `reason` label of notifications_failed_total.
enum class FailureReason : unsigned char {
  kOther,
  kClientError,
  kServerError,
  kContextCanceled,
  kContextDeadlineExceeded,
  kAuthError,
  kRateLimited,
};
inline constexpr std::string_view kFailureReasons[] = {
    "other",     "clientError", "serverError", "contextCanceled", "contextDeadlineExceeded",
    "authError", "rateLimited"};

// How one attempt went.
struct Outcome {
  bool sent = false;
  bool retry = false;  // another attempt may help
  FailureReason reason = FailureReason::kOther;
  std::string error;
  std::map<std::string, std::string> memory;  // kept for the group, when sent

  static Outcome Sent(std::map<std::string, std::string> memory = {});
  static Outcome Fail(std::string error, FailureReason reason = FailureReason::kOther);
  static Outcome Retry(std::string error, FailureReason reason = FailureReason::kOther);
  // Judges a status: 2xx is success, 5xx and the statuses of `retried` are worth another attempt.
  static Outcome OfStatus(const HttpResponse& response, std::initializer_list<int> retried = {});
};

class Notifier;

// One attempt: what a notifier may use while it works. It keeps alive what it needs, because an
// answer may come long after the flush has given up.
struct Delivery {
  std::shared_ptr<const Notification> notification;
  std::shared_ptr<Transport> transport;
  std::shared_ptr<Notifier> notifier;
  Timestamp now;
  Timestamp deadline;
  std::function<void(Outcome)> done;

  const Notification& what() const { return *notification; }
};
using DeliveryPtr = std::shared_ptr<Delivery>;

// What the notifiers of one configuration share.
struct NotifierContext {
  std::shared_ptr<const TemplateSet> templates;
  SecretReader read_file;
  std::function<std::uint64_t()> random;
  std::string hostname;
};

// Tells one kind of service: alerts in, messages out. May remember things between calls (an access
// token). Not thread-safe: the alert manager's lock guards it.
class Notifier {
 public:
  virtual ~Notifier() = default;
  // One attempt; `delivery->done` runs exactly once, now or later.
  virtual void Notify(DeliveryPtr delivery) = 0;
};

// A service that takes one request for each notification.
class SimpleNotifier : public Notifier {
 public:
  void Notify(DeliveryPtr delivery) final;

  // The request, or why there can be none (which no retry mends).
  virtual Result<Message> Render(const Notification& what) = 0;
  virtual Outcome Judge(const HttpResponse& response) const { return Outcome::OfStatus(response); }
};

// Sends one request and passes the answer on; when there is none, ends the delivery.
void SendRequest(const DeliveryPtr& delivery, Message message,
                 std::function<void(HttpResponse)> then);

std::unique_ptr<Notifier> MakeNotifier(const Integration& integration,
                                       const NotifierContext& context);

// The content of a secret, wherever it is.
Result<std::string> Reveal(const Secret& secret, const NotifierContext& context);

}  // namespace meerkat::alerting
