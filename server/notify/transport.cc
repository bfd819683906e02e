#include "server/notify/transport.h"

#include <fstream>
#include <iterator>

#include "server/net/smtp_client.h"

namespace meerkat::notify {
namespace {

using alerting::HttpResponse;
using Done = std::function<void(Result<HttpResponse>)>;

constexpr std::uint64_t kMostAnswer = 4 << 20;

// URLs of receivers are secrets: error texts must not tell them.
Error Redact(const Error& error, const std::string& url) {
  std::string message = error.message();
  for (std::size_t at = message.find(url); !url.empty() && at != std::string::npos;
       at = message.find(url, at)) {
    message.replace(at, url.size(), "<redacted>");
  }
  return {error.code(), std::move(message)};
}

net::Awaitable<void> Fetch(std::shared_ptr<net::HttpClient> client, net::ClientRequest request,
                           net::ThreadPool& answers, Done done) {
  const std::string url = request.url;
  auto response = co_await client->Fetch(std::move(request));
  Result<HttpResponse> result = HttpResponse{};
  if (response) {
    result->status = response->status;
    result->content_type = std::string(response->headers.Get("Content-Type"));
    result->body = std::move(response->body);
  } else {
    result = Redact(response.error(), url);
  }
  answers.Submit([done = std::move(done), result = std::move(result)] { done(result); });
}

net::Awaitable<void> Mail(net::IoThread& io, net::ThreadPool& blocking, net::SmtpRequest request,
                          net::ThreadPool& answers, Done done) {
  auto sent = co_await net::SendMail(io, blocking, std::move(request));
  Result<HttpResponse> result = HttpResponse{};
  if (!sent) {
    // Upstream tries a mail again whatever the server said.
    result = Error(Code::kUnavailable, sent.error().message());
  }
  answers.Submit([done = std::move(done), result = std::move(result)] { done(result); });
}

net::SecretSource SourceOf(const alerting::Secret& secret) {
  return {net::Secret(secret.value), secret.file};
}

net::SmtpRequest MailRequest(alerting::Email mail, const net::TlsConfig& tls) {
  net::SmtpRequest request;
  request.host = std::move(mail.host);
  request.port = std::move(mail.port);
  request.hello = std::move(mail.hello);
  request.from = std::move(mail.from);
  request.to = std::move(mail.to);
  request.message = std::move(mail.message);
  request.auth_username = std::move(mail.auth_username);
  request.auth_password = SourceOf(mail.auth_password);
  request.auth_secret = SourceOf(mail.auth_secret);
  request.auth_identity = std::move(mail.auth_identity);
  request.require_tls = mail.require_tls;
  request.implicit_tls = mail.implicit_tls;
  request.tls = tls;
  return request;
}

net::ClientRequest WebRequest(alerting::HttpRequest request) {
  net::ClientRequest out;
  out.method = std::move(request.method);
  out.url = std::move(request.url);
  for (auto& [name, value] : request.headers) out.headers.Add(std::move(name), std::move(value));
  out.body = std::move(request.body);
  out.timeout = request.timeout;
  out.max_body_bytes = kMostAnswer;
  return out;
}

}  // namespace

Transport::Transport(net::IoThread& io, net::ThreadPool& blocking, net::ThreadPool& answers,
                     const std::vector<net::HttpClientConfig>& clients)
    : io_(io), blocking_(blocking), answers_(answers) {
  net::HttpClientOptions options;
  options.user_agent = "Alertmanager/0.34.0";
  for (const net::HttpClientConfig& config : clients) {
    clients_.push_back(
        {std::make_shared<net::HttpClient>(io_, blocking_, config, options), config.tls});
  }
}

void Transport::Send(alerting::Message message, Done done) {
  if (auto* mail = std::get_if<alerting::Email>(&message)) {
    const net::TlsConfig& tls = clients_.at(static_cast<std::size_t>(mail->client)).tls;
    io_.Spawn(Mail(io_, blocking_, MailRequest(std::move(*mail), tls), answers_, std::move(done)));
    return;
  }
  auto& request = std::get<alerting::HttpRequest>(message);
  const auto& client = clients_.at(static_cast<std::size_t>(request.client)).http;
  io_.Spawn(Fetch(client, WebRequest(std::move(request)), answers_, std::move(done)));
}

Result<std::string> ReadSecretFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    return Error(Code::kUnavailable, "could not read " + path + ": no such file or directory");
  }
  std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  constexpr std::string_view kSpace = " \t\r\n\v\f";
  text.erase(0, std::min(text.find_first_not_of(kSpace), text.size()));
  text.erase(text.find_last_not_of(kSpace) + 1);
  return text;
}

}  // namespace meerkat::notify
