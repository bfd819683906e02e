#include "alerting/receivers/notifier.h"

#include <algorithm>

namespace meerkat::alerting {
namespace {

FailureReason ReasonOfStatus(int status) {
  if (status == 429) return FailureReason::kRateLimited;
  if (status == 401 || status == 403) return FailureReason::kAuthError;
  if (status / 100 == 4) return FailureReason::kClientError;
  if (status / 100 == 5) return FailureReason::kServerError;
  return FailureReason::kOther;
}

}  // namespace

Outcome Outcome::Sent(std::map<std::string, std::string> memory) {
  Outcome outcome;
  outcome.sent = true;
  outcome.memory = std::move(memory);
  return outcome;
}

Outcome Outcome::Fail(std::string error, FailureReason reason) {
  Outcome outcome;
  outcome.reason = reason;
  outcome.error = std::move(error);
  return outcome;
}

Outcome Outcome::Retry(std::string error, FailureReason reason) {
  Outcome outcome = Fail(std::move(error), reason);
  outcome.retry = true;
  return outcome;
}

Outcome Outcome::OfStatus(const HttpResponse& response, std::initializer_list<int> retried) {
  if (response.status / 100 == 2) return Sent();
  // Answers can be whole pages; a log line needs the beginning.
  constexpr std::size_t kMostBody = 1024;
  std::string error = "unexpected status code " + std::to_string(response.status);
  if (!response.body.empty()) error += ": " + response.body.substr(0, kMostBody);
  Outcome outcome = Fail(std::move(error), ReasonOfStatus(response.status));
  outcome.retry = response.status / 100 == 5 ||
                  std::find(retried.begin(), retried.end(), response.status) != retried.end();
  return outcome;
}

void SendRequest(const DeliveryPtr& delivery, Message message,
                 std::function<void(HttpResponse)> then) {
  if (auto* request = std::get_if<HttpRequest>(&message)) {
    const Millis left = delivery->deadline - delivery->now;
    if (request->timeout == Millis(0) || request->timeout > left) request->timeout = left;
  }
  delivery->transport->Send(
      std::move(message), [delivery, then = std::move(then)](Result<HttpResponse> response) {
        if (response) return then(std::move(*response));
        const Error& error = response.error();
        const auto reason = error.code() == Code::kTimeout ? FailureReason::kContextDeadlineExceeded
                                                           : FailureReason::kOther;
        delivery->done(error.code() == Code::kInvalid ? Outcome::Fail(error.message(), reason)
                                                      : Outcome::Retry(error.message(), reason));
      });
}

void SimpleNotifier::Notify(DeliveryPtr delivery) {
  auto message = Render(delivery->what());
  if (!message) return delivery->done(Outcome::Fail(message.error().message()));
  SendRequest(delivery, std::move(*message),
              [this, delivery](const HttpResponse& response) { delivery->done(Judge(response)); });
}

Result<std::string> Reveal(const Secret& secret, const NotifierContext& context) {
  if (secret.file.empty()) return secret.value;
  return context.read_file(secret.file);
}

}  // namespace meerkat::alerting
