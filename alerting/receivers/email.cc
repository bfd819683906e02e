#include <algorithm>
#include <cstdio>

#include "alerting/receivers/mime.h"
#include "alerting/receivers/payload.h"
#include "alerting/receivers/receivers.h"
#include "base/quote.h"

namespace meerkat::alerting {
namespace {

// Fri, 05 Jan 2024 10:00:00 +0000
std::string MailDate(Timestamp t) {
  constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(t);
  const std::chrono::year_month_day date(day);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(t - day).count();
  char text[64];
  std::snprintf(text, sizeof text, "%s, %02u %s %04d %02ld:%02ld:%02ld +0000",
                kDays[std::chrono::weekday(day).c_encoding()], static_cast<unsigned>(date.day()),
                kMonths[static_cast<unsigned>(date.month()) - 1], static_cast<int>(date.year()),
                static_cast<long>(seconds / 3600), static_cast<long>(seconds / 60 % 60),
                static_cast<long>(seconds % 60));
  return text;
}

std::string MailDay(Timestamp t) {
  return FormatRfc3339(t).substr(0, 10);
}

class EmailNotifier : public SimpleNotifier {
 public:
  EmailNotifier(const EmailConfig& config, ClientId client, const NotifierContext& with)
      : config_(config), client_(client), with_(with) {}

  Result<Message> Render(const Notification& what) override {
    Renderer render(*with_.templates, what);
    const std::string from = render.Text(config_.from);
    const std::string to = render.Text(config_.to);
    std::vector<std::pair<std::string, std::string>> headers;
    for (const auto& [name, text] : config_.headers) headers.emplace_back(name, render.Text(text));
    const std::string text = render.Text(config_.text);
    const std::string html = render.Html(config_.html);
    if (!render.ok()) return render.error();

    const auto senders = ParseAddressList(from);
    if (!senders) return Error(Code::kInvalid, "parse 'from' addresses: " + Quote(from));
    if (senders->size() != 1) {
      return Error(Code::kInvalid, "must be exactly one 'from' address (got: " +
                                       std::to_string(senders->size()) + ")");
    }
    const auto recipients = ParseAddressList(to);
    if (!recipients) return Error(Code::kInvalid, "parse 'to' addresses: " + Quote(to));

    Email mail;
    mail.host = config_.smarthost_host;
    mail.port = config_.smarthost_port;
    mail.hello = config_.hello;
    mail.from = senders->front();
    mail.to = *recipients;
    mail.auth_username = config_.auth_username;
    mail.auth_password = config_.auth_password;
    mail.auth_secret = config_.auth_secret;
    mail.auth_identity = config_.auth_identity;
    mail.require_tls = config_.require_tls;
    mail.implicit_tls = config_.implicit_tls;
    mail.client = client_;
    mail.message = Compose(what, headers, text, html);
    return Message(std::move(mail));
  }

  // A mail that a server took has no status.
  Outcome Judge(const HttpResponse&) const override { return Outcome::Sent(); }

 private:
  std::string Compose(const Notification& what,
                      const std::vector<std::pair<std::string, std::string>>& headers,
                      const std::string& text, const std::string& html) {
    std::string out;
    const auto header = [&out](std::string_view name, std::string_view value) {
      out.append(name).append(": ").append(value).append("\r\n");
    };
    const auto given = [&headers](std::string_view name) {
      return std::any_of(headers.begin(), headers.end(),
                         [name](const auto& known) { return known.first == name; });
    };
    for (const auto& [name, value] : headers) header(name, EncodeHeader(value));
    const auto nanos = std::chrono::nanoseconds(what.now.time_since_epoch()).count();
    if (!given("Message-Id")) {
      header("Message-Id", "<" + std::to_string(nanos) + "." + std::to_string(with_.random()) +
                               "@" + with_.hostname + ">");
    }
    if (config_.threading) {
      // No mail has this id: readers gather those that refer to it.
      const std::string root = "<alert-" + what.KeyHash().substr(0, 16) + "-" +
                               (config_.thread_by_date ? MailDay(what.now) : "") + "@alertmanager>";
      header("References", root);
      header("In-Reply-To", root);
    }
    if (!given("Date")) header("Date", MailDate(what.now));
    char boundary[40];
    std::snprintf(boundary, sizeof boundary, "%016llx%016llx",
                  static_cast<unsigned long long>(with_.random()),
                  static_cast<unsigned long long>(with_.random()));
    header("Content-Type", std::string("multipart/alternative;  boundary=") + boundary);
    header("MIME-Version", "1.0");

    // The part a reader should prefer comes last.
    const auto part = [&](std::string_view type, const std::string& body) {
      out.append("\r\n--").append(boundary).append("\r\n");
      header("Content-Transfer-Encoding", "quoted-printable");
      header("Content-Type", std::string(type) + "; charset=UTF-8");
      out.append("\r\n").append(QuotedPrintable(body));
    };
    if (!text.empty()) part("text/plain", text);
    if (!html.empty()) part("text/html", html);
    out.append("\r\n--").append(boundary).append("--\r\n");
    return out;
  }

  const EmailConfig config_;
  const ClientId client_;
  const NotifierContext with_;
};

}  // namespace

NotifierPtr MakeEmail(const EmailConfig& config, ClientId client, const NotifierContext& with) {
  return std::make_unique<EmailNotifier>(config, client, with);
}

}  // namespace meerkat::alerting
